#include "libra/data/replay.h"

#include <algorithm>
#include <cmath>

#include "libra/core/error.h"

namespace libra::data {
namespace {

constexpr size_t kTogether = 16;  // frames that the networks see at once

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0.0 : sum / double(values.size());
}

// The first frame with an action before it that has pictures, and whose chunks' frames have, too.
int first_frame(const Demo& demo, int horizon) {
  if (demo.every == 1) return 1;
  if (horizon % demo.every == 0) return demo.every;
  throw Error(ErrorCode::kBadInput,
              {.where = demo.task + ", episode " + std::to_string(demo.episode),
               .problem = "has pictures of one step in " + std::to_string(demo.every) +
                          " only, and the policy looks at every " + std::to_string(horizon) + "th",
               .next = "replay episodes with all their pictures"});
}

// Adds the errors of the chunks at frames first, first + 1 H, ... of an episode.
void replay_frames(Policy& policy, const EpisodeSet& set, int episode, int first, size_t count,
                   ReplayError& out) {
  const Demo& demo = set.demo(episode);
  const int horizon = policy.spec().horizon;
  std::vector<Observation> observations(count);
  std::vector<PlanRequest> plan_requests;
  std::vector<IntentPlan> plans(count);
  std::vector<RefineRequest> requests;
  std::vector<ActionChunk> chunks(count);
  for (size_t i = 0; i < count; ++i) {
    const int t = first + int(i) * horizon;
    observations[i].images = set.pictures(episode, t);
    observations[i].proprio.assign(demo.proprio[size_t(t)].begin(), demo.proprio[size_t(t)].end());
    observations[i].step = t;
    plan_requests.push_back({.observation = &observations[i], .instruction = demo.instruction});
  }
  if (policy.planner() != nullptr) policy.planner()->plan(plan_requests, plans);
  for (size_t i = 0; i < count; ++i) {
    requests.push_back({.observation = &observations[i],
                        .intent = plans[i].expansion > 0 ? &plans[i].intents[0] : nullptr,
                        .instruction = demo.instruction,
                        .seed = uint64_t(observations[i].step)});
  }
  policy.refiner().refine(requests, chunks);
  for (size_t i = 0; i < count; ++i) {
    const size_t t = size_t(observations[i].step);
    for (size_t step = 0; step < size_t(horizon); ++step, ++out.steps) {
      for (size_t d = 0; d < out.policy.size(); ++d) {
        const double real = demo.expert_actions[t + step][d];
        out.policy[d] += std::abs(chunks[i].actions[step][d] - real);
        out.hold[d] += std::abs(demo.expert_actions[t - 1][d] - real);
      }
    }
  }
}

}  // namespace

double ReplayError::mean_policy() const { return mean_of(policy); }
double ReplayError::mean_hold() const { return mean_of(hold); }

ReplayError replay(Policy& policy, const EpisodeSet& set, const std::vector<int>& episodes,
                   const std::atomic<bool>* stop, const std::function<void()>& on_episode) {
  const int horizon = policy.spec().horizon;
  const size_t dims = size_t(policy.spec().embodiment.action_dim());
  ReplayError out{.policy = std::vector<double>(dims), .hold = std::vector<double>(dims)};
  for (const int episode : episodes) {
    if (stop != nullptr && *stop) break;
    const int start = first_frame(set.demo(episode), horizon);
    const int chunks = std::max(0, set.demo(episode).frames - start) / horizon;
    for (int done = 0; done < chunks; done += int(kTogether)) {
      replay_frames(policy, set, episode, start + done * horizon,
                    std::min(kTogether, size_t(chunks - done)), out);
    }
    ++out.episodes;
    if (on_episode) on_episode();
  }
  for (std::vector<double>* sums : {&out.policy, &out.hold}) {
    for (double& sum : *sums) sum /= double(std::max<int64_t>(1, out.steps));
  }
  return out;
}

}  // namespace libra::data
