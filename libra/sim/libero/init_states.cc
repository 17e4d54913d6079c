#include "libra/sim/libero/init_states.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/sim/libero/zip_archive.h"

namespace libra::sim::libero {
namespace {

constexpr size_t kMaxRows = 10'000, kMaxColumns = 100'000;

// The operations of pickle that occur in an array of numbers.
enum Op : uint8_t {
  kProto = 0x80,
  kGlobal = 'c',
  kPut = 'q',
  kLongPut = 'r',
  kGet = 'h',
  kLongGet = 'j',
  kInt1 = 'K',
  kInt2 = 'M',
  kInt4 = 'J',
  kText = 'X',
  kMark = '(',
  kTuple = 't',
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kFalse = 0x89,
  kTrue = 0x88,
  kNone = 'N',
  kReduce = 'R',
  kBuild = 'b',
  kStop = '.',
};

// Walks over the pickle; every step asks for one thing and fails where it is not that.
class Walker {
 public:
  Walker(std::string_view pickle, const std::string& where) : bytes_(pickle), where_(where) {}

  [[noreturn]] void fail(const std::string& expected) const {
    throw Error(ErrorCode::kBadInput,
                {.where = where_ + ", pickle offset " + std::to_string(start_),
                 .problem = "is not a plain array of numbers, the only pickle that is read",
                 .expected = expected});
  }

  void op(Op code, const char* what) {
    start_ = at_;
    if (byte(what) != code) fail(what);
  }
  void protocol(uint32_t version) {
    const std::string what = "a pickle of protocol " + std::to_string(version);
    op(kProto, what.c_str());
    if (number(1, what) != version) fail(what);
  }
  template <class... Codes>
  void ops(const char* what, Codes... codes) {
    (op(codes, what), ...);
  }

  // Operations that remember the newest object under a number; the number is returned. A pickle
  // optimised by pickletools has none where nothing refers to it.
  std::optional<uint32_t> put() {
    if (at_ >= bytes_.size()) return std::nullopt;
    start_ = at_;
    const auto code = static_cast<uint8_t>(bytes_[at_]);
    if (code != kPut && code != kLongPut) return std::nullopt;
    ++at_;
    return number(code == kPut ? 1 : 4, "a memo number");
  }
  // A reference to what put() returned.
  void get(std::optional<uint32_t> memo, const char* what) {
    start_ = at_;
    const uint8_t code = byte(what);
    if (code != kGet && code != kLongGet) fail(what);
    if (!memo || number(code == kGet ? 1 : 4, what) != *memo) fail(what);
  }

  std::optional<uint32_t> global(const std::string& module, const std::string& name) {
    const std::string what = module + " " + name;
    op(kGlobal, what.c_str());
    const std::string line = module + "\n" + name + "\n";
    if (!bytes_.substr(at_).starts_with(line)) fail(what);
    at_ += line.size();
    return put();
  }

  std::string_view text(const char* what) {
    op(kText, what);
    const uint32_t size = number(4, what);
    if (size > bytes_.size() - at_) fail(what);
    const std::string_view found = bytes_.substr(at_, size);
    at_ += size;
    return found;
  }
  std::optional<uint32_t> literal(std::string_view wanted) {
    const std::string what = "the text '" + std::string(wanted) + "'";
    if (text(what.c_str()) != wanted) fail(what);
    return put();
  }

  int64_t integer(const char* what) {
    start_ = at_;
    switch (byte(what)) {
      case kInt1:
        return number(1, what);
      case kInt2:
        return number(2, what);
      case kInt4:
        return static_cast<int32_t>(number(4, what));
      default:
        fail(what);
    }
  }
  void integer(int64_t wanted, const char* what) {
    if (integer(what) != wanted) fail(what);
  }
  size_t extent(size_t most, const char* what) {
    const int64_t found = integer(what);
    if (found < 1 || static_cast<uint64_t>(found) > most) fail(what);
    return static_cast<size_t>(found);
  }

  bool at_end() const { return at_ == bytes_.size(); }

 private:
  uint8_t byte(const std::string& what) {
    if (at_ >= bytes_.size()) fail(what + ", found the end");
    return static_cast<uint8_t>(bytes_[at_++]);
  }
  uint32_t number(size_t size, const std::string& what) {
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) value |= static_cast<uint32_t>(byte(what)) << (8 * i);
    return value;
  }

  std::string_view bytes_;
  std::string where_;
  size_t at_ = 0, start_ = 0;  // start_: of the operation under way
};

// The data stand in the pickle as a text whose characters U+0000 to U+00FF are the bytes.
void decode_latin1(std::string_view text, const Walker& walker, std::vector<double>& out) {
  std::vector<uint8_t> bytes;
  bytes.reserve(out.size() * sizeof(double));
  for (size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<uint8_t>(text[i]);
    if (lead < 0x80) {
      bytes.push_back(lead);
      continue;
    }
    const bool pair = (lead == 0xc2 || lead == 0xc3) && i + 1 < text.size() &&
                      (static_cast<uint8_t>(text[i + 1]) & 0xc0) == 0x80;
    if (!pair) walker.fail("characters up to U+00FF in the data");
    ++i;
    bytes.push_back(
        static_cast<uint8_t>((lead & 0x03) << 6 | (static_cast<uint8_t>(text[i]) & 0x3f)));
  }
  if (bytes.size() != out.size() * sizeof(double)) {
    walker.fail(std::to_string(out.size() * sizeof(double)) +
                " bytes of data for its shape, found " + std::to_string(bytes.size()));
  }
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(out.data(), bytes.data(), bytes.size());
  for (const double value : out) {
    if (!std::isfinite(value)) walker.fail("finite numbers");
  }
}

}  // namespace

InitStates parse_pickled_array(std::string_view pickle, const std::string& where) {
  Walker w(pickle, where);
  w.protocol(2);

  // An empty array is made: _reconstruct(ndarray, (0,), b"b").
  w.global("numpy.core.multiarray", "_reconstruct");
  w.global("numpy", "ndarray");
  w.integer(0, "the shape (0,)");
  w.op(kTuple1, "the shape (0,)");
  w.put();
  const auto encode = w.global("_codecs", "encode");
  w.literal("b");
  const auto latin1 = w.literal("latin1");
  for (const Op op : {kTuple2, kReduce, kTuple3, kReduce}) {
    w.op(op, "the arguments of _reconstruct");
    w.put();
  }

  // Its state: (1, (rows, columns), dtype, False, data).
  InitStates states;
  w.op(kMark, "the array's state");
  w.integer(1, "version 1 of the array's state");
  states.rows = w.extent(kMaxRows, "1 to 10000 rows");
  states.columns = w.extent(kMaxColumns, "1 to 100000 columns");
  w.op(kTuple2, "a shape of two numbers");
  w.put();
  w.global("numpy", "dtype");
  w.literal("f8");
  w.ops("the arguments of dtype", kFalse, kTrue, kTuple3);
  w.put();
  w.op(kReduce, "a dtype");
  w.put();
  w.op(kMark, "the dtype's state");
  w.integer(3, "version 3 of the dtype's state");
  w.literal("<");
  w.ops("a dtype without fields", kNone, kNone, kNone);
  w.integer(-1, "a dtype without fields");
  w.integer(-1, "a dtype without fields");
  w.integer(0, "a dtype without flags");
  w.op(kTuple, "the dtype's state");
  w.put();
  w.op(kBuild, "the dtype's state");
  w.op(kFalse, "an array in row order");
  w.get(encode, "_codecs encode");
  const std::string_view text = w.text("the data");
  if (text.size() < states.rows * states.columns * sizeof(double)) w.fail("data for its shape");
  states.values.resize(states.rows * states.columns);
  decode_latin1(text, w, states.values);
  w.put();
  w.get(latin1, "the text 'latin1'");
  for (const Op op : {kTuple2, kReduce, kTuple}) {
    w.op(op, "the end of the array's state");
    w.put();
  }
  w.ops("the end of the array", kBuild, kStop);
  if (!w.at_end()) w.fail("nothing after the array");
  return states;
}

InitStates parse_init_states(std::string_view archive, const std::string& where) {
  return parse_pickled_array(stored_entry(archive, "/data.pkl", where), where);
}

InitStates read_init_states(const std::string& path) {
  return parse_init_states(read_file(path, "LIBERO's stored initial states"), path);
}

}  // namespace libra::sim::libero
