#include "libra/sim/task/bddl.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "libra/core/error.h"
#include "libra/sim/task/bddl_lists.h"

namespace libra::sim::task {
namespace {

using bddl::Node;

constexpr size_t kMaxInstances = 256;

struct PredicateEntry {
  PredicateKind kind;
  std::string_view name;
  size_t arity;
};
constexpr std::array<PredicateEntry, 6> kPredicates = {{{PredicateKind::kIn, "in", 2},
                                                        {PredicateKind::kOn, "on", 2},
                                                        {PredicateKind::kOpen, "open", 1},
                                                        {PredicateKind::kClose, "close", 1},
                                                        {PredicateKind::kTurnOn, "turnon", 1},
                                                        {PredicateKind::kTurnOff, "turnoff", 1}}};

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string suggestion(const std::string& word, const std::vector<std::string>& known) {
  const std::string near = nearest_name(word, known);
  return near.empty() ? "known are " + join_names(known) : "did you mean " + quoted(near) + "?";
}

// Turns nested lists into a Problem.
class Builder {
 public:
  explicit Builder(const std::string& file) { problem_.file = file; }

  Problem build(const Node& root) {
    if (!root.is_list || root.items.empty() || root.items[0].atom != "define") {
      fail(root.at, "not a BDDL file", "(define ...)", describe(root));
    }
    for (size_t i = 1; i < root.items.size(); ++i) read_section(root.items[i]);
    for (const auto& section : {"problem", ":domain", ":fixtures", ":objects", ":init", ":goal"}) {
      if (!seen_.count(section)) fail(root.at, "section (" + std::string(section) + ") is missing");
    }
    check_regions();
    // Predicates may stand before the sections that declare their arguments.
    for (const Node* node : init_) problem_.init.push_back(read_predicate(*node));
    for (const Node* node : goal_) read_goal(*node);
    if (problem_.goal.empty()) fail(root.at, "the goal asks for nothing");
    for (const Node* node : interest_) {
      check_known(*node);
      problem_.obj_of_interest.push_back(node->atom);
    }
    return std::move(problem_);
  }

 private:
  using Section = void (Builder::*)(const Node&);

  [[noreturn]] void fail(SourcePosition at, const std::string& problem,
                         const std::string& expected = "", const std::string& found = "",
                         const std::string& next = "") const {
    bddl::fail(problem_.file, at, problem, expected, found, next);
  }
  static std::string describe(const Node& node) {
    if (!node.is_list) return quoted(node.atom);
    if (node.items.empty()) return "()";
    return node.items[0].is_list ? "a list" : "(" + node.items[0].atom + " ...)";
  }

  const std::string& name_of(const Node& node, const std::string& what) const {
    const auto allowed = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    if (node.is_list || !std::all_of(node.atom.begin(), node.atom.end(), allowed) ||
        node.atom == "-") {
      fail(node.at, "not " + what, "letters, digits and _", describe(node));
    }
    return node.atom;
  }
  double number_of(const Node& node) const {
    double value = 0;
    const char* first = node.atom.data();
    const char* last = first + node.atom.size();
    if (first != last && *first == '+') ++first;
    const auto [stop, error] = std::from_chars(first, last, value);
    if (node.is_list || error != std::errc() || stop != last || !std::isfinite(value)) {
      fail(node.at, "not a number", "a number", describe(node));
    }
    return value;
  }
  const Node& only_argument(const Node& list) const {
    if (list.items.size() != 2) {
      fail(list.at, "wrong form of " + describe(list), "one value",
           std::to_string(list.items.size() - 1));
    }
    return list.items[1];
  }

  void read_section(const Node& node) {
    static const std::vector<std::pair<std::string, Section>> kSections = {
        {"problem", &Builder::read_problem},
        {":domain", &Builder::read_domain},
        {":requirements", &Builder::read_nothing},
        {":scene_properties", &Builder::read_nothing},
        {":language", &Builder::read_language},
        {":regions", &Builder::read_regions},
        {":fixtures", &Builder::read_fixtures},
        {":objects", &Builder::read_objects},
        {":obj_of_interest", &Builder::read_interest},
        {":init", &Builder::read_init},
        {":goal", &Builder::read_goal_section}};
    if (!node.is_list || node.items.empty() || node.items[0].is_list) {
      fail(node.at, "not a section", "(:name ...)", describe(node));
    }
    const std::string& name = node.items[0].atom;
    for (const auto& [known, read] : kSections) {
      if (known != name) continue;
      if (!seen_.insert(name).second) fail(node.at, "section (" + name + ") appears twice");
      return (this->*read)(node);
    }
    std::vector<std::string> names;
    for (const auto& section : kSections) names.push_back(section.first);
    fail(node.items[0].at, "unknown section " + quoted(name), "", "", suggestion(name, names));
  }

  void read_nothing(const Node&) {}
  void read_problem(const Node& node) {
    problem_.name = name_of(only_argument(node), "a problem name");
  }
  void read_domain(const Node& node) {
    problem_.domain = name_of(only_argument(node), "a domain name");
  }
  void read_language(const Node& node) {
    for (size_t i = 1; i < node.items.size(); ++i) {
      if (node.items[i].is_list) fail(node.items[i].at, "not a word", "a word", "a list");
      problem_.language += (i > 1 ? " " : "") + node.items[i].written;
    }
  }
  void read_fixtures(const Node& node) { read_typed_list(node, problem_.fixtures); }
  void read_objects(const Node& node) { read_typed_list(node, problem_.objects); }
  void read_interest(const Node& node) { keep_children(node, interest_); }
  void read_init(const Node& node) { keep_children(node, init_); }
  void read_goal_section(const Node& node) { keep_children(node, goal_); }
  static void keep_children(const Node& node, std::vector<const Node*>& out) {
    for (size_t i = 1; i < node.items.size(); ++i) out.push_back(&node.items[i]);
  }

  // "a b - kind c - other"
  void read_typed_list(const Node& node, std::vector<Instance>& out) {
    const size_t first_new = out.size();
    size_t untyped = first_new;
    for (size_t i = 1; i < node.items.size(); ++i) {
      const Node& item = node.items[i];
      if (!item.is_list && item.atom == "-") {
        if (untyped == out.size()) fail(item.at, "'-' has no names before it");
        if (i + 1 >= node.items.size()) fail(item.at, "'-' has no category after it");
        const std::string& category = name_of(node.items[++i], "a category");
        for (; untyped < out.size(); ++untyped) out[untyped].category = category;
        continue;
      }
      const std::string& name = name_of(item, "a name");
      if (problem_.find_object(name) != nullptr || problem_.find_fixture(name) != nullptr) {
        fail(item.at, quoted(name) + " is declared twice");
      }
      if (out.size() >= kMaxInstances) {
        fail(item.at, "too many things", "at most " + std::to_string(kMaxInstances));
      }
      out.push_back({name, "", item.at});
    }
    if (untyped != out.size()) {
      fail(out[untyped].at, quoted(out[untyped].name) + " has no category", "name - category");
    }
  }

  void read_regions(const Node& node) {
    for (size_t i = 1; i < node.items.size(); ++i) read_region(node.items[i]);
  }

  void read_region(const Node& node) {
    if (!node.is_list || node.items.empty()) {
      fail(node.at, "not a region", "(name (:target ...) ...)", describe(node));
    }
    Region region;
    region.at = node.at;
    region.name = name_of(node.items[0], "a region name");
    std::set<std::string> seen;
    for (size_t i = 1; i < node.items.size(); ++i) read_region_field(node.items[i], region, seen);
    if (!seen.count(":target")) fail(node.at, "region " + quoted(region.name) + " has no :target");
    region.key = region.target + "_" + region.name;
    if (problem_.regions.size() >= kMaxInstances) {
      fail(node.at, "too many regions", "at most " + std::to_string(kMaxInstances));
    }
    if (problem_.find_region(region.key) != nullptr) {
      fail(node.at, "region " + quoted(region.key) + " is declared twice");
    }
    problem_.regions.push_back(std::move(region));
  }

  void read_region_field(const Node& field, Region& region, std::set<std::string>& seen) {
    static const std::vector<std::string> kFields = {":target", ":ranges", ":yaw_rotation",
                                                     ":rgba"};
    if (!field.is_list || field.items.empty() || field.items[0].is_list) {
      fail(field.at, "not a field of a region", "(:target ...) and the like", describe(field));
    }
    const std::string& name = field.items[0].atom;
    if (std::find(kFields.begin(), kFields.end(), name) == kFields.end()) {
      fail(field.items[0].at, "unknown field " + quoted(name) + " of a region", "", "",
           suggestion(name, kFields));
    }
    if (!seen.insert(name).second) fail(field.at, "field " + quoted(name) + " appears twice");
    const Node& value = only_argument(field);
    if (name == ":target") {
      region.target = name_of(value, "a target");
    } else if (name == ":ranges") {
      for (const auto& row : rows(value, 4)) {
        region.ranges.push_back({row[0], row[1], row[2], row[3]});
        if (row[0] > row[2] || row[1] > row[3]) {
          fail(value.at, "range is upside down", "x0 y0 x1 y1 with x0 <= x1 and y0 <= y1");
        }
      }
    } else if (name == ":yaw_rotation") {
      const auto row = single_row(value, 2);
      region.yaw = {row[0], row[1]};
    } else {
      const auto row = single_row(value, 4);
      region.rgba = {row[0], row[1], row[2], row[3]};
    }
  }

  // ((1 2) (3 4)) -> rows of `width` numbers, at least one.
  std::vector<std::vector<double>> rows(const Node& node, size_t width) const {
    if (!node.is_list || node.items.empty()) {
      fail(node.at, "not a list of lists of numbers", "((...))", describe(node));
    }
    std::vector<std::vector<double>> out;
    for (const Node& item : node.items) {
      if (!item.is_list || item.items.size() != width) {
        fail(item.at, "wrong number of values", std::to_string(width) + " numbers in a list",
             item.is_list ? std::to_string(item.items.size()) : describe(item));
      }
      auto& row = out.emplace_back();
      for (const Node& number : item.items) row.push_back(number_of(number));
    }
    return out;
  }
  std::vector<double> single_row(const Node& node, size_t width) const {
    auto all = rows(node, width);
    if (all.size() != 1) {
      fail(node.at, "wrong number of lists", "one", std::to_string(all.size()));
    }
    return all.front();
  }

  // A region of a model that the scene does not have (LIBERO's goal files carry one) means nothing
  // and is dropped; one with ranges says where things start, so its target must be there.
  void check_regions() {
    std::vector<std::string> instances;
    for (const auto* list : {&problem_.fixtures, &problem_.objects}) {
      for (const auto& instance : *list) instances.push_back(instance.name);
    }
    const auto absent = [&](const Region& region) {
      return std::find(instances.begin(), instances.end(), region.target) == instances.end();
    };
    for (const auto& region : problem_.regions) {
      if (region.ranges.empty() || !absent(region)) continue;
      fail(region.at, "region " + quoted(region.name) + " targets unknown " + quoted(region.target),
           "", "", suggestion(region.target, instances));
    }
    std::erase_if(problem_.regions, absent);
  }

  // Throws unless the node names an instance or a region.
  void check_known(const Node& node) const {
    const std::string& name = name_of(node, "a name");
    if (problem_.find_object(name) || problem_.find_fixture(name) || problem_.find_region(name)) {
      return;
    }
    std::vector<std::string> known;
    for (const auto& object : problem_.objects) known.push_back(object.name);
    for (const auto& fixture : problem_.fixtures) known.push_back(fixture.name);
    for (const auto& region : problem_.regions) known.push_back(region.key);
    fail(node.at, "unknown object or region " + quoted(name), "", "", suggestion(name, known));
  }

  Predicate read_predicate(const Node& node) const {
    if (!node.is_list || node.items.empty() || node.items[0].is_list) {
      fail(node.at, "not a predicate", "(On a b) and the like", describe(node));
    }
    const std::string& word = node.items[0].atom;
    const auto entry = std::find_if(kPredicates.begin(), kPredicates.end(),
                                    [&](const PredicateEntry& e) { return e.name == word; });
    if (entry == kPredicates.end()) {
      std::vector<std::string> known = {"and"};
      for (const auto& e : kPredicates) known.emplace_back(e.name);
      fail(node.items[0].at, "unknown predicate " + quoted(word), "", "", suggestion(word, known));
    }
    Predicate predicate{entry->kind, {}, node.at};
    if (node.items.size() != entry->arity + 1) {
      fail(node.at, "wrong number of arguments of " + quoted(word), std::to_string(entry->arity),
           std::to_string(node.items.size() - 1));
    }
    for (size_t i = 1; i < node.items.size(); ++i) {
      check_known(node.items[i]);
      predicate.args.push_back(node.items[i].atom);
    }
    if (entry->arity == 2 && problem_.find_region(predicate.args[0]) != nullptr) {
      fail(node.items[1].at, "a region cannot be moved", "an object or fixture",
           quoted(predicate.args[0]));
    }
    return predicate;
  }

  void read_goal(const Node& node) {
    if (node.is_list && !node.items.empty() && node.items[0].atom == "and") {
      for (size_t i = 1; i < node.items.size(); ++i) read_goal(node.items[i]);
    } else {
      problem_.goal.push_back(read_predicate(node));
    }
  }

  Problem problem_;
  std::set<std::string> seen_;
  std::vector<const Node*> init_, goal_, interest_;
};

const Instance* find_instance(const std::vector<Instance>& list, std::string_view name) {
  for (const auto& instance : list) {
    if (instance.name == name) return &instance;
  }
  return nullptr;
}

}  // namespace

std::string_view predicate_name(PredicateKind kind) {
  return kPredicates[static_cast<size_t>(kind)].name;
}

const std::string& Problem::instance_of(const std::string& argument) const {
  const Region* region = find_region(argument);
  return region != nullptr ? region->target : argument;
}

const Region* Problem::find_region(std::string_view key) const {
  for (const auto& region : regions) {
    if (region.key == key) return &region;
  }
  return nullptr;
}
const Instance* Problem::find_object(std::string_view name) const {
  return find_instance(objects, name);
}
const Instance* Problem::find_fixture(std::string_view name) const {
  return find_instance(fixtures, name);
}

Problem parse_bddl(std::string_view text, const std::string& file) {
  return Builder(file).build(bddl::read_lists(text, file));
}

Problem read_bddl(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    throw Error(ErrorCode::kNotFound,
                {.where = path, .problem = "cannot be read", .next = "check the path"});
  }
  std::string text(bddl::kMaxFileBytes + 1,
                   '\0');  // one byte more than allowed is enough to refuse it
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(stream.gcount()));
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // some editors write one
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  return parse_bddl(text, path);
}

}  // namespace libra::sim::task
