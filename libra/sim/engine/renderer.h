// Offscreen rendering without a display: EGL's surfaceless platform and MuJoCo's OpenGL renderer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libra/core/observation.h"

struct mjModel_;
struct mjData_;

namespace libra::sim::engine {

// What a picture needs to know besides model and data.
struct Appearance {
  // By texture: 0 as compiled, else a number that its pixels have alone. Empty: all as compiled.
  std::vector<uint64_t> textures;
  bool shadows = false;  // drawn for the lights that cast them
};

// Of a model's meshes. Pictures differ by `cell` alone.
struct Detail {
  bool unseen = false;  // what no camera sees is drawn, too, as MuJoCo does: for comparison
  double cell = 0;      // vertices nearer than about this become one (m); 0: none do
};

// Owns a GL context, current on the thread that made it, and the GPU copy of the arena's textures,
// which are the same in every composed scene but where an Appearance says otherwise, so one
// renderer serves them all.
class Renderer {
 public:
  // The thread's renderer; made at the first call, dropped with its last user. Throws
  // Error(kFailed) when EGL grants no context.
  static std::shared_ptr<Renderer> for_this_thread(mjModel_* model);
  // One for a model with textures and meshes of its own, drawn with its sites and its reflections;
  // `model` must live as long.
  static std::shared_ptr<Renderer> for_model(mjModel_* model, const Detail& detail = {});
  ~Renderer();
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  // Who draws, as OpenGL names itself, e.g. "llvmpipe (LLVM 15.0.6, 256 bits)".
  std::string device() const;

  // Upright RGB, row 0 at the top; poses must be up to date. camera: id in the model.
  void render(mjModel_* model, mjData_* data, const Appearance& appearance, int camera, int height,
              int width, Image& out);

 private:
  Renderer(mjModel_* model, bool whole, const Detail& detail = {});
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace libra::sim::engine
