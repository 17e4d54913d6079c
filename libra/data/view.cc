#include "libra/data/view.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "libra/action/bins.h"
#include "libra/action/codec.h"
#include "libra/core/file.h"
#include "libra/data/check.h"
#include "libra/media/media.h"

namespace libra::data {
namespace {

using media::escape_html;

std::string summary(const EpisodeSet& set) {
  const Embodiment& robot = set.embodiment();
  const double seconds = double(set.frames()) / robot.control_hz;
  std::map<std::string, int> instructions;
  for (const Demo& demo : set.demos()) ++instructions[demo.instruction];
  std::string html = "<div class='tiles'>";
  html += media::html_tile(std::to_string(set.demos().size()), "episodes",
                           std::to_string(instructions.size()) + " instructions");
  html += media::html_tile(
      std::to_string(set.frames()), "frames",
      media::number(seconds / 60) + " minutes at " + media::number(robot.control_hz, 0) + " Hz");
  html += media::html_tile(escape_html(robot.name), "robot",
                           std::to_string(robot.action_dim()) + " actions, " +
                               std::to_string(robot.proprio_dim()) + " proprio");
  html += media::html_tile(std::to_string(robot.cameras.size()), "cameras",
                           escape_html(join_names(robot.camera_names())));
  html += "</div><h2>What is odd</h2><div class='card'>";
  const auto findings = check(set.demos(), robot, set.skipped());
  if (findings.empty()) html += "Nothing was found.";
  if (!findings.empty()) {
    html += "<table><tr><th class=n></th><th></th><th>what</th><th>such as</th><th>cure</th></tr>";
    for (const Finding& f : findings) {
      html += "<tr><td class=n>" + std::to_string(f.count) + "</td><td>" + escape_html(f.unit) +
              "</td><td>" + escape_html(f.what) + "</td><td>" + escape_html(f.example) +
              "</td><td>" + escape_html(f.cure) + "</td></tr>";
    }
    html += "</table>";
  }
  html += "</div><h2>Instructions</h2><div class='card'><table>";
  for (const auto& [instruction, count] : instructions) {
    html += "<tr><td class=n>" + std::to_string(count) + "</td><td>" + escape_html(instruction) +
            "</td></tr>";
  }
  return html + "</table></div>";
}

std::string histograms(const EpisodeSet& set, const action::NormStats& stats,
                       const ViewOptions& options) {
  const Embodiment& robot = set.embodiment();
  const action::Codec codec(robot, stats);
  const auto names = robot.model_names();
  std::vector<std::vector<float>> learned(names.size()), proprio(size_t(robot.proprio_dim()));
  for (const Demo& demo : set.demos()) {
    for (size_t t = 0; t < size_t(demo.frames); ++t) {
      Rows<float> chunk;
      for (size_t i = t; i < std::min(size_t(demo.frames), t + size_t(options.horizon)); ++i) {
        chunk.push_back(demo.expert_actions[i]);
      }
      const Rows<float> model = codec.encode(chunk, demo.proprio[t]);
      for (size_t i = 0; i < model.size(); ++i) {
        for (size_t d = 0; d < names.size(); ++d) learned[d].push_back(model[i][d]);
      }
      for (size_t d = 0; d < proprio.size(); ++d) {
        proprio[d].push_back(float(demo.proprio[t][d]));
      }
    }
  }
  std::string html =
      "<h2>Actions as they are learned</h2><p>Normalised to [-1, 1]; the dashed lines are the " +
      std::to_string(options.bins) +
      " bins of a coarse intent. Heights are square roots of shares, so that rare values are "
      "seen.</p><div class='card grid2'>";
  const auto edges = action::Binner::uniform(options.bins).edges(0);
  for (size_t d = 0; d < names.size(); ++d) {
    html += media::histogram_chart(names[d], learned[d], -1.0, 1.0, edges);
  }
  html += "</div><h2>Proprio</h2><div class='card grid2'>";
  const auto states = robot.proprio_names();
  for (size_t d = 0; d < states.size(); ++d) {
    html += media::histogram_chart(states[d], proprio[d], stats.proprio.min[d],
                                   stats.proprio.max[d], {});
  }
  return html + "</div>";
}

// A chart for each segment.
template <class T>
std::string curves(std::span<const Segment> segments, const std::vector<std::string>& names,
                   const Rows<T>& rows) {
  std::string html;
  const auto spans = spans_of(segments);
  for (size_t s = 0; s < segments.size(); ++s) {
    std::vector<media::Curve> list;
    for (size_t d = spans[s].first; d < spans[s].first + spans[s].size; ++d) {
      media::Curve curve{names[d], {}};
      for (size_t t = 0; t < rows.size(); ++t) curve.values.push_back(double(rows[t][d]));
      list.push_back(std::move(curve));
    }
    const std::string unit = segments[s].unit.empty() ? "" : " (" + segments[s].unit + ")";
    html += media::line_chart(segments[s].name + unit, list, "steps");
  }
  return html;
}

// An episode's pictures, seen once: some of them side by side, all of them as a film.
class Pictures {
 public:
  Pictures(const EpisodeSet& set, int episode, const ViewOptions& options)
      : side_(options.side), cameras_(int(set.embodiment().cameras.size())) {
    const int frames = set.demo(episode).frames;
    columns_ = std::min(kColumns, frames);
    sheet_ = Image(cameras_ * (side_ + kGap) - kGap, columns_ * (side_ + kGap) - kGap);
    std::fill(sheet_.rgb.begin(), sheet_.rgb.end(), uint8_t{128});
    const std::string file = options.folder + "/.clip.mp4";
    const int every = set.demo(episode).every;
    const int stride = (frames + kMostFrames - 1) / kMostFrames;
    media::VideoWriter film(file, set.embodiment().control_hz / every);
    std::vector<Image> small(static_cast<size_t>(cameras_));
    set.decode(episode, [&](int t, std::vector<Image>& cameras) {
      for (size_t c = 0; c < small.size(); ++c) options.fit(cameras[c], side_, small[c]);
      for (int i = 0; i < columns_; ++i) {
        if (step(i, frames) / every == t / every) paste(i, small);
      }
      if (t % stride == 0 || every > 1) film.add(media::side_by_side(small, 1));
    });
    film.finish();
    film_ = read_file(file);
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
    for (int i = 0; i < columns_; ++i) {
      steps_ += "<span>" + std::to_string(step(i, frames)) + "</span>";
    }
  }

  std::string strip() const {
    return "<div class='strip'><img alt='pictures of the episode' src='data:image/jpeg;base64," +
           media::base64(media::encode_jpeg(sheet_)) +
           "'><div class='stripsteps' style='grid-template-columns:repeat(" +
           std::to_string(columns_) + ",1fr)'>" + steps_ + "</div></div>";
  }
  std::string film() const {
    return "<details><summary>Film</summary><div class='clip'><video controls muted loop "
           "playsinline src='data:video/mp4;base64," +
           media::base64({reinterpret_cast<const uint8_t*>(film_.data()), film_.size()}) +
           "'></video></div></details>";
  }

 private:
  static constexpr int kColumns = 8, kGap = 3;
  static constexpr int kMostFrames = 400;  // of the film: longer episodes are shown faster
  int step(int column, int frames) const {
    return columns_ > 1 ? int(std::lround(double(column) * (frames - 1) / (columns_ - 1))) : 0;
  }
  void paste(int column, const std::vector<Image>& images) {
    for (int c = 0; c < cameras_; ++c) {
      for (int y = 0; y < side_; ++y) {
        std::copy_n(images[size_t(c)].row(y), side_ * 3,
                    sheet_.row(c * (side_ + kGap) + y) + column * (side_ + kGap) * 3);
      }
    }
  }
  int side_, cameras_, columns_ = 0;
  Image sheet_;
  std::string film_, steps_;
};

}  // namespace

std::string view_page(const std::string& title, const EpisodeSet& set,
                      const action::NormStats& stats, const ViewOptions& options) {
  const Embodiment& robot = set.embodiment();
  const int total = int(set.demos().size());
  const int shown = std::min(options.episodes, total);
  std::string html = summary(set) + histograms(set, stats, options) + "<h2>Episodes</h2>";
  for (int i = 0; i < shown; ++i) {
    const int e = int(int64_t(i) * total / shown);
    const Demo& demo = set.demo(e);
    const Pictures pictures(set, e, options);
    html += "<h3>" + std::to_string(e) + ": " + escape_html(demo.instruction) + "</h3><p>" +
            std::to_string(demo.frames) + " frames, " +
            media::number(demo.frames / robot.control_hz) + " s</p><div class='card'>" +
            pictures.strip() + pictures.film();
    html += "<details open><summary>Actions</summary><div class='grid2'>" +
            curves<float>(robot.action, robot.action_names(), demo.actions) + "</div></details>";
    html += "<details><summary>Proprio</summary><div class='grid2'>" +
            curves<double>(robot.proprio, robot.proprio_names(), demo.proprio) +
            "</div></details></div>";
  }
  return media::html_page(title, html);
}

}  // namespace libra::data
