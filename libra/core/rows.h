// Rows of numbers, one after the other in one piece of memory: the actions of a chunk, the bins of
// an intent, the proprio of an episode. How wide a row is, is the robot's business.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace libra {

// Copies into rows that are as large already need no memory.
template <class T>
class Rows {
 public:
  Rows() = default;
  Rows(size_t rows, size_t width) { resize(rows, width); }

  size_t size() const { return width_ > 0 ? values_.size() / width_ : 0; }
  size_t width() const { return width_; }
  bool empty() const { return values_.empty(); }
  // All values become zero.
  void resize(size_t rows, size_t width) {
    width_ = width;
    values_.assign(rows * width, T{});
  }
  void clear() { values_.clear(); }
  void reserve(size_t rows) { values_.reserve(rows * width_); }
  // The first row of all says how wide rows are. Requires: the others are as wide.
  void push_back(std::span<const T> row) {
    if (values_.empty()) width_ = row.size();
    const size_t first = values_.size();
    values_.resize(first + row.size());
    std::copy(row.begin(), row.end(), values_.begin() + static_cast<std::ptrdiff_t>(first));
  }
  // Requires: row.size() == width().
  void set(size_t i, std::span<const T> row) {
    std::copy(row.begin(), row.end(), values_.begin() + static_cast<std::ptrdiff_t>(i * width_));
  }

  // const, so that assigning to a row, which would change nothing, does not compile: use set().
  const std::span<T> operator[](size_t i) { return {values_.data() + i * width_, width_}; }
  const std::span<const T> operator[](size_t i) const {
    return {values_.data() + i * width_, width_};
  }
  std::span<T> values() { return values_; }
  std::span<const T> values() const { return values_; }
  bool operator==(const Rows&) const = default;

 private:
  std::vector<T> values_;
  size_t width_ = 0;
};

}  // namespace libra
