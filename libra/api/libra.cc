// The C API: checks what C cannot promise, calls api/, turns exceptions into status codes.
#include "libra/api/libra.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "libra/api/api.h"
#include "libra/core/error.h"
#include "libra/policy/load_policy.h"

// What the handles point to. Names are kept here, because the API hands out pointers to them.
struct libra_policy {
  std::shared_ptr<libra::Policy> policy;
  std::vector<std::string> cameras, proprio, actions;
};
struct libra_session {
  std::shared_ptr<libra::Policy> policy;
  libra::api::Session session;
};

namespace {

using libra::Error;
using libra::ErrorCode;

// The last error of a thread, with the memory that it points into.
struct LastError {
  std::string message;
  libra::Error::Parts parts;
  libra_error view = {LIBRA_OK, "", "", "", "", "", ""};

  libra_status set(libra_status status, const std::string& text, const libra::Error::Parts& of) {
    message = text;
    parts = of;
    view = {status,
            message.c_str(),
            parts.where.c_str(),
            parts.problem.c_str(),
            parts.expected.c_str(),
            parts.found.c_str(),
            parts.next.c_str()};
    return status;
  }
};
thread_local LastError last_error;

libra_status status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kBadInput:
      return LIBRA_BAD_INPUT;
    case ErrorCode::kNotFound:
      return LIBRA_NOT_FOUND;
    case ErrorCode::kInterrupted:
      return LIBRA_INTERRUPTED;
    case ErrorCode::kFailed:
      break;
  }
  return LIBRA_FAILED;
}

// Nothing leaves the library as an exception, not even what happens while one is told.
template <class Work>
libra_status guarded(const Work& work) noexcept {
  try {
    try {
      work();
      return LIBRA_OK;
    } catch (const Error& error) {
      return last_error.set(status_of(error.code()), error.what(), error.parts());
    } catch (const std::bad_alloc&) {
      return last_error.set(LIBRA_FAILED, "there is not enough memory",
                            {.problem = "there is not enough memory"});
    } catch (const std::exception& error) {
      return last_error.set(LIBRA_FAILED, error.what(), {.problem = error.what()});
    }
  } catch (...) {
    last_error.view = {LIBRA_FAILED, "an error that could not be told", "", "", "", "", ""};
    return LIBRA_FAILED;
  }
}

[[noreturn]] void refuse(const std::string& where, const std::string& problem,
                         const std::string& expected = "", const std::string& found = "") {
  throw Error(
      ErrorCode::kBadInput,
      {.where = where, .problem = problem, .expected = expected, .found = found, .next = ""});
}

void require(const void* pointer, const char* name) {
  if (pointer == nullptr) refuse(name, "is NULL");
}

// A struct of the caller's version over our defaults: fields that it does not have stay as they
// are, those of a newer caller are not known here and refused.
template <class Struct>
Struct read_struct(const Struct* given, const Struct& defaults, const char* name) {
  if (given == nullptr) return defaults;
  if (given->size < sizeof given->size || given->size > sizeof(Struct)) {
    refuse(std::string(name) + ".size", "is not of this version of the API",
           "at most " + std::to_string(sizeof(Struct)), std::to_string(given->size));
  }
  Struct own = defaults;
  std::memcpy(&own, given, given->size);
  return own;
}

void require_count(uint64_t given, uint64_t wanted, const char* name) {
  if (given != wanted) {
    refuse(name, "is not the size of the answer", std::to_string(wanted), std::to_string(given));
  }
}

libra::api::NamedArray named_array(const libra_array& given, int32_t index) {
  const std::string where = "observation.arrays[" + std::to_string(index) + "]";
  require(given.name, (where + ".name").c_str());
  require(given.data, (where + ".data").c_str());
  libra::api::NamedArray array{.name = given.name, .data = given.data};
  uint64_t bytes = 0;
  switch (given.dtype) {
    case LIBRA_UINT8:
      array.dtype = libra::api::Dtype::kUint8;
      bytes = 1;
      break;
    case LIBRA_FLOAT32:
      array.dtype = libra::api::Dtype::kFloat32;
      bytes = 4;
      break;
    case LIBRA_FLOAT64:
      array.dtype = libra::api::Dtype::kFloat64;
      bytes = 8;
      break;
    default:
      refuse(where + " " + given.name, "is of no known dtype",
             "LIBRA_UINT8, LIBRA_FLOAT32 or LIBRA_FLOAT64", std::to_string(given.dtype));
  }
  if (given.rank < 1 || given.rank > 4) {
    refuse(where + " " + given.name, "has an impossible rank", "1 to 4",
           std::to_string(given.rank));
  }
  for (int32_t i = 0; i < given.rank; ++i) {
    const int64_t side = given.shape[i];
    if (side < 0 || __builtin_mul_overflow(bytes, static_cast<uint64_t>(side), &bytes)) {
      refuse(where + " " + given.name, "has an impossible shape", "", std::to_string(side));
    }
    array.shape.push_back(side);
  }
  if (bytes != given.bytes) {
    refuse(where + " " + given.name, "has not the bytes that dtype and shape ask for",
           std::to_string(bytes), std::to_string(given.bytes));
  }
  return array;
}

libra::Observation read_observation(const libra_observation* given, const libra::Policy& policy) {
  require(given, "observation");
  const libra_observation own =
      read_struct(given, {sizeof(libra_observation), 0, nullptr}, "observation");
  constexpr int32_t kMost = 1024;
  if (own.count < 0 || own.count > kMost) {
    refuse("observation.count", "is impossible", "0 to " + std::to_string(kMost),
           std::to_string(own.count));
  }
  if (own.count > 0) require(own.arrays, "observation.arrays");
  std::vector<libra::api::NamedArray> arrays;
  for (int32_t i = 0; i < own.count; ++i) arrays.push_back(named_array(own.arrays[i], i));
  return libra::api::observation_of(arrays, policy.spec().embodiment);
}

const char* name_at(const std::vector<std::string>& names, int32_t index) {
  const bool there = index >= 0 && static_cast<size_t>(index) < names.size();
  return there ? names[static_cast<size_t>(index)].c_str() : nullptr;
}

libra::PolicyOptions read_options(const libra_policy_options* given) {
  const auto own = read_struct<libra_policy_options>(given, LIBRA_POLICY_OPTIONS_INIT, "options");
  require(own.precision, "options.precision");
  require(own.device, "options.device");
  libra::PolicyOptions options;
  options.threads = own.threads;
  options.denoise_steps = own.denoise_steps;
  options.sample_intents = own.sample_intents != 0;
  options.precision = libra::parse_word<libra::Precision>(own.precision, "precision");
  options.device = own.device;
  return options;
}

}  // namespace

uint32_t libra_api_version(void) { return LIBRA_API_VERSION; }

const char* libra_version(void) { return LIBRA_VERSION; }

const libra_error* libra_last_error(void) { return &last_error.view; }

libra_status libra_policy_open(const char* checkpoint, const libra_policy_options* options,
                               libra_policy** out) {
  return guarded([&] {
    require(out, "out");
    *out = nullptr;
    require(checkpoint, "checkpoint");
    auto handle = std::make_unique<libra_policy>();
    handle->policy = std::make_shared<libra::api::TakingTurns>(
        libra::load_policy(checkpoint, read_options(options)));
    const libra::Embodiment& robot = handle->policy->spec().embodiment;
    handle->cameras = robot.camera_names();
    handle->proprio = robot.proprio_names();
    handle->actions = robot.action_names();
    *out = handle.release();
  });
}

void libra_policy_close(libra_policy* policy) { delete policy; }

libra_status libra_policy_spec(const libra_policy* policy, libra_spec* out) {
  return guarded([&] {
    require(policy, "policy");
    require(out, "out");
    const auto asked = read_struct<libra_spec>(out, LIBRA_SPEC_INIT, "out");
    const libra::PolicySpec& spec = policy->policy->spec();
    const libra_spec own = {asked.size,
                            spec.horizon,
                            spec.expansion,
                            spec.bins,
                            static_cast<int32_t>(spec.embodiment.cameras.size()),
                            spec.embodiment.proprio_dim(),
                            spec.embodiment.action_dim(),
                            spec.embodiment.model_dim(),
                            spec.embodiment.control_hz,
                            spec.name.c_str(),
                            spec.variant.c_str(),
                            spec.embodiment.name.c_str()};
    std::memcpy(out, &own, asked.size);
  });
}

const char* libra_policy_camera(const libra_policy* policy, int32_t index) {
  return policy == nullptr ? nullptr : name_at(policy->cameras, index);
}
const char* libra_policy_proprio_name(const libra_policy* policy, int32_t index) {
  return policy == nullptr ? nullptr : name_at(policy->proprio, index);
}
const char* libra_policy_action_name(const libra_policy* policy, int32_t index) {
  return policy == nullptr ? nullptr : name_at(policy->actions, index);
}

libra_status libra_policy_infer(libra_policy* policy, const libra_observation* observation,
                                const char* instruction, uint64_t seed, libra_inference* out) {
  return guarded([&] {
    require(policy, "policy");
    require(instruction, "instruction");
    require(out, "out");
    const auto to = read_struct<libra_inference>(out, LIBRA_INFERENCE_INIT, "out");
    const libra::PolicySpec& spec = policy->policy->spec();
    const auto actions = static_cast<uint64_t>(spec.horizon * spec.embodiment.action_dim());
    const auto intents =
        static_cast<uint64_t>(spec.expansion * spec.horizon * spec.embodiment.model_dim());
    if (to.actions != nullptr) require_count(to.action_count, actions, "out.action_count");
    if (to.bins != nullptr || to.probabilities != nullptr) {
      require_count(to.intent_count, intents, "out.intent_count");
    }
    const libra::Observation seen = read_observation(observation, *policy->policy);
    const auto answer = libra::api::infer(*policy->policy, seen, instruction, seed);
    if (to.actions != nullptr) {
      std::copy_n(answer.chunk.actions.values().data(), actions, to.actions);
    }
    uint8_t* bins = to.bins;
    float* probabilities = to.probabilities;
    for (const libra::Intent& intent : answer.plan.intents) {
      const auto bin = intent.bin.values();
      const auto probability = intent.probability.values();
      if (bins != nullptr) bins = std::copy(bin.begin(), bin.end(), bins);
      if (probabilities != nullptr) {
        probabilities = std::copy(probability.begin(), probability.end(), probabilities);
      }
    }
  });
}

libra_status libra_session_open(libra_policy* policy, const libra_session_options* options,
                                libra_session** out) {
  return guarded([&] {
    require(out, "out");
    *out = nullptr;
    require(policy, "policy");
    const auto own =
        read_struct<libra_session_options>(options, LIBRA_SESSION_OPTIONS_INIT, "options");
    require(own.schedule, "options.schedule");
    require(own.stale, "options.stale");
    libra::ScheduleConfig schedule;
    schedule.schedule = libra::parse_word<libra::ScheduleKind>(own.schedule, "options.schedule");
    schedule.stale = libra::parse_word<libra::Stale>(own.stale, "options.stale");
    schedule.expansion = own.expansion;
    *out = new libra_session{policy->policy, {policy->policy, schedule, own.realtime != 0}};
  });
}

void libra_session_close(libra_session* session) { delete session; }

libra_status libra_session_reset(libra_session* session, const char* instruction, const char* task,
                                 uint64_t seed, uint64_t episode) {
  return guarded([&] {
    require(session, "session");
    require(instruction, "instruction");
    session->session.reset(instruction, task == nullptr ? "" : task, seed, episode);
  });
}

libra_status libra_session_needs_observation(libra_session* session, int32_t* needed) {
  return guarded([&] {
    require(session, "session");
    require(needed, "needed");
    *needed = session->session.needs_observation() ? 1 : 0;
  });
}

libra_status libra_session_next(libra_session* session, const libra_observation* observation,
                                float* action, uint64_t action_count, int32_t* source) {
  return guarded([&] {
    require(session, "session");
    require(action, "action");
    const auto dims = static_cast<uint64_t>(session->policy->spec().embodiment.action_dim());
    require_count(action_count, dims, "action_count");
    libra::Observation seen;
    if (observation != nullptr) seen = read_observation(observation, *session->policy);
    const libra::Tick& tick = session->session.next(observation != nullptr ? &seen : nullptr);
    std::copy_n(tick.action.data(), dims, action);
    if (source != nullptr) {
      *source = tick.source == libra::Tick::Source::kHold ? LIBRA_HOLD : LIBRA_CHUNK;
    }
  });
}
