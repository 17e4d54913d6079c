#include "libra/serving/vla_eval.h"

#include "libra/core/error.h"
#include "libra/serving/pack.h"
#include "libra/serving/service.h"

namespace libra::serving {
namespace {

constexpr uint64_t kVersion = 1;

double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// A message up to its payload, which follows.
Pack& begin_message(Pack& pack, std::string_view type, uint64_t seq) {
  pack.map(4);
  pack.text("type").text(type);
  pack.text("seq").count(seq);
  pack.text("timestamp").number(unix_time());
  return pack.text("payload");
}

struct DimSpec {
  const char* name;
  size_t dims;
  const char* format;
  double low, high;
};

void pack_spec(Pack& pack, const DimSpec& spec) {
  const bool has_range = spec.low < spec.high;
  pack.text(spec.name).map(has_range ? 4 : 3);
  pack.text("name").text(spec.name);
  pack.text("dims").count(spec.dims);
  pack.text("format").text(spec.format);
  if (has_range) pack.text("range").list(2).number(spec.low).number(spec.high);
}

}  // namespace

VlaEvalDialogue::VlaEvalDialogue(Service& service, const std::string& peer)
    : service_(service),
      peer_(peer),
      session_(service.new_session()),
      view_(service, "vla-eval " + peer) {
  service_.metrics().connection("vla-eval", +1);
}

VlaEvalDialogue::~VlaEvalDialogue() {
  end_episode(false);
  service_.metrics().connection("vla-eval", -1);
}

Reply VlaEvalDialogue::refuse(const std::exception_ptr& failure, uint64_t seq) {
  const std::string text = service_.failure_text("vla-eval", peer_, failure);
  Pack pack(Pack::Names::kText);
  return {begin_message(pack, "error", seq).map(1).text("error").text(text).take()};
}

Reply VlaEvalDialogue::hello(const WireMessage& payload, uint64_t seq) {
  const auto version = payload.count("protocol_version");
  if (version != kVersion) {
    throw Error(ErrorCode::kBadInput,
                {.where = "hello",
                 .problem = "another protocol version",
                 .expected = std::to_string(kVersion),
                 .found = version ? std::to_string(*version) : std::string("none")});
  }
  if (const std::string* benchmark = payload.text("benchmark")) benchmark_ = *benchmark;
  const std::string* harness = payload.text("harness_version");
  service_.log().line("hello", {{"peer", peer_}, {"benchmark", printable(benchmark_, 120)}});
  Pack pack(Pack::Names::kText);
  begin_message(pack, "hello", seq);
  const bool is_libero = service_.spec().embodiment.name == "libero_panda";
  pack.map(is_libero ? 7 : 4);
  pack.text("harness_version").text(harness != nullptr ? printable(*harness, 30) : "");
  pack.text("protocol_version").count(kVersion);
  pack.text("model_server").text("libra " + service_.spec().name);
  pack.text("capabilities").map(0);
  if (is_libero) {
    // What its LIBERO benchmarks have to send: also the hand's camera and the state, with the
    // rotation as robosuite writes it.
    pack.text("observation_params").map(3);
    pack.text("send_wrist_image").truth(true);
    pack.text("send_state").truth(true);
    pack.text("quat_no_antipodal").truth(true);
    pack.text("action_spec").map(3);
    pack_spec(pack, {"position", 3, "delta_xyz", -1.0, 1.0});
    pack_spec(pack, {"rotation", 3, "axis_angle", -3.15, 3.15});
    pack_spec(pack, {"gripper", 1, "binary_close_positive", -1.0, 1.0});
    pack.text("observation_spec").map(4);
    pack_spec(pack, {"agentview", 0, "rgb_hwc_uint8", 0.0, 0.0});
    pack_spec(pack, {"wrist", 0, "rgb_hwc_uint8", 0.0, 0.0});
    pack_spec(pack, {"state", 8, "eef_pos3_axisangle3_gripper2", 0.0, 0.0});
    pack_spec(pack, {"language", 0, "language", 0.0, 0.0});
  }
  return {pack.take()};
}

void VlaEvalDialogue::receive(Bytes bytes, bool is_text, Answer answer) {
  received_ = std::chrono::steady_clock::now();
  uint64_t seq = 0;
  try {
    if (is_text) {
      throw Error(ErrorCode::kBadInput,
                  {.where = "message", .problem = "is a text frame", .expected = "a binary one"});
    }
    WireMessage message = decode_msgpack(bytes, service_.options().limits);
    seq = message.count("seq").value_or(0);
    const std::string* type_found = message.text("type");
    if (type_found == nullptr || !message.has("payload") || !message.has("seq") ||
        !message.has("timestamp")) {
      throw Error(ErrorCode::kBadInput, {.where = "message",
                                         .problem = "a field is missing",
                                         .expected = "type, payload, seq and timestamp"});
    }
    const std::string type = *type_found;
    message.descend("payload");
    if (type == "hello") return answer(hello(message, seq));
    if (type == "observation") return observe(message, seq, std::move(answer));
    if (type == "episode_start") {
      start_episode(message);
    } else if (type == "episode_end") {
      end_episode(message.flag("metrics/success"));
    } else if (type == "error") {
      const std::string* text = message.text("error");
      service_.log().line("client error",
                          {{"peer", peer_}, {"error", text ? printable(*text, 200) : ""}});
    } else {
      throw Error(ErrorCode::kBadInput,
                  {.where = "message",
                   .problem = "an unknown type",
                   .expected = "hello, episode_start, observation, episode_end or error",
                   .found = printable(type, 30)});
    }
    answer({});
  } catch (const std::exception&) {
    answer(refuse(std::current_exception(), seq));
  }
}

void VlaEvalDialogue::start_episode(const WireMessage& payload) {
  end_episode(false);
  mark_.episode = payload.count("task/episode_idx");
  if (const std::string* name = payload.text("task/name")) mark_.task = *name;
}

void VlaEvalDialogue::end_episode(bool success) {
  if (track_ != nullptr) service_.recorder()->finish(std::move(track_), success);
  view_.ended(success);
  step_ = 0;
  chunk_step_ = 0;
  chunk_.horizon = 0;
  mark_ = {};
  mark_.reset = true;
}

void VlaEvalDialogue::observe(const WireMessage& payload, uint64_t seq, Answer answer) {
  const bool in_chunk = step_ < chunk_step_ + chunk_.horizon;
  const bool records = service_.recorder() != nullptr;
  if (in_chunk && !records) return answer(next_action(seq));
  ObservationMap::Mapped mapped =
      service_.map().read(payload, service_.options().limits, service_.flip_for(benchmark_));
  auto work = std::make_unique<Work>();
  work->observation = std::move(mapped.observation);
  work->instruction = std::move(mapped.instruction);
  work->observation.step = step_;
  if (in_chunk) {
    Reply reply = next_action(seq);
    const auto at = static_cast<size_t>(step_ - 1 - chunk_step_);
    service_.recorder()->add(track_, std::move(work->observation), work->instruction,
                             chunk_.actions[at], peer_);
    return answer(std::move(reply));
  }
  work->session = session_;
  work->mark = mark_;
  work->mark.step = step_;
  work->wants_chunk = true;
  work->done = [this, seq, answer = std::move(answer)](std::unique_ptr<Work> done) {
    take(std::move(done), seq, answer);
  };
  service_.inference().ask(std::move(work));
}

void VlaEvalDialogue::take(std::unique_ptr<Work> work, uint64_t seq, const Answer& answer) {
  if (work->failure) return answer(refuse(work->failure, seq));
  mark_.reset = false;
  const double total =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - received_).count();
  service_.metrics().answered("vla-eval", total, work->wait_ms / 1e3, work->infer_ms / 1e3);
  view_.answered(*work, total * 1e3);
  chunk_ = std::move(work->chunk);
  chunk_step_ = step_;
  Reply reply = next_action(seq);
  if (service_.recorder() != nullptr) {
    service_.recorder()->add(track_, std::move(work->observation), work->instruction,
                             chunk_.actions[0], peer_);
  }
  answer(std::move(reply));
}

Reply VlaEvalDialogue::next_action(uint64_t seq) {
  const auto row = chunk_.actions[static_cast<size_t>(step_ - chunk_step_)];
  ++step_;
  Pack pack(Pack::Names::kText);
  return {begin_message(pack, "action", seq).map(1).text("actions").floats(row).take()};
}

}  // namespace libra::serving
