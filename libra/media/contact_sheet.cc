#include "libra/media/contact_sheet.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace libra::media {
namespace {

using Pixel = std::array<uint8_t, 3>;
constexpr Pixel kPaper{251, 250, 248}, kInk{29, 35, 41}, kSoft{93, 104, 115};
constexpr int kGlyphWidth = 5, kGlyphHeight = 7, kAdvance = kGlyphWidth + 1;
constexpr int kMargin = 10, kGap = 4;

struct Glyph {
  char letter;
  std::string_view dots;  // rows of five: seven, or nine where it reaches below the line
};
constexpr Glyph kFont[] = {
    {'a', "...........###.....#.#####...#.####"},
    {'b', "#....#....####.#...##...##...#####."},
    {'c', "...........###.#...##....#...#.###."},
    {'d', "....#....#.#####...##...##...#.####"},
    {'e', "...........###.#...#######.....###."},
    {'f', "..##..#...####..#....#....#....#..."},
    {'g', "...........#####...##...##...#.####....#.###."},
    {'h', "#....#....####.#...##...##...##...#"},
    {'i', "..#........##....#....#....#...###."},
    {'j', "...#........##....#....#....#....#.#..#..##.."},
    {'k', "#....#....#..#.#.#..##...#.#..#..#."},
    {'l', ".##....#....#....#....#....#...###."},
    {'m', "..........##.#.#.#.##.#.##.#.##.#.#"},
    {'n', "..........####.#...##...##...##...#"},
    {'o', "...........###.#...##...##...#.###."},
    {'p', "..........####.#...##...##...#####.#....#...."},
    {'q', "...........#####...##...##...#.####....#....#"},
    {'r', "..........#.##.##..##....#....#...."},
    {'s', "...........#####.....###.....#####."},
    {'t', ".#....#...####..#....#....#.....##."},
    {'u', "..........#...##...##...##...#.####"},
    {'v', "..........#...##...##...#.#.#...#.."},
    {'w', "..........#...##.#.##.#.##.#.#.#.#."},
    {'x', "..........#...#.#.#...#...#.#.#...#"},
    {'y', "..........#...##...##...##...#.####....#.###."},
    {'z', "..........#####...#...#...#...#####"},
    {'0', ".###.#...##..###.#.###..##...#.###."},
    {'1', "..#...##....#....#....#....#...###."},
    {'2', ".###.#...#....#..##..#...#....#####"},
    {'3', "####.....#....#.###.....#....#####."},
    {'4', "...#...##..#.#.#..#.#####...#....#."},
    {'5', "######....####.....#....##...#.###."},
    {'6', "..##..#...#....####.#...##...#.###."},
    {'7', "#####....#...#...#....#....#....#.."},
    {'8', ".###.#...##...#.###.#...##...#.###."},
    {'9', ".###.#...##...#.####....#...#..##.."},
    {'.', "..........................##...##.."},
    {',', ".....................##....#...#..."},
    {':', "......##...##........##...##......."},
    {'-', "................###................"},
    {'_', "..............................#####"},
    {'/', "....#....#...#...#...#...#....#...."},
    {'(', "...#...#...#....#....#.....#.....#."},
    {')', ".#.....#.....#....#....#...#...#..."},
    {'\'', "..#....#..........................."},
    {'%', "##..###.#...#....#...#.###..##....."},
    {'+', ".......#....#..#####..#....#......."},
};

void fill(Image& image, int x, int y, int width, int height, const Pixel& colour) {
  for (int row = std::max(0, y); row < std::min(image.height, y + height); ++row)
    for (int column = std::max(0, x); column < std::min(image.width, x + width); ++column)
      std::copy(colour.begin(), colour.end(), image.row(row) + 3 * column);
}

void write(Image& image, int x, int y, std::string_view text, int scale, const Pixel& colour) {
  for (const char letter : text) {
    const int small = std::tolower(static_cast<unsigned char>(letter));
    for (const Glyph& glyph : kFont) {
      if (glyph.letter != small) continue;
      for (int dot = 0; dot < static_cast<int>(glyph.dots.size()); ++dot) {
        if (glyph.dots[static_cast<size_t>(dot)] != '#') continue;
        fill(image, x + scale * (dot % kGlyphWidth), y + scale * (dot / kGlyphWidth), scale, scale,
             colour);
      }
    }
    x += scale * kAdvance;
  }
}

int text_width(const std::string& text, int scale) {
  return scale * kAdvance * static_cast<int>(text.size());
}

// Breaks at spaces so that lines fit into `width`.
std::vector<std::string> lines_of(const std::string& text, int width) {
  std::vector<std::string> lines{""};
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    std::string& line = lines.back();
    if (!line.empty() && text_width(line + " " + word, 1) > width) {
      lines.push_back(word);
    } else {
      line += (line.empty() ? "" : " ") + word;
    }
    at = end + 1;
  }
  return lines;
}

void paste(Image& image, int x, int y, const Image& cell) {
  for (int row = 0; row < cell.height; ++row)
    std::copy_n(cell.row(row), 3 * cell.width, image.row(y + row) + 3 * x);
}

// Where everything goes (px).
struct Grid {
  int cell_width = 0, cell_height = 0, left = 0, top = 0, right = 0, bottom = 0;
  std::vector<int> row_top;
};

constexpr int kLine = kGlyphHeight + 3;

Grid lay_out(const ContactSheet& sheet) {
  Grid g;
  int labels = 0;
  size_t columns = sheet.columns.size();
  for (const auto& row : sheet.rows) {
    labels = std::max(labels, text_width(row.label, 2));
    columns = std::max(columns, row.cells.size());
    for (const Image& cell : row.cells) {
      g.cell_width = std::max(g.cell_width, cell.width);
      g.cell_height = std::max(g.cell_height, cell.height);
    }
  }
  g.left = 2 * kMargin + labels;
  g.top = 2 * kMargin + 5 * kGlyphHeight + kGap;
  g.right = std::max(g.left + static_cast<int>(columns) * (g.cell_width + kGap),
                     2 * kMargin + text_width(sheet.title, 2)) +
            kMargin;
  g.bottom = g.top;
  for (const auto& row : sheet.rows) {
    g.row_top.push_back(g.bottom);
    size_t most = 0;
    for (const std::string& caption : row.captions)
      most = std::max(most, lines_of(caption, g.cell_width).size());
    g.bottom += g.cell_height + kGap + static_cast<int>(most) * kLine;
  }
  g.bottom += kMargin;
  return g;
}

}  // namespace

Image contact_sheet(const ContactSheet& sheet) {
  const Grid g = lay_out(sheet);
  const auto column = [&](size_t c) {
    return g.left + static_cast<int>(c) * (g.cell_width + kGap);
  };
  Image image(g.bottom, g.right);
  fill(image, 0, 0, image.width, image.height, kPaper);
  write(image, kMargin, kMargin, sheet.title, 2, kInk);
  for (size_t c = 0; c < sheet.columns.size(); ++c)
    write(image, column(c), g.top - kGap - 2 * kGlyphHeight, sheet.columns[c], 2, kSoft);
  for (size_t r = 0; r < sheet.rows.size(); ++r) {
    const ContactSheet::Row& row = sheet.rows[r];
    const int y = g.row_top[r];
    write(image, kMargin, y + g.cell_height / 2 - kGlyphHeight, row.label, 2, kInk);
    for (size_t c = 0; c < row.cells.size(); ++c) paste(image, column(c), y, row.cells[c]);
    for (size_t c = 0; c < row.captions.size(); ++c) {
      int below = y + g.cell_height + kGap;
      for (const std::string& line : lines_of(row.captions[c], g.cell_width)) {
        write(image, column(c), below, line, 1, kInk);
        below += kLine;
      }
    }
  }
  return image;
}

}  // namespace libra::media
