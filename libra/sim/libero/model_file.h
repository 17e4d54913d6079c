// MJCF files as robosuite reads and joins them: default classes written out, names with a prefix of
// the model they belong to, file names absolute, assets of the same name taken once.
#pragma once

#include <tinyxml2.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace libra::sim::libero {

using Xml = tinyxml2::XMLElement;

// One model file, read into memory. Untrusted: size and depth are bounded.
class MjcfFile {
 public:
  // Throws Error(kNotFound) when there is no such file, Error(kBadInput) when it is not MJCF.
  // Attributes of <default> classes are written into the elements of those classes; relative file
  // names of assets become absolute.
  explicit MjcfFile(const std::string& path);

  const std::string& path() const { return path_; }
  Xml& root() { return *document_.RootElement(); }
  // <worldbody>, <asset>, <actuator>, <sensor>, ...; nullptr when the file has none.
  Xml* section(const char* name);
  // Puts `prefix` before every name and reference to a name in the whole file that lacks it.
  void add_prefix(const std::string& prefix);

 private:
  std::string path_;
  tinyxml2::XMLDocument document_;
};

// Calls visit(element) for `root` and everything below it, parents first. The element may be
// changed but not removed.
void for_each(Xml& root, const std::function<void(Xml&)>& visit);
// The first element below `root` with this tag and attribute name="..."; nullptr when there is
// none.
Xml* find_named(Xml& root, std::string_view tag, std::string_view name);
// The same, throwing Error(kBadInput) with `where` when there is none.
Xml& need_named(Xml& root, std::string_view tag, std::string_view name, const std::string& where);

// "" when the element has no such attribute.
std::string attribute(const Xml& element, const char* name);
// The numbers of an attribute. Throws Error(kBadInput) with `where` unless there are `count` of
// them, all finite.
std::vector<double> numbers(const Xml& element, const char* name, size_t count,
                            const std::string& where);
// Numbers in the form of an attribute, with all their digits.
std::string text_of(const std::vector<double>& values);

// Copies of the children of `from` (which may be nullptr) to the end of `to`.
void append_children(Xml& to, const Xml* from);
// The same for assets: one that has the tag and name of another is left out.
void merge_assets(Xml& to, const Xml* from);

}  // namespace libra::sim::libero
