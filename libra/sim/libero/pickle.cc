#include <algorithm>
#include <deque>
#include <unordered_map>

#include "libra/core/error.h"
#include "libra/sim/libero/number_array.h"
#include "libra/sim/libero/number_data.h"

namespace libra::sim::libero {
namespace {

// One object of the pickle. They live in one place and point at each other freely, so that neither
// cycles nor nesting matter.
struct Object {
  enum class Kind { kNone, kNumber, kText, kList, kName, kType, kArray, kMark };
  Kind kind = Kind::kNone;
  int64_t number = 0;          // kNumber; booleans too
  std::string text;            // kText: text or bytes; kName: "module name"; kArray: its data
  std::vector<Object*> items;  // kList: list or tuple
  bool wide = true;            // kType, kArray: f64, not f32
  std::vector<size_t> shape;   // kArray
};
using Kind = Object::Kind;

// The bytes of a pickle, one after the other. Throws Error(kBadInput) with the place.
class PickleBytes {
 public:
  PickleBytes(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(ErrorCode::kBadInput,
                {.where = where_ + ", pickle offset " + std::to_string(start_),
                 .problem = problem,
                 .expected = "arrays of f32 or f64 and nothing else"});
  }

 protected:
  std::string_view take(uint64_t size) {
    if (size > bytes_.size() - at_) fail("it ends inside an object");
    const std::string_view part = bytes_.substr(at_, size_t(size));
    at_ += size_t(size);
    return part;
  }
  uint64_t number(size_t size) {
    uint64_t value = 0;
    const std::string_view part = take(size);
    for (size_t i = 0; i < size; ++i) value |= uint64_t(uint8_t(part[i])) << (8 * i);
    return value;
  }
  std::string_view line() {
    const size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) fail("it ends inside a name");
    const std::string_view text = take(end - at_);
    ++at_;
    return text;
  }
  void begin_operation() { start_ = at_; }
  bool at_end() const { return at_ == bytes_.size(); }
  size_t total() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
  std::string where_;
  size_t at_ = 0, start_ = 0;  // start_: of the operation under way
};

// A stack machine for the part of pickle that arrays are made of.
class Unpickler : public PickleBytes {
 public:
  using PickleBytes::PickleBytes;

  const Object& run() {
    while (step()) {
    }
    if (stack_.size() != 1) fail("it leaves " + std::to_string(stack_.size()) + " objects");
    return *stack_[0];
  }

 private:
  static constexpr size_t kMaxObjects = 2'000'000;

  Object* make(Kind kind) {
    if (objects_.size() >= kMaxObjects) fail("it has too many objects");
    objects_.emplace_back().kind = kind;
    return &objects_.back();
  }
  void push(Object* object) { stack_.push_back(object); }
  void push_number(int64_t value) {
    push(make(Kind::kNumber));
    stack_.back()->number = value;
  }
  // Objects may be named many times, so what they hold is bounded by what an honest pickle needs:
  // its data as text, as bytes and in the array.
  void spend(uint64_t bytes) {
    spent_ += bytes;
    if (spent_ > 8 * total()) fail("its data are used too often");
  }
  void push_text(uint64_t size) {
    push(make(Kind::kText));
    spend(size);
    stack_.back()->text = std::string(take(size));
  }
  Object* pop() {
    if (stack_.empty() || stack_.back()->kind == Kind::kMark) fail("its stack is empty");
    Object* top = stack_.back();
    stack_.pop_back();
    return top;
  }
  std::vector<Object*> pop_to_mark() {
    std::vector<Object*> items;
    while (!stack_.empty() && stack_.back()->kind != Kind::kMark) items.push_back(pop());
    if (stack_.empty()) fail("it has no mark");
    stack_.pop_back();
    std::reverse(items.begin(), items.end());
    return items;
  }
  void push_list(std::vector<Object*> items) {
    push(make(Kind::kList));
    stack_.back()->items = std::move(items);
  }
  void push_tuple(size_t count) {
    std::vector<Object*> items(count);
    for (size_t i = count; i-- > 0;) items[i] = pop();
    push_list(std::move(items));
  }

  void remember(uint64_t slot) {
    if (stack_.empty()) fail("its stack is empty");
    memo_[slot] = stack_.back();
  }
  void recall(uint64_t slot) {
    const auto found = memo_.find(slot);
    if (found == memo_.end()) fail("it refers to what is not there");
    push(found->second);
  }
  void push_name(const std::string& module, const std::string& name) {
    static const char* const kKnown[] = {"numpy ndarray",
                                         "numpy dtype",
                                         "_codecs encode",
                                         "numpy.core.multiarray _reconstruct",
                                         "numpy.core.numeric _frombuffer",
                                         "__builtin__ bytes"};
    std::string full = module + " " + name;
    if (full.starts_with("numpy._core.")) full.replace(0, 12, "numpy.core.");  // NumPy 2
    if (std::find(std::begin(kKnown), std::end(kKnown), full) == std::end(kKnown)) {
      fail("it names " + module + "." + name + ", which is not called");
    }
    push(make(Kind::kName));
    stack_.back()->text = full;
  }

  const Object& item(const Object& list, size_t index, Kind kind, const char* what) const {
    if (list.kind != Kind::kList || index >= list.items.size() || list.items[index]->kind != kind) {
      fail(std::string("it has no ") + what);
    }
    return *list.items[index];
  }
  std::vector<size_t> shape_of(const Object& tuple) const {
    std::vector<size_t> shape;
    for (size_t i = 0; i < tuple.items.size(); ++i) {
      const int64_t side = item(tuple, i, Kind::kNumber, "shape").number;
      if (i == 8 || side < 0 || size_t(side) > kMaxNumbers) fail("its shape is impossible");
      shape.push_back(size_t(side));
    }
    return shape;
  }
  Object* type_named(const std::string& text) {
    const std::string name = text.starts_with('<') ? text.substr(1) : text;
    if (name != "f8" && name != "f4") fail("its numbers are of type '" + text + "'");
    Object* type = make(Kind::kType);
    type->wide = name == "f8";
    return type;
  }
  void fill(Object& array, const Object& shape, const Object& type, const std::string& data) {
    array.shape = shape_of(shape);
    array.wide = type.wide;
    const size_t wanted = count_of(array.shape) * (array.wide ? 8 : 4);
    if (data.size() != wanted) {
      fail("it holds " + std::to_string(data.size()) + " bytes of data for a shape of " +
           std::to_string(wanted));
    }
    spend(data.size());
    array.text = data;
  }
  // Characters U+0000 to U+00FF, which protocols before 3 write bytes as.
  std::string latin1(const std::string& utf8) const {
    std::string out;
    for (size_t i = 0; i < utf8.size(); ++i) {
      const auto lead = uint8_t(utf8[i]);
      if (lead < 0x80) {
        out += utf8[i];
        continue;
      }
      const bool pair = (lead == 0xc2 || lead == 0xc3) && i + 1 < utf8.size() &&
                        (uint8_t(utf8[i + 1]) & 0xc0) == 0x80;
      if (!pair) fail("its data have characters beyond U+00FF");
      ++i;
      out += char((lead & 0x03) << 6 | (uint8_t(utf8[i]) & 0x3f));
    }
    return out;
  }

  // A named function with its arguments: one of the few that make an array.
  void reduce() {
    const Object& arguments = *pop();
    const Object& function = *pop();
    if (function.kind != Kind::kName || arguments.kind != Kind::kList) {
      fail("it calls what is no function");
    }
    if (function.text == "_codecs encode") {
      Object* bytes = make(Kind::kText);
      spend(item(arguments, 0, Kind::kText, "text to encode").text.size());
      bytes->text = latin1(item(arguments, 0, Kind::kText, "text to encode").text);
      push(bytes);
    } else if (function.text == "numpy dtype") {
      push(type_named(item(arguments, 0, Kind::kText, "type").text));
    } else if (function.text == "__builtin__ bytes" && arguments.items.empty()) {
      push(make(Kind::kText));  // the data of an array without rows
    } else if (function.text == "numpy.core.multiarray _reconstruct") {
      push(make(Kind::kArray));
    } else if (function.text == "numpy.core.numeric _frombuffer") {
      Object* array = make(Kind::kArray);
      fill(*array, item(arguments, 2, Kind::kList, "shape"),
           item(arguments, 1, Kind::kType, "type"), item(arguments, 0, Kind::kText, "data").text);
      if (item(arguments, 3, Kind::kText, "order").text != "C") fail("it stands in column order");
      push(array);
    } else {
      fail("it calls " + function.text);
    }
  }
  void build() {
    const Object& state = *pop();
    Object& object = *pop();
    if (object.kind == Kind::kArray) {
      if (item(state, 3, Kind::kNumber, "order").number != 0) fail("it stands in column order");
      fill(object, item(state, 1, Kind::kList, "shape"), item(state, 2, Kind::kType, "type"),
           item(state, 4, Kind::kText, "data").text);
    } else if (object.kind == Kind::kType) {
      if (item(state, 1, Kind::kText, "byte order").text != "<") fail("it is not little-endian");
    } else {
      fail("it sets the state of what is neither array nor type");
    }
    push(&object);
  }
  void append(const std::vector<Object*>& items) {
    if (stack_.empty() || stack_.back()->kind != Kind::kList) fail("it appends to no list");
    auto& list = stack_.back()->items;
    list.insert(list.end(), items.begin(), items.end());
  }

  // One operation; false at the end.
  bool step() {
    begin_operation();
    const auto code = uint8_t(number(1));
    switch (code) {
      case 0x80:  // PROTO
        if (const auto version = number(1); version > 5) {
          fail("its protocol is " + std::to_string(version));
        }
        break;
      case 0x95:
        number(8);
        break;  // FRAME
      case 'N':
        push(make(Kind::kNone));
        break;  // NONE
      case 0x88:
        push_number(1);
        break;  // NEWTRUE
      case 0x89:
        push_number(0);
        break;  // NEWFALSE
      case 'K':
        push_number(int64_t(number(1)));
        break;  // BININT1
      case 'M':
        push_number(int64_t(number(2)));
        break;  // BININT2
      case 'J':
        push_number(int32_t(number(4)));
        break;  // BININT
      case 'X':
      case 'B':
        push_text(number(4));
        break;  // BINUNICODE, BINBYTES
      case 0x8c:
      case 'C':
        push_text(number(1));
        break;  // SHORT_BINUNICODE, SHORT_BINBYTES
      case 0x8d:
      case 0x8e:
      case 0x96:  // BINUNICODE8, BINBYTES8, BYTEARRAY8
        push_text(number(8));
        break;
      case '(':
        push(make(Kind::kMark));
        break;  // MARK
      case ')':
      case ']':
        push_list({});
        break;  // EMPTY_TUPLE, EMPTY_LIST
      case 0x85:
        push_tuple(1);
        break;  // TUPLE1
      case 0x86:
        push_tuple(2);
        break;  // TUPLE2
      case 0x87:
        push_tuple(3);
        break;  // TUPLE3
      case 't':
        push_list(pop_to_mark());
        break;  // TUPLE
      case 'a': {
        Object* one = pop();
        append({one});
        break;
      }  // APPEND
      case 'e':
        append(pop_to_mark());
        break;  // APPENDS
      case 'q':
        remember(number(1));
        break;  // BINPUT
      case 'r':
        remember(number(4));
        break;  // LONG_BINPUT
      case 0x94:
        remember(memo_.size());
        break;  // MEMOIZE
      case 'h':
        recall(number(1));
        break;  // BINGET
      case 'j':
        recall(number(4));
        break;     // LONG_BINGET
      case 'c': {  // GLOBAL
        const std::string module(line());
        push_name(module, std::string(line()));
        break;
      }
      case 0x93: {  // STACK_GLOBAL
        const Object* name = pop();
        const Object* module = pop();
        if (name->kind != Kind::kText || module->kind != Kind::kText) fail("it names no function");
        push_name(module->text, name->text);
        break;
      }
      case 'R':
        reduce();
        break;
      case 'b':
        build();
        break;
      case '.':
        if (!at_end()) fail("something stands behind its end");
        return false;
      default:
        fail("it has operation " + std::to_string(code) + ", which no array needs");
    }
    return true;
  }

  uint64_t spent_ = 0;  // bytes copied so far
  std::deque<Object> objects_;
  std::vector<Object*> stack_;
  std::unordered_map<uint64_t, Object*> memo_;
};

}  // namespace

std::vector<NumberArray> parse_pickled_arrays(std::string_view pickle, const std::string& where) {
  Unpickler unpickler(pickle, where);
  const Object& result = unpickler.run();
  std::vector<const Object*> arrays = {&result};
  if (result.kind == Kind::kList) arrays.assign(result.items.begin(), result.items.end());
  std::vector<NumberArray> out;
  size_t total = 0;
  for (const Object* array : arrays) {
    if (array->kind != Kind::kArray) unpickler.fail("it is neither an array nor a list of arrays");
    if (array->text.size() != count_of(array->shape) * (array->wide ? 8 : 4)) {
      unpickler.fail("its array is never filled");
    }
    total += array->text.size();  // one array may stand in a list many times
    if (total > kMaxNumbers * sizeof(double)) unpickler.fail("it holds too many numbers");
    out.push_back({array->shape, numbers_of(array->text, array->wide)});
  }
  return out;
}

}  // namespace libra::sim::libero
