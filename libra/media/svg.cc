#include "libra/media/svg.h"

#include <algorithm>
#include <cstdio>
#include <initializer_list>
#include <utility>

namespace libra::media {
namespace {

// "<name look key='value' ...", open for more.
std::string opened(const char* name, const std::string& look,
                   std::initializer_list<std::pair<const char*, double>> attributes) {
  std::string text = std::string("<") + name + " " + look;
  for (const auto& [key, value] : attributes)
    text += std::string(" ") + key + "='" + number(value) + "'";
  return text;
}

}  // namespace

std::string escape_html(const std::string& text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string number(double value, int digits) {
  char text[48];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string percent_text(double share) { return number(100.0 * share) + " %"; }

std::string svg_rect(const std::string& look, double x, double y, double width, double height) {
  return opened("rect", look,
                {{"x", x},
                 {"y", y},
                 {"width", std::max(0.0, width)},
                 {"height", std::max(0.0, height)}}) +
         "/>\n";
}

std::string svg_line(const std::string& look, double x1, double y1, double x2, double y2) {
  return opened("line", look, {{"x1", x1}, {"y1", y1}, {"x2", x2}, {"y2", y2}}) + "/>\n";
}

std::string svg_path(const std::string& look, const std::string& points) {
  return "<polyline " + look + " points='" + points + "'/>\n";
}

std::string svg_disc(const std::string& look, double x, double y, double radius,
                     const std::string& title) {
  const std::string open = opened("circle", look, {{"cx", x}, {"cy", y}, {"r", radius}});
  if (title.empty()) return open + "/>\n";
  return open + "><title>" + escape_html(title) + "</title></circle>\n";
}

std::string svg_text(const std::string& look, double x, double y, const std::string& text,
                     const char* anchor) {
  return opened("text", look, {{"x", x}, {"y", y}}) + " text-anchor='" + anchor + "'>" +
         escape_html(text) + "</text>\n";
}

std::string svg(const std::string& look, double width, double height, const std::string& body) {
  return "<svg " + look + " viewBox='0 0 " + number(width, 0) + " " + number(height, 0) + "'>\n" +
         body + "</svg>\n";
}

}  // namespace libra::media
