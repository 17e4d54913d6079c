#include "libra/cli/recordings.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "libra/core/core.h"
#include "libra/media/image_file.h"
#include "libra/media/video_reader.h"

namespace libra::cli {
namespace {

namespace fs = std::filesystem;
using serving::Viewpoint;

constexpr size_t kFilmBytes = size_t{256} << 20;  // of an episode's pictures, as JPEG
constexpr size_t kMostEpisodes = 500;

bool is_episode(const fs::path& path) {
  if (path.extension() != ".jsonl") return false;
  constexpr std::string_view kStart = "{\"libra_episode\"";
  std::ifstream file(path);
  std::string start(kStart.size(), '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  return start == kStart;
}

std::vector<fs::path> find_logs(const std::string& run) {
  std::vector<fs::path> logs;
  if (fs::is_regular_file(run)) {
    const fs::path log = fs::path(run).replace_extension(".jsonl");
    if (fs::is_regular_file(log)) logs.push_back(log);
    return logs;
  }
  for (const fs::path& folder : {fs::path(run), fs::path(run) / "videos"}) {
    if (!fs::is_directory(folder)) continue;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.is_regular_file() && is_episode(entry.path())) logs.push_back(entry.path());
    }
  }
  std::sort(logs.begin(), logs.end());
  if (logs.size() > kMostEpisodes) logs.resize(kMostEpisodes);
  return logs;
}

// The cameras of a film, which stand side by side in it.
void show_film(Viewpoint& view, const std::string& film, size_t cameras) {
  media::VideoReader reader(film);
  int64_t step = 0;
  Image picture;
  for (double seconds = 0.0; reader.next(seconds); ++step) {
    reader.convert(picture);
    const int width = picture.width / static_cast<int>(cameras);
    std::vector<std::vector<uint8_t>> jpegs;
    for (size_t c = 0; c < cameras; ++c) {
      Image one(picture.height, width);
      for (int y = 0; y < picture.height; ++y) {
        std::copy_n(picture.row(y) + c * static_cast<size_t>(width) * 3,
                    static_cast<size_t>(width) * 3, one.row(y));
      }
      jpegs.push_back(media::encode_jpeg(one, 3));
    }
    view.show(step, std::move(jpegs));
  }
}

std::string title_of(const nlohmann::json& head, const fs::path& log) {
  if (!head.contains("instruction") || !head["instruction"].is_string()) return log.stem().string();
  std::string title = head["instruction"].get<std::string>();
  if (head.contains("episode")) title += ", episode " + head["episode"].dump();
  return title;
}

}  // namespace

std::vector<std::shared_ptr<Viewpoint>> recorded_episodes(const std::string& run) {
  std::vector<std::shared_ptr<Viewpoint>> views;
  for (const fs::path& path : find_logs(run)) {
    const auto log =
        std::make_shared<EpisodeLog>(EpisodeLog::parse(read_file(path.string()), path.string()));
    const auto head = nlohmann::json::parse(log->head());
    auto view = std::make_shared<Viewpoint>(title_of(head, path), kFilmBytes);
    view->begin(*log);
    view->state("recorded");
    const std::string film = fs::path(path).replace_extension(".mp4").string();
    const size_t cameras =
        head.contains("cameras") && head["cameras"].is_array() ? head["cameras"].size() : 0;
    if (cameras > 0 && cameras <= 16 && fs::exists(film)) {
      view->on_look([film, cameras](Viewpoint& v) { show_film(v, film, cameras); });
    }
    views.push_back(std::move(view));
  }
  if (views.empty()) {
    throw Error(ErrorCode::kNotFound,
                {.where = run,
                 .problem = "holds no recorded episode",
                 .expected = "the folder of a run of libra eval with --videos, or of libra inspect "
                             "--out"});
  }
  return views;
}

}  // namespace libra::cli
