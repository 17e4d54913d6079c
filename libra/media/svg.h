// Text and shapes of the drawings (internal to media). `look` holds attributes, "class='bar'" where
// a page's style sheet applies, "stroke='#fff'" where the drawing stands alone.
#pragma once

#include <string>

namespace libra::media {

std::string escape_html(const std::string& text);
// "%.*f"
std::string number(double value, int digits = 1);
// "94.0 %"
std::string percent_text(double share);

// Negative sizes are drawn as nothing.
std::string svg_rect(const std::string& look, double x, double y, double width, double height);
std::string svg_line(const std::string& look, double x1, double y1, double x2, double y2);
// `points`: "x,y x,y ..."
std::string svg_path(const std::string& look, const std::string& points);
// A disc; `title` shows when pointed at.
std::string svg_disc(const std::string& look, double x, double y, double radius,
                     const std::string& title = "");
// `anchor`: start, middle or end of the text stands at x.
std::string svg_text(const std::string& look, double x, double y, const std::string& text,
                     const char* anchor = "start");
// The drawing as a whole.
std::string svg(const std::string& look, double width, double height, const std::string& body);

}  // namespace libra::media
