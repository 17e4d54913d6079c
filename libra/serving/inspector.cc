#include "libra/serving/inspector.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libra/core/data_root.h"
#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/media/image_file.h"
#include "libra/serving/server.h"
#include "libra/serving/wire.h"

namespace libra::serving {
namespace {

using PageJson = nlohmann::ordered_json;

constexpr size_t kLongestRequest = 8192;     // bytes
constexpr uint64_t kMostLines = 4000;        // of a log in one answer
constexpr std::chrono::seconds kWatched{4};  // after a page asked
constexpr int kJpegQuality = 3;

// Nothing but the page's own files and its own server; nobody may frame it.
constexpr const char* kContentPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

int64_t now_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

std::string dump_page(const PageJson& json) {
  return json.dump(-1, ' ', false, PageJson::error_handler_t::replace);
}

HttpHandler page_file(const std::string& name, const char* type) {
  const std::string path = find_data("assets/inspector/" + name);
  HttpReply reply{200, type, read_file(path)};
  reply.headers = {{"Content-Security-Policy", kContentPolicy},
                   {"Referrer-Policy", "no-referrer"},
                   {"Cross-Origin-Resource-Policy", "same-origin"}};
  return
      [reply](const HttpRequest&, const std::function<void(HttpReply)>& answer) { answer(reply); };
}

}  // namespace

void Viewpoint::begin(EpisodeLog log) {
  const std::lock_guard lock(mutex_);
  log_ = std::move(log);
  ++episode_;
  state_ = "running";
  frames_.clear();
  bytes_ = 0;
}

void Viewpoint::keep(std::shared_ptr<Frame> frame) {
  const std::lock_guard lock(mutex_);
  bytes_ += frame->bytes;
  frames_.push_back(std::move(frame));
  while (frames_.size() > 1 && bytes_ > most_) {
    bytes_ -= frames_.front()->bytes;
    frames_.pop_front();
  }
}

void Viewpoint::show(int64_t step, std::vector<Image> pictures) {
  auto frame = std::make_shared<Frame>();
  frame->step = step;
  for (const Image& picture : pictures) frame->bytes += picture.rgb.size();
  frame->pictures = std::move(pictures);
  keep(std::move(frame));
}

void Viewpoint::show(int64_t step, std::vector<std::vector<uint8_t>> jpegs) {
  auto frame = std::make_shared<Frame>();
  frame->step = step;
  for (const auto& jpeg : jpegs) frame->bytes += jpeg.size();
  frame->jpegs = std::move(jpegs);
  keep(std::move(frame));
}

void Viewpoint::state(const std::string& word) {
  const std::lock_guard lock(mutex_);
  state_ = word;
}

std::shared_ptr<Viewpoint::Frame> Viewpoint::frame_at(int64_t step) const {
  if (frames_.empty()) return nullptr;
  if (step < 0) return frames_.back();
  const auto after = std::upper_bound(frames_.begin(), frames_.end(), step,
                                      [](int64_t s, const auto& frame) { return s < frame->step; });
  return after == frames_.begin() ? frames_.front() : *std::prev(after);
}

void Inspector::add(const std::shared_ptr<Viewpoint>& viewpoint) {
  const std::lock_guard lock(mutex_);
  viewpoint->id_ = next_id_++;
  std::erase_if(viewpoints_, [](const auto& known) { return known.expired(); });
  viewpoints_.push_back(viewpoint);
}

bool Inspector::watched() const {
  return now_ns() - asked_ns_.load(std::memory_order_relaxed) <
         std::chrono::nanoseconds(kWatched).count();
}

std::vector<std::shared_ptr<Viewpoint>> Inspector::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Viewpoint>> all;
  for (const auto& known : viewpoints_) {
    if (auto viewpoint = known.lock()) all.push_back(std::move(viewpoint));
  }
  return all;
}

std::shared_ptr<Viewpoint> Inspector::find(uint64_t id) const {
  for (auto& viewpoint : all()) {
    if (viewpoint->id_ == id) return viewpoint;
  }
  return nullptr;
}

// A request is a text frame of JSON, all of it optional:
//   {"id": 2, "episode": 1, "since": 40, "have": 7, "at": -1}   what of viewpoint 2 is new
//   {"id": 2, "do": "instruction", "text": "pick up the milk"}  a command
// An answer is a binary frame: four bytes with the length of its JSON (little-endian), the JSON,
// and the JPEGs whose sizes the JSON says.
class InspectorDialogue final : public Dialogue {
 public:
  InspectorDialogue(Inspector& inspector, const Limits& limits, Metrics& metrics)
      : inspector_(inspector), limits_(limits), metrics_(metrics) {
    metrics_.connection("inspector", +1);
  }
  ~InspectorDialogue() override { metrics_.connection("inspector", -1); }

  void receive(Bytes message, bool is_text, Answer answer) override {
    inspector_.asked_ns_.store(now_ns(), std::memory_order_relaxed);
    PageJson out;
    std::string pictures;
    try {
      const std::string_view text(reinterpret_cast<const char*>(message.data()), message.size());
      if (!is_text || text.size() > kLongestRequest) {
        throw Error(ErrorCode::kBadInput, "message: is no short text frame");
      }
      const WireMessage request = decode_json(text, limits_);
      list(out);
      const auto viewpoint = inspector_.find(request.count("id").value_or(0));
      if (viewpoint != nullptr) {
        if (const std::string* verb = request.text("do")) command(*viewpoint, *verb, request, out);
        tell(*viewpoint, request, out, pictures);
      }
    } catch (const Error& e) {
      metrics_.refused("inspector", "bad_input");
      out["error"] = e.what();
    } catch (const std::exception&) {
      metrics_.refused("inspector", "failed");
      out["error"] = "unexpected failure";
    }
    const std::string json = dump_page(out);
    Reply reply;
    for (int i = 0; i < 4; ++i) reply.bytes += static_cast<char>(json.size() >> (8 * i));
    reply.bytes += json;
    reply.bytes += pictures;
    answer(std::move(reply));
  }

 private:
  void list(PageJson& out) const {
    out["control"] = inspector_.control();
    PageJson places = PageJson::array();
    for (const auto& viewpoint : inspector_.all()) {
      const std::lock_guard lock(viewpoint->mutex_);
      places.push_back({{"id", viewpoint->id_},
                        {"name", viewpoint->name_},
                        {"state", viewpoint->state_},
                        {"commands", inspector_.control() && viewpoint->handler_ != nullptr}});
    }
    out["places"] = std::move(places);
  }

  void command(Viewpoint& viewpoint, const std::string& verb, const WireMessage& request,
               PageJson& out) const {
    if (!inspector_.control()) {
      throw Error(ErrorCode::kBadInput, "this page only looks: start libra with --control");
    }
    if (viewpoint.handler_ == nullptr) {
      throw Error(ErrorCode::kBadInput, viewpoint.name_ + ": takes no commands");
    }
    PageCommand command{verb, {}};
    if (const std::string* text = request.text("text")) command.text = *text;
    if (command.text.size() > static_cast<size_t>(limits_.text_bytes) ||
        !valid_utf8(command.text)) {
      throw Error(ErrorCode::kBadInput, "instruction: is too long, or no text");
    }
    viewpoint.handler_(command);
    out["done"] = verb;
  }

  void tell(Viewpoint& viewpoint, const WireMessage& request, PageJson& out,
            std::string& pictures) const {
    if (viewpoint.fill_ != nullptr) {
      std::call_once(viewpoint.filled_, [&] { viewpoint.fill_(viewpoint); });
    }
    std::shared_ptr<Viewpoint::Frame> frame;
    {
      const std::lock_guard lock(viewpoint.mutex_);
      const EpisodeLog& log = viewpoint.log_;
      const bool known = request.count("episode") == viewpoint.episode_;
      out["id"] = viewpoint.id_;
      out["episode"] = viewpoint.episode_;
      if (!known) {
        // A line of JSON that was made here or was read as such.
        out["head"] = PageJson::parse(log.head(), nullptr, false);
        out["suggestions"] = viewpoint.suggestions_;
      }
      const uint64_t from =
          std::clamp(known ? request.count("since").value_or(0) : 0, log.first(), log.next());
      const uint64_t to = std::min(log.next(), from + kMostLines);
      PageJson lines = PageJson::array();
      for (uint64_t n = from; n < to; ++n) lines.push_back(log.line(n));
      out["lines"] = std::move(lines);
      out["next"] = to;
      const auto at = request.number("at").value_or(-1.0);
      frame = viewpoint.frame_at(at >= 0 && at < 1e15 ? static_cast<int64_t>(at) : -1);
      const bool has =
          known && frame != nullptr && request.number("have").value_or(-1.0) == double(frame->step);
      if (has) frame = nullptr;
    }
    if (frame == nullptr) return;
    std::call_once(frame->made, [&] {
      for (const Image& picture : frame->pictures) {
        frame->jpegs.push_back(picture.height > 0 ? media::encode_jpeg(picture, kJpegQuality)
                                                  : std::vector<uint8_t>());
      }
    });
    PageJson sizes = PageJson::array();
    for (const auto& jpeg : frame->jpegs) {
      sizes.push_back(jpeg.size());
      pictures.append(jpeg.begin(), jpeg.end());
    }
    out["frame"] = {{"step", frame->step}, {"sizes", std::move(sizes)}};
  }

  Inspector& inspector_;
  const Limits limits_;
  Metrics& metrics_;
};

std::unique_ptr<Dialogue> Inspector::dialogue(const Limits& limits, Metrics& metrics) {
  return std::make_unique<InspectorDialogue>(*this, limits, metrics);
}

void add_inspector(Server& server, Inspector& inspector, bool front) {
  // They hold nothing of what is inspected, so they need no key; what they ask for does.
  for (const char* path : {"/inspect", "/"}) {
    if (path[1] != '\0' || front) {
      server.add_http(path, page_file("index.html", "text/html; charset=utf-8"), /*open=*/true);
    }
  }
  server.add_http("/inspect/page.css", page_file("page.css", "text/css; charset=utf-8"), true);
  for (const char* name : {"page.js", "timeline.js"}) {
    server.add_http(std::string("/inspect/") + name,
                    page_file(name, "text/javascript; charset=utf-8"), true);
  }
  server.add_websocket("/inspect/feed", [&server, &inspector](const std::string&) {
    return inspector.dialogue(server.limits(), server.metrics());
  });
}

}  // namespace libra::serving
