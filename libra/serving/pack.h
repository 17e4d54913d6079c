// msgpack out, with numpy arrays as openpi and vla-eval read them (internal to serving).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <msgpack.hpp>
#include <span>
#include <string>
#include <string_view>

#include "libra/core/observation.h"
#include "libra/core/rows.h"

namespace libra::serving {

class Pack {
 public:
  // How the names within an array are written: openpi's as bytes, vla-eval's as text.
  enum class Names { kBytes, kText };
  explicit Pack(Names names = Names::kBytes) : names_(names) {}

  Pack& map(size_t entries) {
    packer_.pack_map(static_cast<uint32_t>(entries));
    return *this;
  }
  Pack& list(size_t elements) {
    packer_.pack_array(static_cast<uint32_t>(elements));
    return *this;
  }
  Pack& text(std::string_view value) {
    packer_.pack_str(static_cast<uint32_t>(value.size()));
    packer_.pack_str_body(value.data(), static_cast<uint32_t>(value.size()));
    return *this;
  }
  Pack& number(double value) {
    packer_.pack_double(value);
    return *this;
  }
  Pack& count(uint64_t value) {
    packer_.pack_uint64(value);
    return *this;
  }
  Pack& truth(bool value) {
    value ? packer_.pack_true() : packer_.pack_false();
    return *this;
  }
  Pack& array(std::string_view dtype, std::initializer_list<size_t> shape, const void* bytes,
              size_t size) {
    map(4);
    name("__ndarray__").truth(true);
    name("data");
    packer_.pack_bin(static_cast<uint32_t>(size));
    packer_.pack_bin_body(static_cast<const char*>(bytes), static_cast<uint32_t>(size));
    name("dtype").text(dtype);
    name("shape").list(shape.size());
    for (const size_t side : shape) packer_.pack(side);
    return *this;
  }
  // Values row by row: T x the row's width.
  Pack& rows(const Rows<float>& rows, size_t count) {
    const size_t width = rows.width();
    return array("<f4", {count, width}, rows.values().data(), count * width * sizeof(float));
  }
  Pack& floats(std::span<const float> values) {
    return array("<f4", {values.size()}, values.data(), values.size_bytes());
  }
  Pack& image(const Image& image) {
    return array("|u1", {size_t(image.height), size_t(image.width), 3}, image.rgb.data(),
                 image.rgb.size());
  }
  std::string take() { return std::string(buffer_.data(), buffer_.size()); }

 private:
  Pack& name(std::string_view value) {
    if (names_ == Names::kText) return text(value);
    packer_.pack_bin(static_cast<uint32_t>(value.size()));
    packer_.pack_bin_body(value.data(), static_cast<uint32_t>(value.size()));
    return *this;
  }
  Names names_;
  msgpack::sbuffer buffer_;
  msgpack::packer<msgpack::sbuffer> packer_{buffer_};
};

}  // namespace libra::serving
