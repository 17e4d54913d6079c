#include "libra/cli/contact_sheet.h"

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/eval/eval.h"

namespace libra::cli {
namespace {

constexpr int kCellPixels = 160;

struct View {
  Image image;
  std::string instruction;
};

View view_of(sim::SimEnv& env, const std::string& variation) {
  env.reset({.seed = eval::evaluation_seed(0), .variation = variation});
  Observation seen;
  env.observe(seen);
  return {std::move(seen.images.at(0)), env.instruction()};
}

eval::ContactSheet::Row row_of(sim::SimEnv& env, const sim::VariationKind& kind,
                               std::string_view subkind) {
  const View plain = view_of(env, "");
  const std::string name =
      std::string(kind.name) + (subkind.empty() ? "" : "." + std::string(subkind));
  eval::ContactSheet::Row row{
      std::string(subkind.empty() ? kind.name : subkind), {plain.image}, {}};
  std::vector<std::string> words{plain.instruction};
  bool told_otherwise = false;
  for (int level = 1; level <= (kind.levels ? sim::kVariationLevels : 1); ++level) {
    View view = view_of(env, kind.levels ? name + ":" + std::to_string(level) : name);
    told_otherwise = told_otherwise || view.instruction != plain.instruction;
    words.push_back(view.instruction);
    row.cells.push_back(std::move(view.image));
  }
  if (told_otherwise) row.captions = std::move(words);
  return row;
}

}  // namespace

std::vector<std::string> write_contact_sheets(const std::string& folder,
                                              const sim::TaskSpec& spec) {
  sim::SimEnv env(spec, sim::SimConfig{.image_size = kCellPixels});
  std::vector<std::string> paths;
  for (const sim::VariationKind& kind : sim::variation_kinds()) {
    eval::ContactSheet sheet;
    sheet.title = std::string(kind.name) + ": " + std::string(kind.what);
    sheet.columns = {"plain"};
    for (int level = 1; level <= (kind.levels ? sim::kVariationLevels : 0); ++level)
      sheet.columns.push_back("level " + std::to_string(level));
    try {
      for (const auto& subkind : kind.subkinds)
        sheet.rows.push_back(row_of(env, kind, subkind.name));
      if (kind.subkinds.empty()) sheet.rows.push_back(row_of(env, kind, ""));
    } catch (const Error& e) {
      if (e.code() != ErrorCode::kBadInput) throw;
      continue;  // not of this task
    }
    const std::vector<uint8_t> png = eval::encode_png(eval::contact_sheet(sheet));
    paths.push_back(folder + "/" + spec.task.suite + "_" + std::string(kind.name) + ".png");
    write_file(paths.back(), std::string(png.begin(), png.end()));
  }
  return paths;
}

}  // namespace libra::cli
