#include "libra/sim/libero/model_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>

#include "libra/core/error.h"
#include "libra/core/file.h"

namespace libra::sim::libero {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxBytes = 16u << 20;
constexpr int kMaxDepth = 100;

// Attributes that hold a name or refer to one.
constexpr std::array<const char*, 14> kNames = {"name",   "objname", "material", "texture", "joint",
                                                "joint1", "joint2",  "geom",     "geom1",   "geom2",
                                                "mesh",   "site",    "body",     "target"};

void check_depth(const Xml& element, int depth, const std::string& where) {
  if (depth > kMaxDepth) {
    throw Error(ErrorCode::kBadInput, {.where = where, .problem = "is nested too deeply"});
  }
  for (const Xml* c = element.FirstChildElement(); c != nullptr; c = c->NextSiblingElement()) {
    check_depth(*c, depth + 1, where);
  }
}

// Class and tag to the element that holds the class's attributes for that tag.
using Classes = std::map<std::pair<std::string, std::string>, const Xml*>;

Classes default_classes(const Xml* section) {
  Classes classes;
  if (section == nullptr) return classes;
  for (const Xml* c = section->FirstChildElement(); c != nullptr; c = c->NextSiblingElement()) {
    for (const Xml* e = c->FirstChildElement(); e != nullptr; e = e->NextSiblingElement()) {
      classes[{attribute(*c, "class"), e->Name()}] = e;
    }
  }
  return classes;
}

void write_out_defaults(Xml& root, const std::string& where) {
  Xml* section = root.FirstChildElement("default");
  const Classes classes = default_classes(section);
  for (Xml* part = root.FirstChildElement(); part != nullptr; part = part->NextSiblingElement()) {
    if (part == section) continue;
    for_each(*part, [&](Xml& element) {
      const std::string name = attribute(element, "class");
      if (name.empty()) return;
      element.DeleteAttribute("class");
      const auto known = [&](const auto& entry) { return entry.first.first == name; };
      if (std::none_of(classes.begin(), classes.end(), known)) {
        throw Error(ErrorCode::kBadInput,
                    {.where = where, .problem = "there is no default class '" + name + "'"});
      }
      const auto found = classes.find({name, element.Name()});
      if (found == classes.end()) return;
      for (const auto* a = found->second->FirstAttribute(); a != nullptr; a = a->Next()) {
        if (element.Attribute(a->Name()) == nullptr) element.SetAttribute(a->Name(), a->Value());
      }
    });
  }
  if (section != nullptr) root.DeleteChild(section);
}

}  // namespace

MjcfFile::MjcfFile(const std::string& path) : path_(path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    throw Error(ErrorCode::kNotFound,
                {.where = path, .problem = "there is no such file", .expected = "an MJCF model"});
  }
  const std::string text = read_file(path, "an MJCF model");
  const auto parsed = text.size() > kMaxBytes ? tinyxml2::XML_ERROR_FILE_READ_ERROR
                                              : document_.Parse(text.data(), text.size());
  Xml* root = document_.RootElement();
  if (parsed != tinyxml2::XML_SUCCESS || root == nullptr || std::string(root->Name()) != "mujoco") {
    throw Error(ErrorCode::kBadInput, {.where = path,
                                       .problem = "is not a MuJoCo model",
                                       .expected = "XML with <mujoco> as its root",
                                       .found = document_.Error() ? document_.ErrorStr() : ""});
  }
  check_depth(*root, 0, path);
  write_out_defaults(*root, path);
  if (Xml* assets = section("asset")) {
    for_each(*assets, [&](Xml& asset) {
      const std::string file = attribute(asset, "file");
      if (file.empty()) return;
      const fs::path whole = fs::absolute(fs::path(path).parent_path() / file).lexically_normal();
      asset.SetAttribute("file", whole.c_str());
    });
  }
}

Xml* MjcfFile::section(const char* name) {
  return document_.RootElement()->FirstChildElement(name);
}

void MjcfFile::add_prefix(const std::string& prefix) {
  for_each(*document_.RootElement(), [&](Xml& element) {
    for (const char* name : kNames) {
      const std::string value = attribute(element, name);
      if (!value.empty() && !value.starts_with(prefix)) {
        element.SetAttribute(name, (prefix + value).c_str());
      }
    }
  });
}

void for_each(Xml& root, const std::function<void(Xml&)>& visit) {
  visit(root);
  for (Xml* c = root.FirstChildElement(); c != nullptr; c = c->NextSiblingElement()) {
    for_each(*c, visit);
  }
}

Xml* find_named(Xml& root, std::string_view tag, std::string_view name) {
  for (Xml* c = root.FirstChildElement(); c != nullptr; c = c->NextSiblingElement()) {
    if (c->Name() == tag && attribute(*c, "name") == name) return c;
    if (Xml* found = find_named(*c, tag, name)) return found;
  }
  return nullptr;
}

Xml& need_named(Xml& root, std::string_view tag, std::string_view name, const std::string& where) {
  if (Xml* found = find_named(root, tag, name)) return *found;
  throw Error(ErrorCode::kBadInput,
              {.where = where,
               .problem = "has no <" + std::string(tag) + " name=\"" + std::string(name) + "\">"});
}

std::string attribute(const Xml& element, const char* name) {
  const char* value = element.Attribute(name);
  return value != nullptr ? value : "";
}

std::vector<double> numbers(const Xml& element, const char* name, size_t count,
                            const std::string& where) {
  const std::string text = attribute(element, name);
  std::vector<double> values;
  const char *at = text.data(), *end = at + text.size();
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  bool good = true;
  while (good) {
    while (at < end && is_space(*at)) ++at;
    if (at == end) break;
    if (*at == '+') ++at;
    double value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    good = error == std::errc() && std::isfinite(value) && values.size() < count;
    at = next;
    values.push_back(value);
  }
  if (!good || values.size() != count) {
    throw Error(ErrorCode::kBadInput,
                {.where = where,
                 .problem = "attribute '" + std::string(name) + "' of <" + element.Name() + ">",
                 .expected = std::to_string(count) + " numbers",
                 .found = "'" + text + "'"});
  }
  return values;
}

std::string text_of(const std::vector<double>& values) {
  std::string text;
  for (const double value : values) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    text += (text.empty() ? "" : " ") + std::string(digits.data(), end);
  }
  return text;
}

void append_children(Xml& to, const Xml* from) {
  if (from == nullptr) return;
  for (const Xml* c = from->FirstChildElement(); c != nullptr; c = c->NextSiblingElement()) {
    to.InsertEndChild(c->DeepClone(to.GetDocument()));
  }
}

void merge_assets(Xml& to, const Xml* from) {
  if (from == nullptr) return;
  const auto there = [&](const Xml& asset) {
    for (const Xml* c = to.FirstChildElement(asset.Name()); c != nullptr;
         c = c->NextSiblingElement(asset.Name())) {
      if (attribute(*c, "name") == attribute(asset, "name")) return true;
    }
    return false;
  };
  for (const Xml* c = from->FirstChildElement(); c != nullptr; c = c->NextSiblingElement()) {
    if (!there(*c)) to.InsertEndChild(c->DeepClone(to.GetDocument()));
  }
}

}  // namespace libra::sim::libero
