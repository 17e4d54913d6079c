#include "libra/sim/engine/seen_parts.h"

#include <EGL/egl.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "libra/core/error.h"

namespace libra::sim::engine {
namespace {

// The few functions of OpenGL 1 that are needed; MuJoCo links no library of it either.
struct Gl {
  template <class Function>
  static Function* find(const char* name) {
    auto* function = reinterpret_cast<Function*>(eglGetProcAddress(name));
    if (function == nullptr) {
      throw Error(ErrorCode::kFailed, {.where = "OpenGL",
                                       .problem = std::string("has no ") + name,
                                       .next = "install libgl1-mesa-dri"});
    }
    return function;
  }
  unsigned (*gen_lists)(int) = find<unsigned(int)>("glGenLists");
  void (*delete_lists)(unsigned, int) = find<void(unsigned, int)>("glDeleteLists");
  void (*new_list)(unsigned, unsigned) = find<void(unsigned, unsigned)>("glNewList");
  void (*end_list)() = find<void()>("glEndList");
  void (*call_list)(unsigned) = find<void(unsigned)>("glCallList");
  void (*call_lists)(int, unsigned,
                     const void*) = find<void(int, unsigned, const void*)>("glCallLists");
  void (*list_base)(unsigned) = find<void(unsigned)>("glListBase");
  void (*push_attrib)(unsigned) = find<void(unsigned)>("glPushAttrib");
  void (*pop_attrib)() = find<void()>("glPopAttrib");
};
constexpr unsigned kCompile = 0x1300, kUnsignedInt = 0x1405, kListBit = 0x20000;

Point point(const float* p) { return {p[0], p[1], p[2]}; }
Point sum(const Point& a, float s, const Point& b) {
  return {a[0] + s * b[0], a[1] + s * b[1], a[2] + s * b[2]};
}
float dot(const Point& a, const Point& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Point cross(const Point& a, const Point& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

// A geom's frame.
struct Frame {
  Point origin;
  std::array<Point, 3> axes;
  explicit Frame(const mjvGeom& geom) : origin(point(geom.pos)) {
    const float* m = geom.mat;  // row by row
    for (size_t k = 0; k < 3; ++k) axes[k] = {m[k], m[3 + k], m[6 + k]};
  }
  Point out(const Point& p) const {
    return sum(sum(sum(origin, p[0], axes[0]), p[1], axes[1]), p[2], axes[2]);
  }
};

// What the camera sees of a picture of this shape.
ViewVolume volume_of(const mjvGLCamera& eye, float aspect) {
  ViewVolume volume;
  const Point forward = point(eye.forward), up = point(eye.up), right = cross(forward, up);
  volume.eye = point(eye.pos);
  const float near = eye.frustum_near;
  const float half = (eye.frustum_top - eye.frustum_bottom) / 2;
  const float middle = (eye.frustum_top + eye.frustum_bottom) / 2;
  const float wide = half * aspect;
  // Behind the eye is enough: what is nearer than `near` is seen no more than what is not drawn.
  volume.add(volume.eye, forward);
  for (const float side : {-1.0f, 1.0f}) {
    // Through the eye and an edge of the picture: inwards is towards its middle.
    const Point beside = sum(sum(Point{}, near, forward), eye.frustum_center + side * wide, right);
    volume.add(volume.eye, side > 0 ? cross(up, beside) : cross(beside, up));
    const Point above = sum(sum(Point{}, near, forward), middle + side * half, up);
    volume.add(volume.eye, side > 0 ? cross(above, right) : cross(right, above));
  }
  return volume;
}

constexpr float kOpaque = .995f;  // alpha, as mjr_render() has it

bool is_mirror(const mjvGeom& geom) {
  return (geom.type == mjGEOM_PLANE || geom.type == mjGEOM_BOX) && geom.reflectance > 0 &&
         geom.rgba[3] >= kOpaque;
}

// Radius of a sphere around a geom; negative for planes, which have no end.
float radius_of(const mjvGeom& geom) {
  const float *size = geom.size, x = size[0], y = size[1], z = size[2];
  switch (geom.type) {
    case mjGEOM_PLANE:
      return -1;
    case mjGEOM_CAPSULE:
      return std::max(x, y) + z;
    default:
      return std::sqrt(x * x + y * y + z * z);
  }
}

// What is seen in the reflecting face of a plane or box, as if it stood behind it.
struct Mirror {
  Point at{}, normal{};
  ViewVolume volume;  // of mirrored points
  Point reflected(const Point& p) const { return sum(p, -2 * dot(sum(p, -1, at), normal), normal); }
};

// nullopt where the camera is behind the face or the face out of the picture. `view`: the camera's.
std::optional<Mirror> find_mirror(const mjvGeom& geom, const ViewVolume& view) {
  constexpr float kClear = 1e-4f;  // m
  const Frame frame(geom);
  Mirror mirror;
  mirror.normal = frame.axes[2];
  mirror.at =
      geom.type == mjGEOM_BOX ? sum(frame.origin, geom.size[2], mirror.normal) : frame.origin;
  if (dot(sum(view.eye, -1, mirror.at), mirror.normal) < kClear) return std::nullopt;
  mirror.volume = view;
  mirror.volume.add(mirror.at, sum(Point{}, -1, mirror.normal));  // behind it stand the images
  const float x = geom.size[0], y = geom.size[1];
  if (x <= 0 || y <= 0) return mirror;  // without an end
  if (!view.sees(mirror.at, std::hypot(x, y))) return std::nullopt;
  // Through the face only.
  std::array<Point, 4> corners;
  for (size_t k = 0; k < 4; ++k) {
    const float u = k == 0 || k == 3 ? -x : x, v = k < 2 ? -y : y;
    corners[k] = sum(sum(mirror.at, u, frame.axes[0]), v, frame.axes[1]);
  }
  for (size_t k = 0; k < 4; ++k) {
    const Point a = sum(corners[k], -1, view.eye), b = sum(corners[(k + 1) % 4], -1, view.eye);
    const Point side = cross(a, b);
    const float inwards = dot(side, sum(mirror.at, -1, view.eye));
    mirror.volume.add(view.eye, sum(Point{}, inwards > 0 ? 1.0f : -1.0f, side));
  }
  return mirror;
}

}  // namespace

// Display lists. MuJoCo calls the list of a mesh in both passes. Where there is a mirror that list
// is a switch, which calls the geom's list of the pass: glCallLists() adds the list base, and a
// geom drawn last in each pass takes the next base off the attribute stack.
struct SeenParts::Impl {
  const Gl gl;
  DrawnMeshes meshes;
  int most = 0;           // geoms that may have such lists
  unsigned direct = 0;    // of a geom, this frame's: what the camera sees
  unsigned mirrored = 0;  // what it sees in the mirror
  unsigned switches = 0;  // of a geom, for ever
  unsigned next_pass = 0;

  Impl(const mjModel& model, double cell) : meshes(model, cell), most(model.ngeom) {}

  void fill(unsigned list, unsigned mesh, bool drawn) const {
    gl.new_list(list, kCompile);
    if (drawn) gl.call_list(mesh);
    gl.end_list();
  }
  // In the picture, or with `mirror` in what the mirror shows there.
  bool sees(const mjvGeom& geom, const ViewVolume& volume, const Mirror* mirror) const {
    float radius = radius_of(geom);
    Point at = point(geom.pos);
    if (geom.type == mjGEOM_MESH && geom.dataid >= 0) {
      const Sphere& sphere = meshes.bounds(geom.dataid / 2);
      radius = sphere.radius;
      at = Frame(geom).out(sphere.center);
    }
    return radius < 0 || volume.sees(mirror != nullptr ? mirror->reflected(at) : at, radius);
  }
};

SeenParts::SeenParts(const mjModel& model, const mjrContext& context, double cell)
    : impl_(std::make_unique<Impl>(model, cell)) {
  Impl& s = *impl_;
  for (int i = 0; cell > 0 && i < model.nmesh; ++i) {
    mjr_uploadMesh(&s.meshes.model(), &context, i);
  }
  s.direct = s.gl.gen_lists(3 * s.most + 1);
  s.mirrored = s.direct + static_cast<unsigned>(s.most);
  s.switches = s.mirrored + static_cast<unsigned>(s.most);
  s.next_pass = s.switches + static_cast<unsigned>(s.most);
  for (int i = 0; i < s.most; ++i) {
    const auto slot = static_cast<unsigned>(i);
    s.gl.new_list(s.switches + slot, kCompile);
    s.gl.call_lists(1, kUnsignedInt, &slot);
    s.gl.end_list();
  }
  s.gl.new_list(s.next_pass, kCompile);
  s.gl.pop_attrib();
  s.gl.end_list();
}

SeenParts::~SeenParts() { impl_->gl.delete_lists(impl_->direct, 3 * impl_->most + 1); }

void SeenParts::render(const mjrRect& viewport, mjvScene& scene, const mjrContext& context) {
  const Impl& s = *impl_;
  const float aspect = static_cast<float>(viewport.width) / static_cast<float>(viewport.height);
  // The scene has an eye on either side of the camera.
  const ViewVolume view = volume_of(mjv_averageCamera(scene.camera, scene.camera + 1), aspect);
  std::optional<Mirror> mirror;
  bool first = true;
  // The first that reflects is the only one that does, seen or not.
  for (int i = 0; i < scene.ngeom; ++i) {
    mjvGeom& geom = scene.geoms[i];
    if (!is_mirror(geom)) continue;
    if (first && scene.flags[mjRND_REFLECTION]) mirror = find_mirror(geom, view);
    if (!first || !mirror) geom.reflectance = 0;
    first = false;
  }
  int kept = 0, slots = 0;
  for (int i = 0; i < scene.ngeom; ++i) {
    mjvGeom geom = scene.geoms[i];
    const bool direct = s.sees(geom, view, nullptr);
    const bool reflected = mirror && s.sees(geom, mirror->volume, &*mirror);
    if (!direct && !reflected) continue;
    const bool opaque_mesh = geom.type == mjGEOM_MESH && geom.rgba[3] >= kOpaque;
    if (mirror && opaque_mesh && geom.dataid >= 0 && slots < s.most) {
      const auto slot = static_cast<unsigned>(slots++);
      const unsigned mesh = context.baseMesh + static_cast<unsigned>(geom.dataid);
      s.fill(s.direct + slot, mesh, direct);
      s.fill(s.mirrored + slot, mesh, reflected);
      geom.dataid = static_cast<int>(s.switches + slot - context.baseMesh);
    }
    scene.geoms[kept++] = geom;
  }
  scene.ngeom = kept;
  if (!mirror) {
    mjr_render(viewport, &scene, &context);
    return;
  }
  mjvGeom last = {};
  last.type = mjGEOM_MESH;
  last.dataid = static_cast<int>(s.next_pass - context.baseMesh);
  last.matid = -1;
  last.rgba[3] = 1;
  for (const int k : {0, 4, 8}) last.mat[k] = 1;
  scene.geoms[scene.ngeom++] = last;
  s.gl.push_attrib(kListBit);
  s.gl.list_base(s.direct);
  s.gl.push_attrib(kListBit);
  s.gl.list_base(s.mirrored);
  mjr_render(viewport, &scene, &context);
}

}  // namespace libra::sim::engine
