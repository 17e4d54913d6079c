#include "libra/eval/journal.h"

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <tuple>

#include "libra/core/error.h"

namespace libra::eval {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSettings = "settings";

const char* word_of(Goal goal) {
  switch (goal) {
    case Goal::kAsked:
      return "asked";
    case Goal::kOld:
      return "old";
    case Goal::kNone:
      break;
  }
  return "none";
}

// The counters of a schedule by name, for writing and reading.
template <class Stats, class Visit>
void visit_stats(Stats& s, Visit&& visit) {
  visit("plans", s.plans);
  visit("early_plans", s.early_plans);
  visit("chunks", s.chunks);
  visit("held", s.held);
  visit("starved", s.starved);
  visit("stale_actions", s.stale_actions);
  visit("plan_age", s.plan_age);
}

template <class List>
int index_of(const List& list, const std::string& name) {
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

// Throws what nlohmann throws for lines that are no episodes.
EpisodeRecord parse_episode(const Json& line, const RolloutRequest& request, bool& known) {
  EpisodeRecord record;
  record.suite = index_of(request.suites, line.at("suite").get<std::string>());
  known = record.suite >= 0;
  if (!known) return record;
  record.task = index_of(request.suites[static_cast<size_t>(record.suite)].tasks,
                         line.at("task").get<std::string>());
  const std::string variation = line.at("variation").get<std::string>();
  record.variation = request.variations.empty() ? (variation.empty() ? 0 : -1)
                                                : index_of(request.variations, variation);
  known = record.task >= 0 && record.variation >= 0;
  record.episode = line.at("episode").get<uint64_t>();
  record.success = line.at("success").get<bool>();
  const std::string reached = line.at("reached").get<std::string>();
  record.reached = reached == "asked" ? Goal::kAsked : reached == "old" ? Goal::kOld : Goal::kNone;
  record.steps = line.at("steps").get<int>();
  record.instruction = line.at("instruction").get<std::string>();
  record.task_target = line.at("task_target").get<std::string>();
  record.target = line.at("target").get<std::string>();
  record.first_lifted = line.at("first_lifted").get<std::string>();
  record.error = line.at("error").get<std::string>();
  record.video = line.at("video").get<std::string>();
  record.robot_s = line.at("robot_s").get<double>();
  record.chunk_latency_ms = line.at("chunk_latency_ms").get<double>();
  record.overruns = line.value("overruns", int64_t{0});
  record.actions_hash = line.value("actions_hash", uint64_t{0});  // older ones have none
  visit_stats(record.runtime, [&](const char* key, auto& value) {
    value = line.at("runtime").at(key).get<std::decay_t<decltype(value)>>();
  });
  return record;
}

// Names instead of the request's indices.
Json episode_json(const RolloutRequest& request, const EpisodeRecord& record) {
  const Suite& suite = request.suites[static_cast<size_t>(record.suite)];
  Json runtime;
  visit_stats(record.runtime, [&](const char* key, const auto& value) { runtime[key] = value; });
  return {{"suite", suite.name},
          {"task", suite.tasks[static_cast<size_t>(record.task)].name},
          {"variation", request.variations.empty()
                            ? ""
                            : request.variations[static_cast<size_t>(record.variation)].name},
          {"episode", record.episode},
          {"success", record.success},
          {"steps", record.steps},
          {"first_lifted", record.first_lifted},
          {"error", record.error},
          {"reached", word_of(record.reached)},
          {"instruction", record.instruction},
          {"task_target", record.task_target},
          {"target", record.target},
          {"video", record.video},
          {"robot_s", record.robot_s},
          {"chunk_latency_ms", record.chunk_latency_ms},
          {"actions_hash", record.actions_hash},
          {"overruns", record.overruns},
          {"runtime", std::move(runtime)}};
}

}  // namespace

JournalContent read_journal(const std::string& path, const RolloutRequest& request) {
  JournalContent content;
  if (!std::filesystem::exists(path)) return content;
  std::istringstream lines(read_file(path));
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (lines.eof()) break;  // cut short by a kill: no line end
    const Json json = Json::parse(line, nullptr, false);
    if (number == 1 && json.is_object() && json.contains(kSettings)) {
      content.settings = json[kSettings].dump();
      continue;
    }
    bool known = false;
    try {
      content.episodes.push_back(parse_episode(json, request, known));
    } catch (const Json::exception& e) {
      throw Error(ErrorCode::kBadInput, {.where = path + ":" + std::to_string(number),
                                         .problem = "is no episode of an evaluation",
                                         .next = "start anew with --overwrite"});
    }
    if (!known) content.episodes.pop_back();  // of tasks that are not asked for now
  }
  // The newest of each.
  std::map<std::tuple<int, int, int, uint64_t>, EpisodeRecord> newest;
  for (EpisodeRecord& r : content.episodes) {
    newest.insert_or_assign({r.suite, r.task, r.variation, r.episode}, std::move(r));
  }
  content.episodes.clear();
  for (auto& [key, record] : newest) content.episodes.push_back(std::move(record));
  return content;
}

EpisodeJournal::EpisodeJournal(const std::string& path, const std::string& settings)
    : lines_(path) {
  if (std::filesystem::file_size(path) == 0) {
    lines_.append(Json{{kSettings, Json::parse(settings)}}.dump());
  }
}

void EpisodeJournal::add(const RolloutRequest& request, const std::vector<EpisodeRecord>& group) {
  std::string text;
  for (const EpisodeRecord& record : group) {
    if (!text.empty()) text += '\n';
    text += episode_json(request, record).dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  if (!text.empty()) lines_.append(text);
}

}  // namespace libra::eval
