#include "libra/data/lerobot_part.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/data/lerobot_meta.h"
#include "libra/media/image_file.h"
#include "libra/media/video.h"

namespace libra::data {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Any frame is at most one other away from one that decodes alone, as the official package writes.
constexpr int kKeyEvery = 2;

std::vector<int64_t> flags(const std::vector<uint8_t>& values) {
  return {values.begin(), values.end()};
}

template <class T>
Rows<T> as_rows(const std::vector<T>& values, int frames) {
  Rows<T> rows;
  const size_t width = values.size() / static_cast<size_t>(frames);
  if (width == 0) return rows;
  rows.resize(static_cast<size_t>(frames), width);
  std::copy(values.begin(), values.end(), rows.values().begin());
  return rows;
}

// The pictures of an episode as they come: films, or encoded for the table; counted as well.
class PictureSink {
 public:
  PictureSink(const std::string& folder, const Embodiment& embodiment, bool films)
      : folder_(folder),
        embodiment_(embodiment),
        films_(films),
        cameras_(embodiment.cameras.size()) {}

  void take(std::vector<Image>& images) {
    for (size_t c = 0; c < cameras_.size(); ++c) {
      Camera& camera = cameras_[c];
      const CameraSpec& spec = embodiment_.cameras[c];
      Image& image = images.at(c);
      if (frames_ == 0) {
        camera.height = image.height;
        camera.width = image.width;
        if (films_ && (image.height % 2 != 0 || image.width % 2 != 0)) {
          throw Error(ErrorCode::kBadInput,
                      {.where = "camera " + spec.name,
                       .problem = "films have even sides",
                       .found = std::to_string(image.height) + " x " + std::to_string(image.width),
                       .next = "keep its pictures with --pictures image"});
        }
        if (films_) {
          camera.film = std::make_unique<media::VideoWriter>(folder_ + "/" + spec.name + ".mp4",
                                                             embodiment_.control_hz, kKeyEvery);
        }
      } else if (image.height != camera.height || image.width != camera.width) {
        throw Error(ErrorCode::kBadInput,
                    {.where = "camera " + spec.name, .problem = "its pictures change their size"});
      }
      flip(spec.flip, image);
      camera.stats.add(image);
      if (films_) {
        camera.film->add(image);
      } else {
        const auto png = media::encode_png(image);
        camera.encoded.emplace_back(png.begin(), png.end());
      }
    }
    ++frames_;
  }
  void finish(ParquetTable& table, json& about) {
    for (size_t c = 0; c < cameras_.size(); ++c) {
      Camera& camera = cameras_[c];
      const std::string& name = embodiment_.cameras[c].name;
      json entry = {{"height", camera.height}, {"width", camera.width}};
      if (films_) {
        camera.film->finish();
        entry["codec"] = media::codec_name(camera.film->encoder());
      } else {
        table.set_pictures(kLeRobotPictures + name, camera.encoded);
      }
      about["cameras"][name] = entry;
      about["stats"][kLeRobotPictures + name] = to_json(camera.stats.finish());
    }
  }
  int frames() const { return frames_; }

 private:
  struct Camera {
    int height = 0, width = 0;
    std::unique_ptr<media::VideoWriter> film;
    std::vector<std::string> encoded;
    PictureStats stats;
  };
  std::string folder_;
  const Embodiment& embodiment_;
  bool films_;
  int frames_ = 0;
  std::vector<Camera> cameras_;
};

bool has_own(const Demo& demo) {
  const auto is_float = [](double x) { return static_cast<double>(static_cast<float>(x)) == x; };
  const auto proprio = demo.proprio.values();
  return !demo.states.empty() || !demo.joints.empty() || !demo.items.empty() ||
         !std::all_of(proprio.begin(), proprio.end(), is_float) ||
         !(demo.expert_actions == demo.actions) ||
         std::count(demo.perturbed.begin(), demo.perturbed.end(), 0) != demo.frames ||
         std::count(demo.success.begin(), demo.success.end(), 0) != demo.frames;
}

}  // namespace

ParquetTable own_columns(const Demo& demo) {
  ParquetTable table;
  const auto frames = static_cast<size_t>(demo.frames);
  table.set("perturbed", flags(demo.perturbed));
  table.set("success", flags(demo.success));
  table.set("expert_action", demo.expert_actions, false, frames);
  table.set("proprio", demo.proprio, false, frames);
  table.set("joints", demo.joints, false, frames);
  table.set("state", demo.states.empty() ? std::vector<std::vector<double>>(frames) : demo.states);
  table.set("item_uv", as_rows(demo.item_uv, demo.frames), false, frames);
  table.set("item_position", as_rows(demo.item_position, demo.frames), false, frames);
  return table;
}

ParquetTable no_own_columns(int64_t frames) {
  Demo nothing;
  nothing.frames = static_cast<int>(frames);
  nothing.perturbed.assign(static_cast<size_t>(frames), 0);
  nothing.success = nothing.perturbed;
  return own_columns(nothing);
}

void write_part(const std::string& folder, int64_t number, const Demo& demo,
                const EpisodeWriter::Pictures& pictures, const Embodiment& embodiment, bool films) {
  if (demo.every != 1) {
    throw Error(ErrorCode::kBadInput,
                {.where = "episode " + std::to_string(number),
                 .problem = "has pictures of one step in " + std::to_string(demo.every) + " only",
                 .expected = "those of each: LeRobot's data sets hold no other",
                 .next = "keep it as HDF5, or collect it without --every"});
  }
  const std::string fresh = folder + ".part";
  std::error_code ignored;
  fs::remove_all(fresh, ignored);
  fs::create_directories(fresh, ignored);
  PictureSink sink(fresh, embodiment, films);
  const TakeFrame take = [&](int, std::vector<Image>& cameras) { sink.take(cameras); };
  if (pictures) {
    pictures(take);
  } else {
    hand_over(demo, take);
  }
  if (sink.frames() != demo.frames) {
    throw Error(ErrorCode::kBadInput, {.where = "episode " + std::to_string(number),
                                       .problem = "has another number of pictures than of actions",
                                       .expected = std::to_string(demo.frames),
                                       .found = std::to_string(sink.frames())});
  }
  const auto frames = static_cast<size_t>(demo.frames);
  Rows<float> states(frames, demo.proprio.width());
  std::transform(demo.proprio.values().begin(), demo.proprio.values().end(),
                 states.values().begin(), [](double x) { return static_cast<float>(x); });
  Rows<double> actions(frames, demo.actions.width());
  std::copy(demo.actions.values().begin(), demo.actions.values().end(), actions.values().begin());
  std::vector<float> times;
  std::vector<int64_t> indices;
  for (size_t t = 0; t < frames; ++t) {
    times.push_back(static_cast<float>(static_cast<double>(t) / embodiment.control_hz));
    indices.push_back(static_cast<int64_t>(t));
  }
  json about = {{"number", number},
                {"length", demo.frames},
                {"instruction", demo.instruction},
                {"items", demo.items},
                {"own", has_own(demo)}};
  for (const auto& [name, text] : EpisodeLabel::kTexts) about[name] = demo.*text;
  for (const auto& [name, value] : EpisodeLabel::kNumbers) about[name] = demo.*value;
  about["stats"]["observation.state"] = to_json(stats_of(demo.proprio));
  about["stats"]["action"] = to_json(stats_of(actions));
  about["stats"]["timestamp"] = to_json(stats_of(std::vector<double>(times.begin(), times.end())));
  ParquetTable table;
  table.set("observation.state", states, true, frames);
  table.set("action", demo.actions, true, frames);
  sink.finish(table, about);
  table.set("timestamp", times);
  table.set("frame_index", indices);
  save(table, fresh + "/frames.parquet");
  if (about["own"].get<bool>()) save(own_columns(demo), fresh + "/libra.parquet");
  write_file(fresh + "/episode.json", about.dump());
  replace_path(fresh, folder);
}

LeRobotPart read_part(const std::string& folder) {
  const std::string file = folder + "/episode.json";
  LeRobotPart part;
  part.folder = folder;
  try {
    const json about = json::parse(read_file(file));
    about.at("number").get_to(part.number);
    about.at("length").get_to(part.length);
    about.at("instruction").get_to(part.instruction);
    about.at("own").get_to(part.own);
    about.at("items").get_to(part.label.items);
    for (const auto& [name, text] : EpisodeLabel::kTexts) about.at(name).get_to(part.label.*text);
    for (const auto& [name, value] : EpisodeLabel::kNumbers) {
      about.at(name).get_to(part.label.*value);
    }
    for (const auto& [name, stats] : about.at("stats").items()) {
      part.stats[name] = stats_from_json(stats, file);
    }
    for (const auto& [name, camera] : about.at("cameras").items()) {
      part.sizes[name] = {camera.at("height").get<int>(), camera.at("width").get<int>()};
      if (camera.contains("codec")) camera["codec"].get_to(part.codecs[name]);
    }
  } catch (const json::exception& error) {
    throw Error(ErrorCode::kBadInput, {.where = file,
                                       .problem = std::string("is damaged: ") + error.what(),
                                       .next = "remove the folder; its episode is made again"});
  }
  return part;
}

}  // namespace libra::data
