// Pages that stand alone: one file, with the style of all of Libra's pages, light and dark, no
// script.
#pragma once

#include <string>

namespace libra::media {

// The page as a whole. `title` is text, `body` is HTML; class names are those of page.cc.
std::string html_page(const std::string& title, const std::string& body);
// A figure of the headline; all three are HTML.
std::string html_tile(const std::string& value, const std::string& name, const std::string& detail);

}  // namespace libra::media
