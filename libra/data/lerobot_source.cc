// LeRobot data sets, v2.1 and v3.0, as an episode source: numbers from Parquet, pictures from
// videos or from Parquet. docs/data_formats.md tells what is read.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <mutex>
#include <sstream>

#include "libra/core/error.h"
#include "libra/data/episode_source.h"
#include "libra/data/lerobot_camera.h"
#include "libra/data/lerobot_meta.h"
#include "libra/data/parquet_file.h"

namespace libra::data {
namespace {

namespace fs = std::filesystem;

// A Parquet file with the columns that were read.
class DataFile : public ParquetFile {
 public:
  explicit DataFile(const std::string& path) : ParquetFile(path) {}
  const Rows<double>& column(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = columns_.find(name);
    return (found != columns_.end() ? found : columns_.emplace(name, number_rows(name)).first)
        ->second;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::map<std::string, Rows<double>> columns_;
};

class LeRobotSource final : public EpisodeSource {
 public:
  LeRobotSource(const std::string& root, const std::string& embodiment)
      : meta_(read_lerobot_meta(root)) {
    choose_embodiment(embodiment);
    read_own_list();
  }

  const Embodiment& embodiment() const override { return embodiment_; }
  std::string format() const override { return "LeRobot " + meta_.version; }
  int size() const override { return static_cast<int>(meta_.episodes.size()); }
  std::string where(int episode) const {
    const LeRobotEpisode& e = entry(episode);
    return e.data + ": episode " + std::to_string(e.index);
  }

  Demo read(int episode, bool with_states) const override {
    const LeRobotEpisode& e = entry(episode);
    const auto file = open(e.data, opened_);
    Demo demo;
    const auto rows = [&](const std::string& column, int dims, const char* what) {
      const Rows<double>& all = file->column(column);
      if (all.width() != static_cast<size_t>(dims)) {
        refuse_lerobot(where(episode), std::string(what) + " has the wrong number of values",
                       std::to_string(dims) + " (embodiment " + embodiment_.name + ")",
                       std::to_string(all.width()));
      }
      require_rows(episode, all.size());
      return std::pair(&all, static_cast<size_t>(e.first_row));
    };
    const auto [actions, first] = rows("action", embodiment_.action_dim(), "action");
    const auto [states, state_first] =
        rows("observation.state", embodiment_.proprio_dim(), "observation.state");
    demo.frames = static_cast<int>(e.length);
    demo.actions.resize(size_t(e.length), actions->width());
    demo.proprio.resize(size_t(e.length), states->width());
    for (size_t t = 0; t < size_t(e.length); ++t) {
      std::transform((*actions)[first + t].begin(), (*actions)[first + t].end(),
                     demo.actions[t].begin(), [](double x) { return float(x); });
      demo.proprio.set(t, (*states)[state_first + t]);
      for (const auto& [what, values] :
           {std::pair{"action", (*actions)[first + t]},
            std::pair{"observation.state", (*states)[state_first + t]}}) {
        for (const double x : values) {
          if (!std::isfinite(x)) {
            refuse_lerobot(where(episode), std::string(what) + " of step " + std::to_string(t) +
                                               " is NaN or infinite");
          }
        }
      }
    }
    demo.expert_actions = demo.actions;
    demo.perturbed.assign(size_t(e.length), 0);
    demo.success.assign(size_t(e.length), 0);
    demo.suite = fs::path(meta_.root).lexically_normal().filename().string();
    demo.task = demo.instruction = instruction_of(episode, *file);
    demo.layout = "unknown";
    demo.episode = static_cast<uint64_t>(e.index);
    if (!own_.empty()) read_own(episode, with_states, demo);
    return demo;
  }

  void decode(int episode, const TakeFrame& take) const override {
    const LeRobotEpisode& e = entry(episode);
    const auto file = open(e.data, opened_);
    std::vector<LeRobotCamera> cameras;
    for (const CameraSpec& camera : embodiment_.cameras) {
      cameras.emplace_back(meta_, camera, e, *file, where(episode));
    }
    const Rows<double>& times = file->column("timestamp");
    require_rows(episode, times.size());
    std::vector<Image> frame(cameras.size());
    for (int64_t t = 0; t < e.length; ++t) {
      for (size_t c = 0; c < cameras.size(); ++c) {
        cameras[c].read(t, times[size_t(e.first_row + t)][0], frame[c]);
        flip(embodiment_.cameras[c].flip, frame[c]);
      }
      take(static_cast<int>(t), frame);
    }
  }

 private:
  const LeRobotEpisode& entry(int episode) const { return meta_.episodes.at(size_t(episode)); }

  void choose_embodiment(const std::string& wanted) {
    const std::string own = meta_.path("meta/embodiment.toml");
    std::error_code error;
    if (!wanted.empty()) {
      embodiment_ = load_embodiment(wanted);
    } else if (fs::exists(own, error)) {
      embodiment_ = load_embodiment(own);
    } else {
      try {
        embodiment_ = load_embodiment(meta_.robot_type.empty() ? "unknown" : meta_.robot_type);
      } catch (const Error&) {
        refuse_lerobot(
            meta_.root, "does not say which robot it is of (robot_type '" + meta_.robot_type + "')",
            "", "",
            "name one with --embodiment: a name in configs/embodiments/ or a TOML file "
            "(docs/embodiments.md); the data have action: " +
                join_names(meta_.features.at("action").names) +
                "; observation.state: " + join_names(meta_.features.at("observation.state").names) +
                "; cameras: " + join_names(meta_.camera_names()));
      }
    }
    const auto dims = [&](const char* feature, int needed) {
      const auto& shape = meta_.features.at(feature).shape;
      if (shape.size() == 1 && shape[0] == needed) return;
      std::string found;
      for (const int64_t n : shape) found += (found.empty() ? "" : " x ") + std::to_string(n);
      refuse_lerobot(meta_.path("meta/info.json"), std::string(feature) + " has the wrong width",
                     std::to_string(needed) + " (embodiment " + embodiment_.name + ")", found);
    };
    dims("action", embodiment_.action_dim());
    dims("observation.state", embodiment_.proprio_dim());
    for (const CameraSpec& camera : embodiment_.cameras) {
      if (meta_.features.contains(kLeRobotPictures + camera.name) || camera.optional) continue;
      refuse_lerobot(meta_.path("meta/info.json"), "has no camera '" + camera.name + "'",
                     "cameras of embodiment " + embodiment_.name + ": " +
                         join_names(embodiment_.camera_names()),
                     join_names(meta_.camera_names()));
    }
    for (const std::string& name : meta_.camera_names()) {
      const auto known = embodiment_.camera_names();
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      refuse_lerobot(meta_.path("meta/info.json"),
                     "has a camera that embodiment " + embodiment_.name + " lacks",
                     join_names(known), name,
                     "add it to the embodiment, or remove it from the data set");
    }
    if (std::abs(embodiment_.control_hz - meta_.fps) > 0.01 * meta_.fps) {
      std::ostringstream expected, found;
      expected << embodiment_.control_hz << " Hz (embodiment " << embodiment_.name << ")";
      found << meta_.fps;
      refuse_lerobot(meta_.path("meta/info.json"), "fps is another rate than the robot's",
                     expected.str(), found.str(), "set control_hz in a copy of the embodiment");
    }
  }

  // What libra kept beside, of each episode in order.
  struct Own {
    bool there = false;
    EpisodeLabel label = {};
  };
  void read_own_list() {
    const std::string path = meta_.path(std::string("meta") + kLeRobotOwnList);
    std::error_code error;
    if (!fs::exists(path, error)) return;
    const ParquetFile file(path);
    const auto there = file.integers("own");
    if (there.size() != meta_.episodes.size()) {
      refuse_lerobot(path, "is of another number of episodes than the data set",
                     std::to_string(meta_.episodes.size()), std::to_string(there.size()),
                     "remove it: other programs never need it");
    }
    for (const int64_t is : there) own_.push_back({is != 0});
    for (const auto& [name, text] : EpisodeLabel::kTexts) {
      const auto column = file.texts(name);
      for (size_t i = 0; i < own_.size(); ++i) own_[i].label.*text = column[i];
    }
    for (const auto& [name, number] : EpisodeLabel::kNumbers) {
      const auto column = file.integers(name);
      for (size_t i = 0; i < own_.size(); ++i) own_[i].label.*number = uint64_t(column[i]);
    }
    const auto items = file.text_lists("items");
    for (size_t i = 0; i < own_.size(); ++i) own_[i].label.items = items[i];
  }

  void read_own(int episode, bool with_states, Demo& demo) const {
    const LeRobotEpisode& e = entry(episode);
    const Own& own = own_[size_t(episode)];
    if (!own.there) return;
    static_cast<EpisodeLabel&>(demo) = own.label;
    const auto file = open(meta_.own_table(e), own_opened_);
    const auto rows = [&](const char* column, size_t width) {
      Rows<double> found = file->number_rows(column, e.first_row, e.length);
      if (width != 0 && found.width() != width && !found.empty()) {
        refuse_lerobot(file->path(), std::string(column) + " has another width",
                       std::to_string(width), std::to_string(found.width()));
      }
      return found;
    };
    const auto needed = [&](const char* column, size_t width) {
      Rows<double> found = rows(column, width);
      if (found.empty()) refuse_lerobot(where(episode), std::string(column) + " is missing");
      return found;
    };
    const auto floats = [](const Rows<double>& from, auto& to) {
      to.resize(from.values().size());
      std::transform(from.values().begin(), from.values().end(), to.begin(),
                     [](double x) { return static_cast<float>(x); });
    };
    const Rows<double> expert = needed("expert_action", demo.actions.width());
    std::vector<float> flat;
    floats(expert, flat);
    demo.expert_actions.resize(expert.size(), expert.width());
    std::copy(flat.begin(), flat.end(), demo.expert_actions.values().begin());
    demo.proprio = needed("proprio", demo.proprio.width());
    demo.joints = rows("joints", 0);
    const size_t things = demo.items.size(), cameras = embodiment_.cameras.size();
    if (things > 0) {
      floats(needed("item_uv", things * cameras * 2), demo.item_uv);
      floats(needed("item_position", things * 3), demo.item_position);
    }
    const auto flags = [&](const char* column, std::vector<uint8_t>& out) {
      const auto found = file->integers(column, e.first_row, e.length);
      std::transform(found.begin(), found.end(), out.begin(), [](int64_t x) { return x != 0; });
    };
    flags("perturbed", demo.perturbed);
    flags("success", demo.success);
    if (!with_states) {
      demo.model_xml.clear();
      return;
    }
    const Rows<double> states = rows("state", 0);
    for (size_t t = 0; t < states.size(); ++t) {
      demo.states.emplace_back(states[t].begin(), states[t].end());
    }
  }

  // The Parquet file last opened is kept: episodes follow each other in files.
  std::shared_ptr<const DataFile> open(const std::string& file,
                                       std::shared_ptr<const DataFile>& last) const {
    const std::lock_guard lock(mutex_);
    if (last == nullptr || last->path() != file) last = std::make_shared<const DataFile>(file);
    return last;
  }
  void require_rows(int episode, size_t found) const {
    const int64_t needed = entry(episode).first_row + entry(episode).length;
    if (static_cast<int64_t>(found) >= needed) return;
    refuse_lerobot(where(episode), "the file has fewer rows than the episode",
                   std::to_string(needed), std::to_string(found));
  }

  std::string instruction_of(int episode, const ParquetFile& file) const {
    const LeRobotEpisode& e = entry(episode);
    if (!e.tasks.empty()) {
      if (e.tasks[0].find_first_not_of(" \t\n") == std::string::npos) {
        refuse_lerobot(where(episode), "its task has no text");
      }
      return e.tasks[0];
    }
    const auto index = file.integers("task_index", e.first_row, 1);
    const auto task = meta_.tasks.find(index.at(0));
    if (task == meta_.tasks.end() || task->second.empty())
      refuse_lerobot(where(episode), "its task has no text");
    return task->second;
  }

  LeRobotMeta meta_;
  Embodiment embodiment_;

  mutable std::mutex mutex_;
  mutable std::shared_ptr<const DataFile> opened_, own_opened_;
  std::vector<Own> own_;
};

}  // namespace

std::unique_ptr<EpisodeSource> open_lerobot(const std::string& path,
                                            const std::string& embodiment) {
  return std::make_unique<LeRobotSource>(path, embodiment);
}

}  // namespace libra::data
