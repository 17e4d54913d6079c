// MuJoCo models as they are put together: files read, parts joined, the whole compiled. Source
// files only: it includes MuJoCo.
#pragma once

#include <mujoco/mujoco.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace libra::sim::bodies {

struct ModelDeleter {
  void operator()(mjModel* m) const { mj_deleteModel(m); }
};
struct DataDeleter {
  void operator()(mjData* d) const { mj_deleteData(d); }
};
struct SpecDeleter {
  void operator()(mjSpec* s) const { mj_deleteSpec(s); }
};
using ModelPtr = std::unique_ptr<mjModel, ModelDeleter>;
using SpecPtr = std::unique_ptr<mjSpec, SpecDeleter>;

// A model's file, with what it includes. Throws Error(kNotFound), Error(kBadInput) for one that is
// no MJCF, too large or nested too deeply.
SpecPtr load_spec(const std::string& path);

// A model put together: parts join the scene, which owns what was joined.
class Composer {
 public:
  explicit Composer(SpecPtr scene) : scene_(std::move(scene)) {}

  mjSpec& scene() { return *scene_; }
  mjsBody& world() { return *mjs_findBody(scene_.get(), "world"); }
  // A body of the part, with all that is in it and what refers to it, as the last child of
  // `parent`; names get the prefix. Throws Error(kFailed) with what MuJoCo says.
  mjsBody& attach(mjsBody& parent, SpecPtr part, mjsBody& body, const std::string& prefix);
  // Materials that joined with `body` and that the scene has under the name without the prefix are
  // the scene's from now on.
  void share_materials(mjsBody& body, const std::string& prefix);
  // Renames a body, also where pairs of bodies that never touch refer to it.
  void rename(mjsBody& body, const std::string& name);

  struct Compiled {
    ModelPtr model;
    std::string xml;  // as MuJoCo saves it: numbers to six digits
  };
  // Throws Error(kFailed) with MuJoCo's message when it refuses the model.
  Compiled compile();

 private:
  SpecPtr scene_;
  std::vector<SpecPtr> parts_;  // kept until the scene is compiled
};

// Throws Error(kBadInput) with `where` when there is none of that name.
mjsBody& need_body(mjSpec& spec, const std::string& name, const std::string& where);
mjsElement& need_element(mjSpec& spec, mjtObj type, const std::string& name,
                         const std::string& where);
std::string name_of(mjsElement* element);
// All elements of a kind.
void for_each(mjSpec& spec, mjtObj type, const std::function<void(mjsElement*)>& visit);
// The same of those in a body and the bodies in it, in order.
void for_each_in(mjsBody& body, mjtObj type, const std::function<void(mjsElement*)>& visit);

}  // namespace libra::sim::bodies
