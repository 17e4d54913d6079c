#include "libra/serving/openpi.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "libra/core/error.h"
#include "libra/serving/pack.h"
#include "libra/serving/service.h"

namespace libra::serving {
namespace {

[[noreturn]] void refuse_call(const std::string& problem, const std::string& expected = "") {
  throw Error(ErrorCode::kBadInput,
              {.where = "libra/call", .problem = problem, .expected = expected});
}

const WireArray& wire_array(const WireMessage& message, const char* name, char kind, size_t item,
                            const std::vector<int64_t>& shape) {
  const WireValue* value = message.find(name);
  const auto* array = value == nullptr ? nullptr : std::get_if<WireArray>(value);
  if (array == nullptr || array->kind != kind || array->item != item || array->big_endian ||
      array->shape != shape) {
    WireArray wanted;
    wanted.kind = kind;
    wanted.item = item;
    wanted.shape = shape;
    refuse_call(std::string(name) + " is not as it should be", wanted.describe());
  }
  return *array;
}

template <class T>
void copy_into(const WireArray& array, std::span<T> out) {
  std::memcpy(out.data(), array.bytes.data(), out.size_bytes());
}

Intent read_intent(const WireMessage& message, const PolicySpec& spec) {
  const int64_t horizon = spec.horizon, dims = spec.embodiment.model_dim();
  Intent intent(spec.horizon, static_cast<size_t>(dims), spec.bins);
  copy_into(wire_array(message, "libra/intent/bin", 'u', 1, {horizon, dims}), intent.bin.values());
  copy_into(wire_array(message, "libra/intent/probability", 'f', 4, {horizon, dims}),
            intent.probability.values());
  copy_into(wire_array(message, "libra/intent/entropy", 'f', 4, {horizon}),
            std::span<float>(intent.entropy));
  for (const uint8_t bin : intent.bin.values()) {
    if (bin >= spec.bins) refuse_call("a bin of libra/intent/bin is none of the policy's");
  }
  return intent;
}

ActionPrior read_prior(const WireMessage& message, const PolicySpec& spec) {
  ActionPrior prior;
  const auto count = message.count("libra/prior/count").value_or(0);
  if (count == 0) return prior;
  if (count > static_cast<uint64_t>(spec.horizon)) {
    refuse_call("libra/prior/count is more than a chunk has", std::to_string(spec.horizon));
  }
  const auto rows = static_cast<int64_t>(count);
  const int64_t dims = spec.embodiment.action_dim();
  prior.count = static_cast<int32_t>(count);
  prior.actions.resize(count, static_cast<size_t>(dims));
  prior.weight.resize(count);
  copy_into(wire_array(message, "libra/prior/actions", 'f', 4, {rows, dims}),
            prior.actions.values());
  copy_into(wire_array(message, "libra/prior/weight", 'f', 4, {rows}),
            std::span<float>(prior.weight));
  for (const float x : prior.actions.values()) {
    if (!std::isfinite(x)) refuse_call("libra/prior/actions has a number that is none");
  }
  for (const float x : prior.weight) {
    if (!(x >= 0.0f && x <= 1.0f)) refuse_call("libra/prior/weight is not of [0, 1]");
  }
  return prior;
}

EpisodeMark read_mark(const WireMessage& message) {
  EpisodeMark mark;
  mark.seed = message.count(OpenpiNames::kSeed);
  mark.episode = message.count(OpenpiNames::kEpisode);
  if (const std::string* task = message.text(OpenpiNames::kTask)) mark.task = *task;
  if (const auto step = message.count(OpenpiNames::kStep)) {
    mark.step = static_cast<int64_t>(std::min<uint64_t>(*step, INT32_MAX));
  }
  mark.reset = message.flag(OpenpiNames::kReset);
  return mark;
}

std::string pack_plan(const Work& work) {
  const IntentPlan& plan = work.plan;
  const size_t rows = static_cast<size_t>(plan.horizon());
  const size_t dims = plan.expansion > 0 ? plan.intents[0].dims() : 0;
  const auto slices = static_cast<size_t>(plan.expansion);
  std::vector<uint8_t> bins;
  std::vector<float> probability, entropy;
  for (size_t m = 0; m < slices; ++m) {
    const Intent& intent = plan.intents[m];
    const auto bin = intent.bin.values();
    const auto share = intent.probability.values();
    bins.insert(bins.end(), bin.begin(), bin.end());
    probability.insert(probability.end(), share.begin(), share.end());
    entropy.insert(entropy.end(), intent.entropy.begin(), intent.entropy.end());
  }
  Pack pack;
  pack.map(4);
  pack.text("bin").array("|u1", {slices, rows, dims}, bins.data(), bins.size());
  pack.text("probability")
      .array("<f4", {slices, rows, dims}, probability.data(), probability.size() * sizeof(float));
  pack.text("entropy").array("<f4", {slices, rows}, entropy.data(), entropy.size() * sizeof(float));
  pack.text("policy_timing").map(1).text("infer_ms").number(work.infer_ms);
  return pack.take();
}

}  // namespace

OpenpiDialogue::OpenpiDialogue(Service& service, const std::string& peer)
    : service_(service),
      peer_(peer),
      session_(service.new_session()),
      view_(service, "openpi " + peer) {
  service_.metrics().connection("openpi", +1);
}

OpenpiDialogue::~OpenpiDialogue() {
  if (track_ != nullptr) service_.recorder()->finish(std::move(track_));
  service_.metrics().connection("openpi", -1);
}

std::string OpenpiDialogue::greeting() {
  const PolicySpec& spec = service_.spec();
  Embodiment embodiment = spec.embodiment;
  Pack pack;
  pack.map(3);
  pack.text("action_horizon").count(static_cast<uint64_t>(spec.horizon));
  pack.text("control_hz").number(spec.embodiment.control_hz);
  pack.text("libra").map(7);
  pack.text("name").text(spec.name);
  pack.text("variant").text(spec.variant);
  pack.text("horizon").count(static_cast<uint64_t>(spec.horizon));
  pack.text("expansion").count(static_cast<uint64_t>(spec.expansion));
  pack.text("bins").count(static_cast<uint64_t>(spec.bins));
  pack.text("image_size").count(static_cast<uint64_t>(spec.image_size));
  pack.text("embodiment").text(list_fields(embodiment).to_json());
  return pack.take();
}

Reply OpenpiDialogue::refuse(const std::exception_ptr& failure) {
  // As openpi's server does: a text frame, then the end. Its client raises what the text says.
  return {service_.failure_text("openpi", peer_, failure), true, 1011,
          "Internal server error. Traceback included in previous frame."};
}

void OpenpiDialogue::receive(Bytes bytes, bool is_text, Answer answer) {
  received_ = std::chrono::steady_clock::now();
  try {
    if (is_text) {
      throw Error(ErrorCode::kBadInput, {.where = "message",
                                         .problem = "is a text frame",
                                         .expected = "a binary frame of msgpack"});
    }
    const WireMessage message = decode_msgpack(bytes, service_.options().limits);
    ObservationMap::Mapped mapped =
        service_.map().read(message, service_.options().limits, service_.flip_for(""));
    auto work = std::make_unique<Work>();
    work->observation = std::move(mapped.observation);
    work->instruction = std::move(mapped.instruction);
    ask(message, std::move(work), std::move(answer));
  } catch (const std::exception&) {
    answer(refuse(std::current_exception()));
  }
}

void OpenpiDialogue::ask(const WireMessage& message, std::unique_ptr<Work> work, Answer answer) {
  const PolicySpec& spec = service_.spec();
  const std::string* call = message.text(OpenpiNames::kCall);
  if (call == nullptr) {
    work->session = session_;
    work->mark = read_mark(message);
    work->wants_chunk = true;
  } else if (*call == "plan") {
    if (spec.expansion == 0) refuse_call("this policy has no planner");
    work->wants_plan = true;
  } else if (*call == "refine") {
    if (message.has("libra/intent")) {
      work->has_intent = true;
      work->intent = read_intent(message, spec);
    } else if (spec.expansion > 0) {
      refuse_call("a chunk of this policy needs an intent", "libra/intent");
    }
    work->prior = read_prior(message, spec);
    work->wants_chunk = true;
  } else {
    refuse_call("is no call", "plan or refine");
  }
  if (call != nullptr) {
    work->seed = message.count(OpenpiNames::kSeed).value_or(0);
    work->observation.step = static_cast<int64_t>(
        std::min<uint64_t>(message.count(OpenpiNames::kStep).value_or(0), INT32_MAX));
  }
  // The answer may come when the connection is gone: the server keeps the dialogue until then.
  work->done = [this, answer = std::move(answer)](std::unique_ptr<Work> done) {
    Reply reply = done->failure ? refuse(done->failure) : reply_to(*done);
    if (!done->failure && done->session != nullptr && service_.recorder() != nullptr) {
      if (done->fresh) service_.recorder()->finish(std::move(track_));
      service_.recorder()->add(track_, std::move(done->observation), done->instruction,
                               done->chunk.actions[0], peer_);
    }
    answer(std::move(reply));
  };
  service_.inference().ask(std::move(work));
}

Reply OpenpiDialogue::reply_to(const Work& work) {
  const double total_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - received_)
          .count();
  service_.metrics().answered("openpi", total_ms / 1e3, work.wait_ms / 1e3, work.infer_ms / 1e3);
  if (work.session != nullptr) view_.answered(work, total_ms);
  if (!work.wants_chunk) return {pack_plan(work)};
  const bool bare = work.session == nullptr;
  Pack pack;
  pack.map(bare ? 4 : 3);
  pack.text("actions").rows(work.chunk.actions, static_cast<size_t>(work.chunk.horizon));
  pack.text("policy_timing").map(1).text("infer_ms").number(work.infer_ms);
  pack.text("server_timing").map(previous_ms_ >= 0 ? 2 : 1).text("infer_ms").number(total_ms);
  if (previous_ms_ >= 0) pack.text("prev_total_ms").number(previous_ms_);
  if (bare) pack.text("libra/outside").number(work.chunk.outside);
  previous_ms_ = total_ms;
  return {pack.take()};
}

}  // namespace libra::serving
