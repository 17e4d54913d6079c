// The names of LIBERO-Plus's task variants, in which everything stands that a variant changes:
//   BASE[_language_L]_view_H_V_SCALE_ROT_VERT_initstate_N[_noise_M]
//   BASE_light_G  BASE_table_T  BASE_tb_T  BASE_add_A  BASE[_moved]_levelK_sampleS
// and the list of them, task_classification.json. Both are read as bytes from strangers.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace libra::sim::libero {

// Where agentview stands: degrees 0 to 359, distance in percent.
struct PlusView {
  int around = 0, up = 0, distance = 100;  // about the workspace
  int turn = 0, lift = 0;                  // in place
  bool operator==(const PlusView&) const = default;
};

struct PlusName {
  enum class Scene {
    kPlain,     // LIBERO's own
    kLight,     // lights of a scene file of its own
    kTextures,  // textures of a scene file of its own
    kAdded,     // more objects
    kMoved,     // things stand elsewhere
  };
  std::string base;               // LIBERO's task
  Scene scene = Scene::kPlain;    // any but kPlain has a task file of its own
  int language = 0;               // number of the rewritten instruction; 0: the task's own
  PlusView view;                  // with Scene::kPlain
  int posture = 0;                // 1 to 500: another one for the arm to pull to; 0: the ready one
  int noise = 0;                  // 1 to 50: on agentview's images; 0: none
  std::string task_file() const;  // stem of its BDDL file
  std::string variant;            // the whole name
};

// Throws Error(kBadInput) that says which part of the name is of no known form or out of range.
PlusName parse_plus_name(std::string_view name);

// What a variant changes, by the words of LIBERO-Plus, in their alphabetical order.
const std::vector<std::string>& plus_categories();

struct PlusEntry {
  std::string name, category;  // the name is not parsed yet
};
// The variants of every suite ("libero_spatial", ...) in their order: {suite: [{"id", "name",
// "category", "difficulty_level"}]}. Throws Error(kBadInput), `where` in front, for another form,
// an unknown category and a name that is listed twice.
std::map<std::string, std::vector<PlusEntry>> parse_plus_list(std::string_view json,
                                                              const std::string& where);

}  // namespace libra::sim::libero
