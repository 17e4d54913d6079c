// What a policy is told in LIBERO: the words of the task's file name.
#pragma once

#include <string>
#include <string_view>

namespace libra {

// "KITCHEN_SCENE3_turn_on_the_stove" gives "turn on the stove"; the extension .bddl may be there or
// not. The language field of a BDDL file often says something else and is not what policies hear.
std::string instruction_from_file_name(std::string_view stem);

}  // namespace libra
