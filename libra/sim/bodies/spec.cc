#include "libra/sim/bodies/spec.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <mutex>

#include "libra/core/error.h"
#include "libra/core/file.h"

namespace libra::sim::bodies {
namespace {

// MuJoCo's own handler writes a log file into the working directory; the environment reads the
// warning counters instead.
void take_over_messages() {
  static std::once_flag once;
  std::call_once(once, [] {
    mju_user_warning = [](const char*) {};
    // By default MuJoCo asks for a key and ends the program.
    mju_user_error = [](const char* message) {
      std::string text(message);
      text.erase(text.find_last_not_of(" \r\n") + 1);
      throw Error(ErrorCode::kFailed, {.where = "MuJoCo", .problem = text});
    };
  });
}

// MuJoCo reads elements by recursion.
void check_depth(const std::string& text, const std::string& where) {
  constexpr int kMost = 100;
  int depth = 0;
  for (size_t at = 0; (at = text.find('<', at)) != std::string::npos; ++at) {
    if (text.compare(at, 4, "<!--") == 0) {
      at = std::min(text.size(), text.find("-->", at));
      continue;
    }
    const size_t end = text.find('>', at);
    if (end == std::string::npos) return;
    const char after = at + 1 < text.size() ? text[at + 1] : '>';
    if (after == '/') {
      --depth;
    } else if (after != '!' && after != '?' && text[end - 1] != '/') {
      ++depth;
    }
    if (depth > kMost) {
      throw Error(ErrorCode::kBadInput, {.where = where, .problem = "is nested too deeply"});
    }
  }
}

}  // namespace

SpecPtr load_spec(const std::string& path) {
  constexpr size_t kMost = 16u << 20;
  take_over_messages();
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    throw Error(ErrorCode::kNotFound,
                {.where = path, .problem = "there is no such file", .expected = "an MJCF model"});
  }
  const std::string text = read_file(path, "an MJCF model");
  std::array<char, 1000> message{"too large"};
  check_depth(text, path);
  SpecPtr spec;
  if (text.size() <= kMost) {
    spec.reset(mj_parseXML(path.c_str(), nullptr, message.data(), int(message.size())));
  }
  if (spec == nullptr) {
    throw Error(ErrorCode::kBadInput, {.where = path,
                                       .problem = "is not a MuJoCo model",
                                       .expected = "XML with <mujoco> as its root",
                                       .found = message.data()});
  }
  return spec;
}

std::string name_of(mjsElement* element) { return mjs_getString(mjs_getName(element)); }

void for_each(mjSpec& spec, mjtObj type, const std::function<void(mjsElement*)>& visit) {
  mjsElement* next = nullptr;
  for (mjsElement* e = mjs_firstElement(&spec, type); e != nullptr; e = next) {
    next = mjs_nextElement(&spec, e);  // before `e` may go away
    visit(e);
  }
}

void for_each_in(mjsBody& body, mjtObj type, const std::function<void(mjsElement*)>& visit) {
  std::vector<mjsElement*> all;
  for (mjsElement* e = mjs_firstChild(&body, type, 1); e != nullptr;
       e = mjs_nextChild(&body, e, 1)) {
    all.push_back(e);
  }
  for (mjsElement* e : all) visit(e);
}

mjsElement& need_element(mjSpec& spec, mjtObj type, const std::string& name,
                         const std::string& where) {
  if (mjsElement* found = mjs_findElement(&spec, type, name.c_str())) return *found;
  throw Error(ErrorCode::kBadInput, {.where = where,
                                     .problem = std::string("has no <") + mju_type2Str(type) +
                                                " name=\"" + name + "\">"});
}

mjsBody& need_body(mjSpec& spec, const std::string& name, const std::string& where) {
  return *mjs_asBody(&need_element(spec, mjOBJ_BODY, name, where));
}

mjsBody& Composer::attach(mjsBody& parent, SpecPtr part, mjsBody& body, const std::string& prefix) {
  const std::string name = name_of(body.element);
  mjsFrame* frame = mjs_addFrame(&parent, nullptr);
  mjsElement* attached = mjs_attach(frame->element, body.element, prefix.c_str(), "");
  if (attached == nullptr) {
    throw Error(ErrorCode::kFailed, {.where = "scene",
                                     .problem = "'" + prefix + name + "' cannot be joined",
                                     .found = mjs_getError(scene_.get())});
  }
  parts_.push_back(std::move(part));
  return need_body(*scene_, prefix + name, "scene");
}

void Composer::share_materials(mjsBody& body, const std::string& prefix) {
  std::vector<mjsElement*> twice;
  for_each(*scene_, mjOBJ_MATERIAL, [&](mjsElement* material) {
    const std::string own = name_of(material);
    if (!own.starts_with(prefix)) return;
    const std::string shared = own.substr(prefix.size());
    if (mjs_findElement(scene_.get(), mjOBJ_MATERIAL, shared.c_str()) == nullptr) return;
    for_each_in(body, mjOBJ_GEOM, [&](mjsElement* e) {
      mjsGeom* geom = mjs_asGeom(e);
      if (mjs_getString(geom->material) == own) mjs_setString(geom->material, shared.c_str());
    });
    twice.push_back(material);
  });
  for (mjsElement* material : twice) mjs_delete(scene_.get(), material);
}

void Composer::rename(mjsBody& body, const std::string& name) {
  const std::string before = name_of(body.element);
  mjs_setName(body.element, name.c_str());
  for_each(*scene_, mjOBJ_EXCLUDE, [&](mjsElement* e) {
    mjsExclude* exclude = mjs_asExclude(e);
    for (mjString* side : {exclude->bodyname1, exclude->bodyname2}) {
      if (mjs_getString(side) == before) mjs_setString(side, name.c_str());
    }
  });
}

Composer::Compiled Composer::compile() {
  Compiled out;
  out.model.reset(mj_compile(scene_.get(), nullptr));
  if (out.model == nullptr) {
    throw Error(ErrorCode::kFailed, {.where = "scene",
                                     .problem = "MuJoCo refused the composed model",
                                     .found = mjs_getError(scene_.get())});
  }
  std::array<char, 1000> message{};
  std::vector<char> text(1 << 16);
  int needed = 0;
  while ((needed = mj_saveXMLString(scene_.get(), text.data(), int(text.size()), message.data(),
                                    int(message.size()))) > 0) {
    text.resize(size_t(needed) + 1);
  }
  out.xml = text.data();
  return out;
}

}  // namespace libra::sim::bodies
