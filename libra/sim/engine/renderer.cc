#include "libra/sim/engine/renderer.h"

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <mujoco/mujoco.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "libra/core/error.h"
#include "libra/sim/engine/seen_parts.h"

namespace libra::sim::engine {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::kFailed,
              {.where = "EGL",
               .problem = what,
               .found = "EGL error " + std::to_string(eglGetError()),
               .next = "install libegl1 and libgl1-mesa-dri; 'libra doctor' says what is missing"});
}

EGLDisplay open_display() {
  const auto get_platform_display = reinterpret_cast<PFNEGLGETPLATFORMDISPLAYEXTPROC>(
      eglGetProcAddress("eglGetPlatformDisplayEXT"));
  EGLDisplay display = EGL_NO_DISPLAY;
  if (get_platform_display != nullptr) {
    display = get_platform_display(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr);
  }
  if (display == EGL_NO_DISPLAY || eglInitialize(display, nullptr, nullptr) != EGL_TRUE) {
    display = eglGetDisplay(EGL_DEFAULT_DISPLAY);
    if (display == EGL_NO_DISPLAY || eglInitialize(display, nullptr, nullptr) != EGL_TRUE) {
      fail("no display could be opened");
    }
  }
  return display;
}

// Radius of a sphere around a geom; negative for planes, which have no end.
float bounding_radius(const mjvGeom& geom) {
  const float *size = geom.size, x = size[0], y = size[1], z = size[2];
  switch (geom.type) {
    case mjGEOM_PLANE:
      return -1;
    case mjGEOM_SPHERE:
      return x;
    case mjGEOM_CAPSULE:
      return x + z;
    default:
      return std::sqrt(x * x + y * y + z * z);
  }
}

// Drops the geoms that the camera cannot see: software rendering spends most of its time on
// vertices.
void cull(mjvScene& scene) {
  const mjvGLCamera& eye = scene.camera[0];
  const float half = (eye.frustum_top - eye.frustum_bottom) / 2;
  const float slope = half / eye.frustum_near, secant = std::sqrt(1 + slope * slope);
  const float *f = eye.forward, *u = eye.up;
  const std::array<float, 3> right{f[1] * u[2] - f[2] * u[1], f[2] * u[0] - f[0] * u[2],
                                   f[0] * u[1] - f[1] * u[0]};
  int kept = 0;
  for (int i = 0; i < scene.ngeom; ++i) {
    const mjvGeom& geom = scene.geoms[i];
    const float radius = bounding_radius(geom);
    float depth = 0, side = 0, height = 0;
    for (int k = 0; k < 3; ++k) {
      const float offset = geom.pos[k] - eye.pos[k];
      depth += offset * eye.forward[k];
      side += offset * right[static_cast<size_t>(k)];
      height += offset * eye.up[k];
    }
    const float reach = depth * slope + radius * secant;  // of the pyramid's faces, grown by radius
    const bool seen = depth > -radius && std::abs(side) < reach && std::abs(height) < reach;
    if (radius < 0 || seen) scene.geoms[kept++] = geom;
  }
  scene.ngeom = kept;
}

}  // namespace

struct Renderer::Impl {
  EGLDisplay display = EGL_NO_DISPLAY;  // shared by the process, so it is never terminated
  EGLContext context = EGL_NO_CONTEXT;
  mjrContext gl{};
  mjvScene scene{};
  mjvOption option{};
  std::vector<uint8_t> bottom_up;
  std::vector<uint64_t> loaded;  // looks of the textures, as in Appearance
  int shadow_size = 0;           // px; 0: the context was made without shadows of ours
  bool ready = false;            // gl is made
  bool whole = false;            // of a model with meshes and mirrors of its own
  Detail detail;
  std::unique_ptr<SeenParts> parts;  // of a whole model

  void open() {
    display = open_display();
    const std::array<EGLint, 11> wanted{EGL_SURFACE_TYPE,
                                        EGL_PBUFFER_BIT,
                                        EGL_RENDERABLE_TYPE,
                                        EGL_OPENGL_BIT,
                                        EGL_RED_SIZE,
                                        8,
                                        EGL_GREEN_SIZE,
                                        8,
                                        EGL_BLUE_SIZE,
                                        8,
                                        EGL_NONE};
    EGLConfig config = nullptr;
    EGLint count = 0;
    eglChooseConfig(display, wanted.data(), &config, 1, &count);
    if (eglBindAPI(EGL_OPENGL_API) != EGL_TRUE) fail("desktop OpenGL is not offered");
    context = eglCreateContext(display, count > 0 ? config : nullptr, EGL_NO_CONTEXT, nullptr);
    if (context == EGL_NO_CONTEXT) fail("no OpenGL context was granted");
    make_current();
  }
  void make_current() const {
    if (eglGetCurrentContext() == context) return;
    if (eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, context) != EGL_TRUE) {
      fail("the context could not be made current");
    }
  }
  // The offscreen buffers have the sizes that the model asks for when the context is made, and the
  // textures are the model's of that moment.
  void remake(mjModel* model, const Appearance& appearance, int height, int width, int shadow) {
    const auto global = model->vis.global;
    const auto quality = model->vis.quality;
    model->vis.global.offwidth = std::max({width, gl.offWidth, global.offwidth});
    model->vis.global.offheight = std::max({height, gl.offHeight, global.offheight});
    if (shadow > 0) model->vis.quality.shadowsize = shadow;
    parts.reset();
    mjr_makeContext(model, &gl, mjFONTSCALE_50);
    if (whole && !detail.unseen) parts = std::make_unique<SeenParts>(*model, gl, detail.cell);
    model->vis.global = global;
    model->vis.quality = quality;
    shadow_size = shadow;
    loaded = appearance.textures;
    ready = true;
  }
  // Brings the textures on the GPU to those of `appearance`, whose model this is.
  void load_textures(mjModel* model, const std::vector<uint64_t>& wanted) {
    if (wanted == loaded) return;
    const auto look = [](const std::vector<uint64_t>& looks, size_t i) {
      return i < looks.size() ? looks[i] : 0;
    };
    for (size_t i = 0; i < std::max(wanted.size(), loaded.size()); ++i) {
      if (look(wanted, i) != look(loaded, i)) mjr_uploadTexture(model, &gl, static_cast<int>(i));
    }
    loaded = wanted;
  }
  ~Impl() {
    if (context == EGL_NO_CONTEXT) return;
    mjv_freeScene(&scene);
    if (ready) {
      make_current();
      parts.reset();
      mjr_freeContext(&gl);
    }
    eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    eglDestroyContext(display, context);
  }
};

Renderer::Renderer(mjModel* model, bool whole, const Detail& detail)
    : impl_(std::make_unique<Impl>()) {
  impl_->whole = whole;
  impl_->detail = detail;
  impl_->open();
  mjr_defaultContext(&impl_->gl);
  mjv_defaultScene(&impl_->scene);
  mjv_defaultOption(&impl_->option);
  std::fill_n(impl_->option.geomgroup, mjNGROUP, mjtByte{0});
  std::fill_n(impl_->option.sitegroup, mjNGROUP, mjtByte{0});
  impl_->option.geomgroup[1] = 1;
  constexpr int kMaxGeoms = 1000;
  mjv_makeScene(model, &impl_->scene, std::max(kMaxGeoms, model->ngeom + model->nsite + 1));
  impl_->scene.flags[mjRND_SHADOW] = 0;
  impl_->scene.flags[mjRND_REFLECTION] = whole;
  if (whole) std::fill_n(impl_->option.sitegroup, mjNGROUP, mjtByte{1});
}

Renderer::~Renderer() = default;

std::shared_ptr<Renderer> Renderer::for_this_thread(mjModel* model) {
  // A GL context belongs to one thread at a time, and making one costs more than an episode's
  // images.
  static thread_local std::weak_ptr<Renderer> current;
  std::shared_ptr<Renderer> renderer = current.lock();
  if (!renderer) {
    renderer.reset(new Renderer(model, false));
    current = renderer;
  }
  return renderer;
}

std::shared_ptr<Renderer> Renderer::for_model(mjModel* model, const Detail& detail) {
  return std::shared_ptr<Renderer>(new Renderer(model, true, detail));
}

std::string Renderer::device() const {
  constexpr unsigned kGlRenderer = 0x1F01;  // GL_RENDERER
  impl_->make_current();
  const auto get_string =
      reinterpret_cast<const unsigned char* (*)(unsigned)>(eglGetProcAddress("glGetString"));
  const unsigned char* name = get_string != nullptr ? get_string(kGlRenderer) : nullptr;
  return name != nullptr ? reinterpret_cast<const char*>(name) : "unknown";
}

void Renderer::render(mjModel* model, mjData* data, const Appearance& appearance, int camera,
                      int height, int width, Image& out) {
  constexpr int kShadowPixels = 1024;
  Impl& r = *impl_;
  r.make_current();
  const bool dark = appearance.shadows && r.shadow_size == 0;
  if (!r.ready || r.gl.offWidth < width || r.gl.offHeight < height || dark) {
    r.remake(model, appearance, height, width, dark ? kShadowPixels : r.shadow_size);
  }
  r.load_textures(model, appearance.textures);
  r.scene.flags[mjRND_SHADOW] = appearance.shadows;
  mjr_setBuffer(mjFB_OFFSCREEN, &r.gl);
  mjvCamera view;
  mjv_defaultCamera(&view);
  view.type = mjCAMERA_FIXED;
  view.fixedcamid = camera;
  mjv_updateScene(model, data, &r.option, nullptr, &view, mjCAT_ALL, &r.scene);
  const mjrRect viewport{0, 0, width, height};
  if (r.parts != nullptr) {
    r.parts->render(viewport, r.scene, r.gl);
  } else {
    if (height == width && !r.whole) cull(r.scene);
    mjr_render(viewport, &r.scene, &r.gl);
  }
  const size_t stride = static_cast<size_t>(width) * 3;
  r.bottom_up.resize(stride * static_cast<size_t>(height));
  mjr_readPixels(r.bottom_up.data(), nullptr, viewport, &r.gl);
  if (out.height != height || out.width != width) out = Image(height, width);
  for (int y = 0; y < height; ++y) {
    std::copy_n(r.bottom_up.data() + static_cast<size_t>(height - 1 - y) * stride, stride,
                out.row(y));
  }
}

}  // namespace libra::sim::engine
