#include "libra/sim/task/bddl_lists.h"

#include "libra/core/error.h"

namespace libra::sim::task::bddl {
namespace {

constexpr size_t kMaxTokenBytes = 128;
constexpr size_t kMaxTokens = 20000;
constexpr int kMaxDepth = 16;

// Turns the text into nested lists.
class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  Node read() {
    skip_blank();
    if (end()) fail(file_, at_, "the file is empty", "(define ...)");
    Node root = read_node(0);
    skip_blank();
    if (!end()) fail(file_, at_, "text after the end of (define ...)", "end of file", rest());
    return root;
  }

 private:
  bool end() const { return next_ >= text_.size(); }
  char peek() const { return text_[next_]; }
  void advance() {
    if (peek() == '\n') {
      at_ = {at_.line + 1, 1};
    } else {
      ++at_.column;
    }
    ++next_;
  }
  static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
  }
  // The beginning of what is left of the line.
  std::string rest() const {
    const std::string_view left = text_.substr(next_, peek() == '(' ? 1 : 16);
    return "'" + std::string(left.substr(0, left.find_first_of("\r\n"))) + "'";
  }

  void skip_blank() {
    while (!end()) {
      if (peek() == ';') {
        while (!end() && peek() != '\n') advance();
      } else if (is_blank(peek())) {
        advance();
      } else {
        return;
      }
    }
  }

  Node read_node(int depth) {
    if (++tokens_ > kMaxTokens) {
      fail(file_, at_, "too many tokens", "at most " + std::to_string(kMaxTokens));
    }
    if (peek() == ')') fail(file_, at_, "')' without its '('");
    return peek() == '(' ? read_list(depth) : read_atom();
  }

  Node read_list(int depth) {
    if (depth >= kMaxDepth) {
      fail(file_, at_, "lists are nested too deeply", "at most " + std::to_string(kMaxDepth));
    }
    Node list{.is_list = true, .atom = {}, .items = {}, .at = at_};
    advance();
    for (skip_blank(); !end() && peek() != ')'; skip_blank()) {
      list.items.push_back(read_node(depth + 1));
    }
    if (end()) fail(file_, list.at, "'(' is never closed", "')'", "end of file");
    advance();
    return list;
  }

  Node read_atom() {
    Node node{.is_list = false, .atom = {}, .items = {}, .at = at_};
    while (!end() && !is_blank(peek()) && peek() != '(' && peek() != ')' && peek() != ';') {
      const char c = peek();
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        fail(file_, at_, "control character in the text");
      }
      if (node.atom.size() >= kMaxTokenBytes) {
        fail(file_, node.at, "word is too long",
             "at most " + std::to_string(kMaxTokenBytes) + " bytes");
      }
      node.written += c;
      node.atom += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      advance();
    }
    return node;
  }

  std::string_view text_;
  const std::string& file_;
  size_t next_ = 0, tokens_ = 0;
  SourcePosition at_{1, 1};
};

}  // namespace

Node read_lists(std::string_view text, const std::string& file) {
  if (text.size() > kMaxFileBytes) {
    fail(file, {1, 1}, "the file is too large for a BDDL file",
         "at most " + std::to_string(kMaxFileBytes) + " bytes", std::to_string(text.size()));
  }
  return Reader(text, file).read();
}

void fail(const std::string& file, SourcePosition at, const std::string& problem,
          const std::string& expected, const std::string& found, const std::string& next) {
  throw Error(ErrorCode::kBadInput,
              {.where = file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column),
               .problem = problem,
               .expected = expected,
               .found = found,
               .next = next});
}

}  // namespace libra::sim::task::bddl
