// Still scenes: what every named thing looks like and where it is, for grounding pre-training. On
// disk one HDF5 file, by custom scenes.hdf5 (docs/data_formats.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libra/core/observation.h"

namespace libra::data {

struct Scene {
  std::vector<Image> images;  // in the order of the embodiment's cameras
  Proprio proprio;
  std::vector<std::string> items;         // present items
  std::vector<std::string> instructions;  // what one says to ask for each of them
  std::vector<float> item_uv;             // items x cameras x 2; not-a-number: not in view
};

class SceneSet {
 public:
  explicit SceneSet(std::vector<Scene> scenes) : scenes_(std::move(scenes)) {}
  // Throws Error(kNotFound / kBadInput) as DemoFile does.
  static SceneSet load(const std::string& path);
  // The scenes of several files, one after the other.
  static SceneSet load(const std::vector<std::string>& paths);
  // Complete or absent after an interruption; an empty set writes nothing. Throws Error(kBadInput)
  // when the parts of a scene do not fit together.
  void save(const std::string& path) const;

  const std::vector<Scene>& scenes() const { return scenes_; }

 private:
  std::vector<Scene> scenes_;
};

}  // namespace libra::data
