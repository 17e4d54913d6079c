// Reader of task files in the BDDL dialect of LIBERO: which objects and fixtures a scene has, where
// they start, and what counts as done. The text is untrusted: sizes and depth are bounded, and
// every error names file:line:column and, where a name is unknown, the nearest known one.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace libra::sim::task {

// Where a token stands in its file; both count from 1.
struct SourcePosition {
  int line = 0;
  int column = 0;
};

enum class PredicateKind { kIn, kOn, kOpen, kClose, kTurnOn, kTurnOff };

// "in", "on", "open", ...: the lower-case word of the file.
std::string_view predicate_name(PredicateKind kind);

// One atom such as (In milk_1 basket_1_contain_region). In and On have two arguments, the others
// one. Arguments are names of instances or keys of regions.
struct Predicate {
  PredicateKind kind = PredicateKind::kIn;
  std::vector<std::string> args;
  SourcePosition at;
};

// x0 y0 x1 y1 in metres, relative to the workspace origin of the arena; x0 <= x1, y0 <= y1.
struct Rectangle {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
};

struct Region {
  std::string name;               // as written, "bin_region"
  std::string target;             // instance that the region belongs to, "floor"
  std::string key;                // "<target>_<name>", how predicates call it
  std::vector<Rectangle> ranges;  // empty: the region is a site of the target's model
  std::array<double, 2> yaw{};    // rad, [low, high]
  std::array<double, 4> rgba{0, 0, 1, 0};
  SourcePosition at;
};

// One named thing of the scene, in file order.
struct Instance {
  std::string name;      // "alphabet_soup_1"
  std::string category;  // "alphabet_soup"
  SourcePosition at;
};

// A whole task file. All names are lower case, because the dialect is read without case. Regions
// that are sites of an instance the file does not declare are left out.
struct Problem {
  std::string file;      // what errors name
  std::string name;      // problem class = arena, "libero_floor_manipulation"
  std::string domain;    // "robosuite"
  std::string language;  // of the file; NOT what a policy is told, see instruction_from_file_name
  std::vector<Region> regions;
  std::vector<Instance> fixtures;
  std::vector<Instance> objects;
  std::vector<std::string> obj_of_interest;
  std::vector<Predicate> init;
  std::vector<Predicate> goal;  // their conjunction

  // nullptr when there is none of that name.
  const Region* find_region(std::string_view key) const;
  const Instance* find_object(std::string_view name) const;
  const Instance* find_fixture(std::string_view name) const;
  // Of a predicate's argument: the instance that it names, or whose region it is.
  const std::string& instance_of(const std::string& argument) const;
};

// Throws Error(kBadInput). `file` is used in messages only.
Problem parse_bddl(std::string_view text, const std::string& file);
// Throws Error(kNotFound) when the file cannot be opened.
Problem read_bddl(const std::string& path);

}  // namespace libra::sim::task
