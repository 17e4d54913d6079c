#include "libra/sim/variation/wording.h"

#include <algorithm>
#include <set>

#include "libra/core/error.h"
#include "libra/sim/variation/data_file.h"

namespace libra::sim::variation {
namespace {

constexpr size_t kLongestSentence = 240, kMostSentences = 100;

// Holds what was said already, by this suite's tasks and wordings.
class Reader {
 public:
  explicit Reader(const Suite& suite) {
    for (const Task& task : suite.tasks) said_.insert(task.instruction);
  }

  std::vector<std::string> sentences(const DataNode& node, size_t least) {
    std::vector<std::string> all;
    for (const DataNode& item : node.list(least, kMostSentences)) {
      all.push_back(item.text(kLongestSentence));
      const auto strange = [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ' ' || c == '\'' ||
                 c == '-');
      };
      if (std::any_of(all.back().begin(), all.back().end(), strange))
        item.refuse("is not written as instructions are",
                    "lower-case letters, digits, spaces, apostrophes and hyphens");
      if (!said_.insert(all.back()).second)
        item.refuse("says what a task or another wording says", "words of its own");
    }
    return all;
  }

 private:
  std::set<std::string> said_;
};

// `count` of the sentences, some of them before `text` and the others behind it.
std::string among(std::vector<std::string> sentences, int count, const std::string& text,
                  Rng& rng) {
  rng.shuffle(sentences);
  sentences.resize(static_cast<size_t>(count));
  const size_t before = rng.below(sentences.size() + 1);
  sentences.insert(sentences.begin() + static_cast<long>(before), text);
  return join_names(sentences, " ");
}

}  // namespace

std::map<std::string, Wording> read_wordings(const std::string& path, const Suite& suite) {
  const nlohmann::json json = read_data_file(path);
  const DataNode file(json, path);
  file.only({"distractors", "tasks"});
  Reader reader(suite);
  const auto distractors = reader.sentences(file.at("distractors"), kVariationLevels);
  std::vector<std::string> names;
  for (const Task& task : suite.tasks) names.push_back(task.name);
  const DataNode tasks = file.at("tasks").only(names);
  std::map<std::string, Wording> wordings;
  for (const std::string& name : names) {
    const DataNode task = tasks.at(name);
    task.only({"rewording", "common_sense", "reasoning"});
    Wording& wording = wordings[name];
    const auto levels = task.at("rewording").list(kVariationLevels, kVariationLevels);
    for (size_t i = 0; i < levels.size(); ++i)
      wording.rewording[i] = reader.sentences(levels[i], 1);
    wording.common_sense = reader.sentences(task.at("common_sense"), 1);
    wording.reasoning = reader.sentences(task.at("reasoning"), 1);
    wording.distractors = distractors;
  }
  return wordings;
}

std::string worded(const Wording& wording, const std::string& instruction,
                   const Variation& variation, Rng& rng) {
  const auto one_of = [&](const std::vector<std::string>& sentences) {
    return sentences.at(rng.below(sentences.size()));
  };
  if (variation.subkind == "rewording")
    return one_of(wording.rewording.at(static_cast<size_t>(variation.level - 1)));
  if (variation.subkind == "distraction")
    return among(wording.distractors, variation.level, instruction, rng);
  const std::string said =
      one_of(variation.subkind == "common_sense" ? wording.common_sense : wording.reasoning);
  return among(wording.distractors, variation.level - 1, said, rng);
}

}  // namespace libra::sim::variation
