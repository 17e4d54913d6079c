#include "libra/data/scene_set.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>

#include "libra/core/embodiment.h"
#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/core/rows.h"
#include "libra/data/hdf5_file.h"
#include "libra/data/hdf5_writer.h"

namespace libra::data {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr uint64_t kMaxSceneSide = 4096;     // px
constexpr uint64_t kMaxScenes = 10'000'000;  // per file

[[noreturn]] void damaged(const std::string& where, const std::string& problem,
                          const std::string& expected = "", const std::string& found = "") {
  throw Error(ErrorCode::kBadInput, {.where = where,
                                     .problem = problem,
                                     .expected = expected,
                                     .found = found,
                                     .next = "make the file again with `libra collect --scenes`"});
}

std::string image_dataset(size_t camera) {
  return "/scenes/" + libero_panda().cameras[camera].name;
}

size_t uv_length(const Scene& scene) {
  return scene.items.size() * libero_panda().cameras.size() * 2;
}

// Throws Error(kBadInput) unless the scene has square images of `side` and labels of fitting
// length.
void check(const Scene& scene, int side, const std::string& where) {
  if (scene.images.size() != libero_panda().cameras.size())
    damaged(where, "wrong number of images");
  for (const Image& image : scene.images) {
    const size_t bytes = static_cast<size_t>(side) * static_cast<size_t>(side) * 3;
    if (image.height != side || image.width != side || image.rgb.size() != bytes) {
      damaged(where, "an image has the wrong size", std::to_string(side) + " px square",
              std::to_string(image.height) + " x " + std::to_string(image.width));
    }
  }
  if (scene.instructions.size() != scene.items.size() || scene.item_uv.size() != uv_length(scene)) {
    damaged(where, "labels do not fit the list of items");
  }
}

// [scene][item] = [name, instruction].
json list_items(const std::vector<Scene>& scenes) {
  json list = json::array();
  for (const Scene& scene : scenes) {
    json items = json::array();
    for (size_t i = 0; i < scene.items.size(); ++i) {
      items.push_back({scene.items[i], scene.instructions[i]});
    }
    list.push_back(std::move(items));
  }
  return list;
}

// Fills items and instructions of every scene.
void read_items(const Hdf5File& file, std::vector<Scene>& scenes) {
  const std::string where = file.path() + ":/scenes/items";
  const auto text = file.read<uint8_t>("/scenes/items", {0});
  const json list = json::parse(text.begin(), text.end(), nullptr, false);
  if (!list.is_array() || list.size() != scenes.size()) {
    damaged(where, "does not list every scene", std::to_string(scenes.size()) + " lists in JSON",
            list.is_array() ? std::to_string(list.size()) : "something else");
  }
  for (size_t i = 0; i < scenes.size(); ++i) {
    if (!list[i].is_array()) damaged(where, "scene " + std::to_string(i) + " is not a list");
    for (const json& item : list[i]) {
      if (!item.is_array() || item.size() != 2 || !item[0].is_string() || !item[1].is_string()) {
        damaged(where, "scene " + std::to_string(i) + ": an item is not a name and an instruction");
      }
      scenes[i].items.push_back(item[0].get<std::string>());
      scenes[i].instructions.push_back(item[1].get<std::string>());
    }
  }
}

void read_uv(const Hdf5File& file, std::vector<Scene>& scenes) {
  const auto uv = file.read<float>("/scenes/item_uv", {0});
  size_t total = 0;
  for (const Scene& scene : scenes) total += uv_length(scene);
  if (uv.size() != total) {
    damaged(file.path() + ":/scenes/item_uv", "has the wrong length", std::to_string(total),
            std::to_string(uv.size()));
  }
  auto next = uv.begin();
  for (Scene& scene : scenes) {
    const auto last = next + static_cast<std::ptrdiff_t>(uv_length(scene));
    scene.item_uv.assign(next, last);
    next = last;
  }
}

void write_images(Hdf5Writer& file, const std::vector<Scene>& scenes, size_t camera) {
  const auto side = static_cast<uint64_t>(scenes[0].images[camera].height);
  std::vector<uint8_t> bytes;
  bytes.reserve(scenes.size() * side * side * 3);
  for (const Scene& scene : scenes) {
    const auto& rgb = scene.images[camera].rgb;
    bytes.insert(bytes.end(), rgb.begin(), rgb.end());
  }
  file.write(image_dataset(camera), H5Type::kU8, {scenes.size(), side, side, 3}, bytes.data(),
             /*gzip=*/1);
}

void read_images(const Hdf5File& file, std::vector<Scene>& scenes, uint64_t side) {
  const size_t bytes = side * side * 3;
  for (size_t camera = 0; camera < libero_panda().cameras.size(); ++camera) {
    const auto all = file.read<uint8_t>(image_dataset(camera), {scenes.size(), side, side, 3});
    for (size_t i = 0; i < scenes.size(); ++i) {
      Image image(static_cast<int>(side), static_cast<int>(side));
      std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(i * bytes), bytes, image.rgb.begin());
      scenes[i].images.push_back(std::move(image));
    }
  }
}

}  // namespace

void SceneSet::save(const std::string& path) const {
  if (scenes_.empty()) return;
  const int side = scenes_[0].images.empty() ? 0 : scenes_[0].images[0].height;
  const auto width = static_cast<size_t>(libero_panda().proprio_dim());
  Rows<double> proprio;
  std::vector<float> uv;
  for (const Scene& scene : scenes_) {
    check(scene, side, path);
    if (scene.proprio.size() != width) damaged(path, "proprio of a scene has the wrong length");
    proprio.push_back(scene.proprio);
    uv.insert(uv.end(), scene.item_uv.begin(), scene.item_uv.end());
  }
  const std::string items = list_items(scenes_).dump();

  const fs::path folder = fs::path(path).parent_path();
  std::error_code failure;
  if (!folder.empty()) fs::create_directories(folder, failure);
  const std::string part = path + ".part";
  const uint64_t bytes =
      scenes_.size() * libero_panda().cameras.size() * size_t(side) * size_t(side) * 3;
  require_space(folder.string(), bytes, "still scenes");
  Hdf5Writer file = Hdf5Writer::create(part, bytes);
  file.make_group("/scenes");
  file.write_attribute("/scenes", "num_scenes", static_cast<int64_t>(scenes_.size()));
  for (size_t camera = 0; camera < libero_panda().cameras.size(); ++camera)
    write_images(file, scenes_, camera);
  file.write("/scenes/proprio", H5Type::kF64, {scenes_.size(), width}, proprio.values().data());
  file.write("/scenes/items", H5Type::kU8, {items.size()}, items.data());
  file.write("/scenes/item_uv", H5Type::kF32, {uv.size()}, uv.data());
  file.close();
  replace_path(part, path);
}

SceneSet SceneSet::load(const std::vector<std::string>& paths) {
  std::vector<Scene> all;
  for (const auto& path : paths) {
    SceneSet one = load(path);
    std::move(one.scenes_.begin(), one.scenes_.end(), std::back_inserter(all));
  }
  return SceneSet(std::move(all));
}

SceneSet SceneSet::load(const std::string& path) {
  const Hdf5File file = Hdf5File::open(path);
  if (!file.exists("/scenes")) {
    damaged(path, "is not a file of still scenes", "a group /scenes",
            join_names(file.children("/")));
  }
  const int64_t count = file.int_attribute("/scenes", "num_scenes");
  const std::vector<uint64_t> shape = file.shape(image_dataset(0));
  if (count < 1 || static_cast<uint64_t>(count) > kMaxScenes || shape.size() != 4 ||
      shape[0] != static_cast<uint64_t>(count) || shape[1] == 0 || shape[1] > kMaxSceneSide) {
    damaged(path + ":" + image_dataset(0), "wrong shape",
            std::to_string(count) + " x side x side x 3");
  }
  std::vector<Scene> scenes(static_cast<size_t>(count));
  read_images(file, scenes, shape[1]);
  const auto width = static_cast<std::ptrdiff_t>(libero_panda().proprio_dim());
  const auto proprio =
      file.read<double>("/scenes/proprio", {scenes.size(), static_cast<uint64_t>(width)});
  for (size_t i = 0; i < scenes.size(); ++i) {
    const auto first = proprio.begin() + static_cast<std::ptrdiff_t>(i) * width;
    scenes[i].proprio.assign(first, first + width);
  }
  read_items(file, scenes);
  read_uv(file, scenes);
  return SceneSet(std::move(scenes));
}

}  // namespace libra::data
