// A grid of pictures with a title, a label above every column and one beside every row.
#pragma once

#include <string>
#include <vector>

#include "libra/core/observation.h"

namespace libra::media {

struct ContactSheet {
  struct Row {
    std::string label;
    std::vector<Image> cells;
    std::vector<std::string> captions = {};  // below the cells, broken into lines; may be empty
  };
  std::string title;
  std::vector<std::string> columns;
  std::vector<Row> rows;
};

// Drawn on light paper at the size it takes. Letters are small, digits and a few signs; what the
// font lacks is left blank.
Image contact_sheet(const ContactSheet& sheet);

}  // namespace libra::media
