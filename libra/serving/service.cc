#include "libra/serving/service.h"

#include "libra/action/action.h"
#include "libra/core/error.h"
#include "libra/serving/openpi.h"
#include "libra/serving/vla_eval.h"

namespace libra::serving {
namespace {

using nlohmann::json;

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json act_json(const Work& work, const PolicySpec& spec, const action::Codec& codec) {
  json actions = json::array();
  for (int i = 0; i < work.chunk.horizon; ++i) {
    const auto row = work.chunk.actions[static_cast<size_t>(i)];
    actions.push_back(std::vector<float>(row.begin(), row.end()));
  }
  json out = {{"actions", actions},
              {"action_names", spec.embodiment.action_names()},
              {"timing", {{"infer_ms", work.infer_ms}, {"wait_ms", work.wait_ms}}}};
  if (work.has_intent) {
    out["intent"] = action::describe(work.intent, codec.binner(work.intent.bins), spec.embodiment);
  }
  return out;
}

}  // namespace

Service::Service(Policy& policy, const ServiceOptions& options, Log& log)
    : spec_(policy.spec()),
      options_(options),
      log_(log),
      map_(spec_.embodiment, options.map),
      codec_(policy.codec()) {
  options_.schedule.validate(spec_.horizon);
  check_schedule(options_.schedule, spec_, policy.planner() != nullptr);
  if (!options.record.empty()) {
    recorder_ = std::make_unique<Recorder>(options.record, spec_.embodiment, metrics_, log_);
  }
  inference_ = std::make_unique<Inference>(policy, options.inference, metrics_, options.trace);
}

Service::~Service() = default;

std::shared_ptr<Session> Service::new_session() {
  return std::make_shared<Session>(spec_, options_.schedule, options_.seed, ++sessions_,
                                   options_.counted);
}

std::optional<Flip> Service::flip_for(const std::string& benchmark) const {
  switch (options_.flip) {
    case MessageFlip::kNone:
      return Flip::kNone;
    case MessageFlip::kVertical:
      return Flip::kVertical;
    case MessageFlip::kHorizontal:
      return Flip::kHorizontal;
    case MessageFlip::kRotated:
      return Flip::kRotated;
    case MessageFlip::kAuto:
      break;
  }
  // Its LIBERO benchmarks turn the renderer's pictures, bottom row first, by 180 degrees: upright,
  // but left is right.
  if (benchmark.find("benchmarks.libero") != std::string::npos) return Flip::kHorizontal;
  return std::nullopt;
}

std::unique_ptr<Dialogue> Service::openpi(const std::string& peer) {
  return std::make_unique<OpenpiDialogue>(*this, peer);
}

std::unique_ptr<Dialogue> Service::vla_eval(const std::string& peer) {
  return std::make_unique<VlaEvalDialogue>(*this, peer);
}

std::string Service::failure_text(const std::string& protocol, const std::string& peer,
                                  const std::exception_ptr& failure) {
  std::string text = "unexpected failure";
  bool is_input = false;
  try {
    std::rethrow_exception(failure);
  } catch (const Error& e) {
    text = e.what();
    is_input = e.code() == ErrorCode::kBadInput;
  } catch (const std::bad_alloc&) {
    text = "there is not enough memory for this message";
  } catch (const std::exception& e) {
    text = std::string("unexpected failure: ") + e.what();
  }
  metrics_.refused(protocol, is_input ? "bad_input" : "failed");
  log_.line("refused",
            {{"protocol", protocol}, {"peer", peer}, {"error", text.substr(0, text.find('\n'))}});
  return text;
}

void Service::act(std::string_view body, const std::string& content_type,
                  std::function<void(std::string json, bool ok)> answer) {
  const auto start = std::chrono::steady_clock::now();
  const auto fail = [this, answer](const std::exception_ptr& failure) {
    answer(dump({{"error", failure_text("act", "", failure)}}) + "\n", false);
  };
  try {
    const WireMessage message = content_type.starts_with("multipart/form-data")
                                    ? decode_form(body, content_type, options_.limits)
                                    : decode_json(body, options_.limits);
    ObservationMap::Mapped mapped = map_.read(message, options_.limits, flip_for(""));
    auto work = std::make_unique<Work>();
    work->observation = std::move(mapped.observation);
    work->instruction = std::move(mapped.instruction);
    work->seed = message.count("libra/seed").value_or(options_.seed);
    work->wants_plan = spec_.expansion > 0;
    work->wants_chunk = true;
    work->done = [this, answer, fail, start](std::unique_ptr<Work> done) {
      if (done->failure) return fail(done->failure);
      const double total =
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      metrics_.answered("act", total, done->wait_ms / 1e3, done->infer_ms / 1e3);
      answer(dump(act_json(*done, spec_, codec_)) + "\n", true);
    };
    inference_->ask(std::move(work));
  } catch (const std::exception&) {
    fail(std::current_exception());
  }
}

std::string Service::describe() const {
  const json config = {
      {"name", spec_.name},
      {"checkpoint", options_.checkpoint},
      {"embodiment", spec_.embodiment.name},
      {"action_horizon", spec_.horizon},
      {"action_names", spec_.embodiment.action_names()},
      {"control_hz", spec_.embodiment.control_hz},
      {"schedule", word_of(options_.schedule.schedule)},
      {"expansion", options_.schedule.expansion},
      {"max_batch_size", options_.inference.max_batch},
      {"max_wait_time", options_.inference.batch_wait_ms / 1000.0},
      {"observation", map_.table()},
  };
  return dump({{"applied", json::object()}, {"config", config}}) + "\n";
}

}  // namespace libra::serving
