// msgpack, with numpy arrays as openpi's client writes them (maps with binary names) and as
// vla-eval's does (text names, and pictures of their own).
#include <msgpack.hpp>

#include "libra/core/error.h"
#include "libra/serving/wire.h"

namespace libra::serving {
namespace {

[[noreturn]] void refuse_msgpack(const std::string& problem, const std::string& expected = "",
                                 const std::string& found = "") {
  throw Error(ErrorCode::kBadInput,
              {.where = "message", .problem = problem, .expected = expected, .found = found});
}

// Text or bytes; empty for anything else.
std::optional<std::string_view> as_text(const msgpack::object& o) {
  if (o.type == msgpack::type::STR) return std::string_view(o.via.str.ptr, o.via.str.size);
  if (o.type == msgpack::type::BIN) return std::string_view(o.via.bin.ptr, o.via.bin.size);
  return std::nullopt;
}

const msgpack::object* find_in(const msgpack::object& map, std::string_view name) {
  for (uint32_t i = 0; i < map.via.map.size; ++i) {
    const auto key = as_text(map.via.map.ptr[i].key);
    if (key && *key == name) return &map.via.map.ptr[i].val;
  }
  return nullptr;
}

Bytes data_of(const msgpack::object& map, const std::string& name) {
  const msgpack::object* data = find_in(map, "data");
  if (data == nullptr || data->type != msgpack::type::BIN) {
    refuse_msgpack(printable(name) + " has no bytes", "data: bin");
  }
  return {reinterpret_cast<const uint8_t*>(data->via.bin.ptr), data->via.bin.size};
}

std::vector<int64_t> shape_of(const msgpack::object& map, const std::string& name) {
  const msgpack::object* shape = find_in(map, "shape");
  if (shape == nullptr || shape->type != msgpack::type::ARRAY || shape->via.array.size > 8) {
    refuse_msgpack(printable(name) + " has no shape", "shape: at most 8 whole numbers");
  }
  std::vector<int64_t> out;
  for (uint32_t i = 0; i < shape->via.array.size; ++i) {
    const msgpack::object& side = shape->via.array.ptr[i];
    if (side.type != msgpack::type::POSITIVE_INTEGER || side.via.u64 > INT32_MAX) {
      refuse_msgpack(printable(name) + " has a side that is no size", "0 to 2147483647");
    }
    out.push_back(static_cast<int64_t>(side.via.u64));
  }
  return out;
}

// "<f4" and the like. Kinds that would be objects or records are none of them.
void read_dtype(std::string_view dtype, const std::string& name, WireArray& out) {
  if (dtype.size() >= 3 && std::string_view("<>|=").find(dtype[0]) != std::string_view::npos) {
    out.big_endian = dtype[0] == '>';
    dtype.remove_prefix(1);
  }
  const bool fits =
      dtype.size() == 2 && (dtype == "b1" || dtype == "f2" || dtype == "f4" || dtype == "f8" ||
                            ((dtype[0] == 'i' || dtype[0] == 'u') &&
                             std::string_view("1248").find(dtype[1]) != std::string_view::npos));
  if (!fits) {
    refuse_msgpack(printable(name) + " is of a type that is not taken",
                   "numpy's b1, i1 to i8, u1 to u8, f2, f4 or f8", printable(dtype, 20));
  }
  out.kind = dtype[0];
  out.item = static_cast<size_t>(dtype[1] - '0');
}

WireArray array_of(const msgpack::object& map, const std::string& name) {
  WireArray array;
  const msgpack::object* dtype = find_in(map, "dtype");
  const auto text = dtype == nullptr ? std::nullopt : as_text(*dtype);
  if (!text) refuse_msgpack(printable(name) + " has no dtype");
  read_dtype(*text, name, array);
  array.shape = shape_of(map, name);
  array.bytes = data_of(map, name);
  size_t count = 1;
  for (const int64_t side : array.shape) {
    // Of sizes below 2^31 and a count that the message's bytes bound nothing can overflow.
    count = side == 0 ? 0 : std::min<size_t>(count, SIZE_MAX >> 32) * static_cast<size_t>(side);
  }
  if (count > array.bytes.size() || count * array.item != array.bytes.size()) {
    refuse_msgpack(printable(name) + " holds other bytes than its shape says", array.describe(),
                   std::to_string(array.bytes.size()) + " bytes");
  }
  return array;
}

WireValue image_of(const msgpack::object& map, const std::string& name) {
  const msgpack::object* format = find_in(map, "format");
  const auto text = format == nullptr ? std::nullopt : as_text(*format);
  if (text && *text == "raw") return array_of(map, name);
  if (text && (*text == "png" || *text == "jpeg")) return WireImage{data_of(map, name)};
  refuse_msgpack(printable(name) + " is an image of an unknown format", "png, jpeg or raw",
                 text ? printable(*text, 20) : "nothing");
}

class MsgpackReader {
 public:
  MsgpackReader(const Limits& limits, WireMessage& out) : limits_(limits), out_(out) {}

  void read(const msgpack::object& o, const std::string& name, int depth) {
    if (o.type == msgpack::type::MAP) {
      read_map(o, name, depth);
    } else {
      put(name, scalar(o));
    }
  }

 private:
  void put(const std::string& name, WireValue value) {
    if (out_.values.size() >= static_cast<size_t>(limits_.entries)) {
      refuse_msgpack("has too many entries", "at most " + std::to_string(limits_.entries));
    }
    out_.values.insert_or_assign(name, std::move(value));
  }

  void read_map(const msgpack::object& o, const std::string& name, int depth) {
    const auto marked = [&](std::string_view mark) { return find_in(o, mark) != nullptr; };
    if (marked("__ndarray__")) return put(name, array_of(o, name));
    if (marked("__image__")) return put(name, image_of(o, name));
    if (marked("__npgeneric__")) {
      const msgpack::object* data = find_in(o, "data");
      return put(name, data == nullptr ? WireValue(WireNothing{}) : scalar(*data));
    }
    if (depth >= limits_.depth) refuse_msgpack("is nested too deep");
    if (o.via.map.size == 0 && !name.empty()) put(name, WireNothing{});
    for (uint32_t i = 0; i < o.via.map.size; ++i) {
      const auto key = as_text(o.via.map.ptr[i].key);
      if (!key || key->empty() || key->size() > 200) {
        refuse_msgpack("has a name that is none", "1 to 200 bytes of text");
      }
      read(o.via.map.ptr[i].val, name.empty() ? std::string(*key) : name + "/" + std::string(*key),
           depth + 1);
    }
  }

  WireValue scalar(const msgpack::object& o) const {
    switch (o.type) {
      case msgpack::type::BOOLEAN:
        return o.via.boolean;
      case msgpack::type::POSITIVE_INTEGER:
        return o.via.u64;
      case msgpack::type::NEGATIVE_INTEGER:
        return o.via.i64;
      case msgpack::type::FLOAT32:
      case msgpack::type::FLOAT64:
        return o.via.f64;
      case msgpack::type::STR:
        return std::string(o.via.str.ptr, o.via.str.size);
      case msgpack::type::BIN:
        return WireImage{{reinterpret_cast<const uint8_t*>(o.via.bin.ptr), o.via.bin.size}};
      case msgpack::type::ARRAY:
        return numbers(o);
      default:
        return WireNothing{};
    }
  }

  WireValue numbers(const msgpack::object& o) const {
    std::vector<double> out;
    for (uint32_t i = 0; i < o.via.array.size; ++i) {
      const msgpack::object& x = o.via.array.ptr[i];
      switch (x.type) {
        case msgpack::type::POSITIVE_INTEGER:
          out.push_back(static_cast<double>(x.via.u64));
          break;
        case msgpack::type::NEGATIVE_INTEGER:
          out.push_back(static_cast<double>(x.via.i64));
          break;
        case msgpack::type::FLOAT32:
        case msgpack::type::FLOAT64:
          out.push_back(x.via.f64);
          break;
        default:
          return WireNothing{};  // a list of something else: nobody asks for it
      }
    }
    return out;
  }

  const Limits& limits_;
  WireMessage& out_;
};

}  // namespace

WireMessage decode_msgpack(Bytes bytes, const Limits& limits) {
  if (bytes.size() > limits.message_bytes()) {
    refuse_msgpack("is too long", "at most " + std::to_string(limits.message_mb) + " MB");
  }
  WireMessage message;
  try {
    const auto numbers = static_cast<size_t>(limits.numbers);
    const msgpack::unpack_limit most(numbers, static_cast<size_t>(limits.entries), bytes.size(),
                                     bytes.size(), /*ext=*/1024,
                                     static_cast<size_t>(limits.depth) + 4);
    size_t offset = 0;
    const msgpack::object_handle root = msgpack::unpack(
        reinterpret_cast<const char*>(bytes.data()), bytes.size(), offset,
        [](msgpack::type::object_type, std::size_t, void*) { return true; }, nullptr, most);
    if (offset != bytes.size()) refuse_msgpack("goes on behind its end");
    if (root->type != msgpack::type::MAP) refuse_msgpack("is no map of names and values");
    MsgpackReader(limits, message).read(*root, "", 0);
  } catch (const msgpack::size_overflow&) {
    refuse_msgpack("has more elements or is nested deeper than is taken");
  } catch (const msgpack::unpack_error&) {
    refuse_msgpack("is no msgpack, or cut short");
  }
  return message;
}

}  // namespace libra::serving
