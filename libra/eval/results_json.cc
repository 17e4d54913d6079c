// results.json, written and read (docs: results.h).
#include <nlohmann/json.hpp>

#include "libra/core/error.h"
#include "libra/eval/results.h"

namespace libra::eval {
namespace {

using Json = nlohmann::ordered_json;

Json interval(int successes, int episodes) {
  const Interval i = wilson95(successes, episodes);
  return Json::array({i.low, i.high});
}

Json latency(const Latency& l) {
  return {{"p50", l.p50}, {"p99", l.p99}, {"mean", l.mean}, {"calls", l.count}};
}

Json suite_json(const SuiteResult& suite) {
  const Tally total = suite.total();
  Json tasks = Json::array(), items = Json::array();
  for (const TaskResult& task : suite.tasks) {
    const Tally& t = task.tally;
    tasks.push_back({{"name", task.name},
                     {"instruction", task.instruction},
                     {"successes", t.successes},
                     {"episodes", t.episodes},
                     {"success_rate", t.rate()},
                     {"ci95", interval(t.successes, t.episodes)},
                     {"named", t.named},
                     {"errors", t.errors},
                     {"mean_steps", t.mean_steps()},
                     {"max_steps", task.max_steps}});
    if (!task.category.empty()) tasks.back()["category"] = task.category;
  }
  for (const auto& [name, t] : suite.items) {
    items.push_back({{"name", name},
                     {"episodes", t.episodes},
                     {"named", t.named},
                     {"named_item_rate", t.named_rate()},
                     {"successes", t.successes}});
  }
  Json protocol = Json::object();
  for (const auto& [word, text] : suite.protocol) protocol[word] = text;
  return {{"name", suite.name},
          {"success_rate", total.rate()},
          {"named_item_rate", suite.names_items ? Json(total.named_rate()) : Json(nullptr)},
          {"ci95", interval(total.successes, total.episodes)},
          {"episodes", total.episodes},
          {"named_item_ci95",
           suite.names_items ? interval(total.named, total.episodes) : Json(nullptr)},
          {"mean_steps", total.mean_steps()},
          {"errors", total.errors},
          {"protocol", std::move(protocol)},
          {"tasks", std::move(tasks)},
          {"items", std::move(items)}};
}

Json counts_json(const std::string& name, const Tally& t) {
  return {{"name", name},
          {"success_rate", t.rate()},
          {"ci95", interval(t.successes, t.episodes)},
          {"successes", t.successes},
          {"episodes", t.episodes},
          {"errors", t.errors},
          {"mean_steps", t.mean_steps()}};
}

Json variation_json(const VariationResult& variation) {
  const bool goals = variation.group == kMemorisation;
  const auto counts = [&](const std::string& name, const Tally& t) {
    Json json = counts_json(name, t);
    if (goals) json.update({{"asked", t.asked}, {"old", t.old}, {"neither", t.neither()}});
    return json;
  };
  Json json = counts(variation.name, variation.total());
  json["group"] = variation.group;
  json["suites"] = Json::array();
  for (const auto& [name, tally] : variation.suites) json["suites"].push_back(counts(name, tally));
  if (!variation.without.empty()) json["without"] = variation.without;
  return json;
}

Json grounding_json(const Grounding& g) {
  return {{"score", g.score}, {"ci95", {g.interval.low, g.interval.high}}};
}

// Reads keys and says which one is wrong.
struct Reader {
  const Json& json;
  std::string where;

  [[noreturn]] void refuse(const std::string& key, const std::string& expected) const {
    throw Error(ErrorCode::kBadInput,
                {.where = where,
                 .problem = "not results of libra eval",
                 .expected = "\"" + key + "\" with " + expected,
                 .found = json.contains(key) ? json[key].dump().substr(0, 60) : "nothing"});
  }
  template <class T>
  T get(const std::string& key, const std::string& expected) const {
    if (!json.is_object() || !json.contains(key)) refuse(key, expected);
    try {
      return json[key].get<T>();
    } catch (const Json::exception&) {
      refuse(key, expected);
    }
  }
  std::string text(const std::string& key) const { return get<std::string>(key, "a text"); }
  double number(const std::string& key) const { return get<double>(key, "a number"); }
  int count(const std::string& key) const {
    const double value = number(key);
    if (value < 0 || value > 1e9 || value != static_cast<int>(value)) refuse(key, "a count");
    return static_cast<int>(value);
  }
  void read(const std::string& key, std::string& out) const { out = text(key); }
  void read(const std::string& key, double& out) const { out = number(key); }
  void read(const std::string& key, int& out) const { out = count(key); }
  void read(const std::string& key, bool& out) const { out = get<bool>(key, "true or false"); }
  const Json& list(const std::string& key) const {
    if (!json.is_object() || !json.contains(key) || !json[key].is_array()) refuse(key, "a list");
    return json[key];
  }
  Reader nested(const std::string& key) const {
    if (!json.is_object() || !json.contains(key) || !json[key].is_object())
      refuse(key, "an object");
    return {json[key], where};
  }
};

Latency parse_latency(const Reader& r) {
  return {r.number("p50"), r.number("p99"), r.number("mean"), r.count("calls")};
}

SuiteResult parse_suite(const Reader& r) {
  SuiteResult suite;
  suite.name = r.text("name");
  for (const Json& item : r.list("tasks")) {
    const Reader t{item, r.where};
    TaskResult task{t.text("name"), t.text("instruction"), t.count("max_steps"), {}, {}};
    if (item.contains("category")) task.category = t.text("category");
    task.tally = {t.count("episodes"), t.count("successes"), t.count("named"), t.count("errors"),
                  t.number("mean_steps") * t.count("successes")};
    suite.tasks.push_back(std::move(task));
  }
  for (const Json& item : r.list("items")) {
    const Reader i{item, r.where};
    Tally tally;
    tally.episodes = i.count("episodes");
    tally.successes = i.count("successes");
    tally.named = i.count("named");
    suite.items[i.text("name")] = tally;
  }
  if (r.json.contains("protocol")) {
    const Reader p = r.nested("protocol");
    for (const auto& [word, text] : p.json.items()) {
      suite.protocol.emplace_back(word, p.text(word));
    }
  }
  suite.names_items = r.json.contains("named_item_rate") && !r.json["named_item_rate"].is_null();
  return suite;
}

// Results of plain episodes have none.
std::vector<VariationResult> parse_variations(const Reader& in) {
  std::vector<VariationResult> variations;
  if (!in.json.contains("variations")) return variations;
  for (const Json& item : in.list("variations")) {
    const Reader v{item, in.where};
    VariationResult variation{v.text("name"), v.text("group"), {}};
    if (item.contains("without")) {
      variation.without = v.get<std::map<std::string, std::string>>("without", "tasks and why");
    }
    for (const Json& part : v.list("suites")) {
      const Reader s{part, in.where};
      Tally tally{s.count("episodes"), s.count("successes"), 0, s.count("errors"),
                  s.number("mean_steps") * s.count("successes")};
      if (variation.group == kMemorisation) {
        tally.asked = s.count("asked");
        tally.old = s.count("old");
      }
      variation.suites.emplace_back(s.text("name"), tally);
    }
    variations.push_back(std::move(variation));
  }
  return variations;
}

// Every field by its key in results.json, in the order of the file; `optional` ones are missing in
// older files and then keep their defaults.
template <class Runtime, class Visit>
void visit_runtime(Runtime& r, Visit&& visit) {
  constexpr bool kOptional = true;
  visit("planner_latency", r.planner_latency);
  visit("refiner_latency", r.refiner_latency);
  visit("waiting", r.waiting);
  visit("stale", r.stale);
  visit("starvation", r.starvation);
  visit("execute", r.execute);
  visit("max_roll", r.max_roll, kOptional);
  visit("eager", r.eager);
  visit("adaptive", r.adaptive);
  visit("realtime", r.realtime, kOptional);
  visit("overruns", r.overruns, kOptional);
  visit("plans", r.plans);
  visit("early_plans", r.early_plans);
  visit("chunks", r.chunks);
  visit("held_steps", r.held_steps);
  visit("starved_chunks", r.starved_chunks);
  visit("stale_actions", r.stale_actions);
  visit("plan_age", r.plan_age);
  visit("chunk_latency_ms", r.chunk_latency_ms);
  visit("success_s", r.success_s);
}

Json runtime_json(const RuntimeResult& r) {
  Json json;
  visit_runtime(r, [&](const char* key, const auto& value, bool = false) { json[key] = value; });
  return json;
}

// Results of before virtual time have none of it.
RuntimeResult parse_runtime(const Reader& in) {
  RuntimeResult r;
  if (!in.json.contains("runtime")) return r;
  const Reader t = in.nested("runtime");
  visit_runtime(r, [&](const char* key, auto& value, bool optional = false) {
    if (!optional || t.json.contains(key)) t.read(key, value);
  });
  return r;
}

}  // namespace

std::string to_json(const Results& r) {
  const std::string perturbed = perturbation_words(r);
  Json suites = Json::array();
  for (const SuiteResult& suite : r.suites) suites.push_back(suite_json(suite));
  Json json = {
      {"format", 1},
      {"checkpoint", r.checkpoint},
      {"schedule", r.schedule},
      {"M", r.M},
      {"N", r.N},
      {"seed", r.seed},
      {"layout", r.layout},
      {"instruction", r.instruction},
      {"perturbation", perturbed.empty() ? Json(nullptr) : Json(perturbed)},
      {"suites", std::move(suites)},
      {"average", r.average()},
      {"latency_ms",
       {{"planner", latency(r.planner)},
        {"refiner", latency(r.refiner)},
        {"per_chunk", latency(r.per_chunk)},
        {"batched_mean", {{"planner", r.planner_batched_ms}, {"refiner", r.refiner_batched_ms}}}}},
      {"runtime", runtime_json(r.runtime)},
      {"wall_s", r.wall_s},
      {"complete", r.complete},
      {"policy", r.policy},
      {"variant", r.variant},
      {"executor", r.executor},
      {"H", r.H},
      {"denoise_steps", r.denoise_steps},
      {"rollouts", r.rollouts},
      {"workers", r.workers},
      {"machine", r.machine},
      {"command", r.command},
      {"version", r.version},
      {"checkpoint_hash", r.checkpoint_hash}};
  if (!r.shard.empty()) json["shard"] = r.shard;
  if (const auto averages = r.category_averages()) {
    json["average_over_tasks"] = averages->over_tasks;
    json["average_over_categories"] = averages->over_categories;
    for (const VariationResult& row : r.categories())
      json["categories"].push_back(variation_json(row));
  }
  for (const EpisodeResult& e : r.episodes) {
    json["episodes"].push_back({{"suite", e.suite},
                                {"task", e.task},
                                {"variation", e.variation},
                                {"episode", e.episode},
                                {"success", e.success},
                                {"steps", e.steps},
                                {"first_lifted", e.first_lifted},
                                {"error", e.error}});
  }
  for (const VariationResult& variation : r.variations)
    json["variations"].push_back(variation_json(variation));
  if (const auto whole = r.grounding()) {
    json["grounding"] = grounding_json(*whole);
    for (size_t s = 0; s < r.suites.size(); ++s) {
      const auto part = r.grounding(s);
      json["grounding"]["suites"].push_back(part ? grounding_json(*part) : Json::object());
      json["grounding"]["suites"].back()["name"] = r.suites[s].name;
    }
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Results parse_results(const std::string& text, const std::string& where) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    throw Error(ErrorCode::kBadInput,
                {.where = where, .problem = "not a JSON object", .expected = "results.json"});
  }
  const Reader in{json, where};
  if (in.count("format") != 1) in.refuse("format", "1");
  Results r;
  r.checkpoint = in.text("checkpoint");
  r.schedule = in.text("schedule");
  r.M = in.count("M");
  r.N = in.count("N");
  r.seed = in.get<uint64_t>("seed", "a whole number");
  r.layout = in.text("layout");
  r.instruction = in.text("instruction");
  for (const Json& suite : in.list("suites")) r.suites.push_back(parse_suite({suite, where}));
  r.variations = parse_variations(in);
  r.runtime = parse_runtime(in);
  const Reader latencies = in.nested("latency_ms");
  r.planner = parse_latency(latencies.nested("planner"));
  r.refiner = parse_latency(latencies.nested("refiner"));
  r.per_chunk = parse_latency(latencies.nested("per_chunk"));
  const Reader batched = latencies.nested("batched_mean");
  r.planner_batched_ms = batched.number("planner");
  r.refiner_batched_ms = batched.number("refiner");
  r.wall_s = in.number("wall_s");
  r.complete = in.get<bool>("complete", "true or false");
  r.policy = in.text("policy");
  r.variant = in.text("variant");
  r.executor = in.text("executor");
  r.H = in.count("H");
  r.denoise_steps = in.count("denoise_steps");
  r.rollouts = in.count("rollouts");
  r.workers = in.count("workers");
  r.machine = in.text("machine");
  r.command = in.text("command");
  const auto optional = [&](const char* key, std::string& out) {
    if (json.contains(key)) out = in.text(key);
  };
  optional("version", r.version);
  optional("checkpoint_hash", r.checkpoint_hash);
  optional("shard", r.shard);
  if (json.contains("episodes")) {
    for (const Json& item : in.list("episodes")) {
      const Reader e{item, where};
      r.episodes.push_back({e.text("suite"), e.text("task"), e.text("variation"),
                            e.get<uint64_t>("episode", "a whole number"),
                            e.get<bool>("success", "true or false"), e.count("steps"),
                            e.text("first_lifted"), e.text("error")});
    }
  }
  return r;
}

}  // namespace libra::eval
