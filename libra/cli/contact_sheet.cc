#include "libra/cli/contact_sheet.h"

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/eval/eval.h"
#include "libra/media/media.h"

namespace libra::cli {
namespace {

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

media::ContactSheet::Row row_of(sim::SimEnv& env, const View& plain,
                                const sim::variation::VariationKind& kind,
                                std::string_view subkind) {
  const std::string name =
      std::string(kind.name) + (subkind.empty() ? "" : "." + std::string(subkind));
  media::ContactSheet::Row row{
      std::string(subkind.empty() ? kind.name : subkind), {plain.image}, {}};
  std::vector<std::string> words{plain.instruction};
  bool told_otherwise = false;
  for (int level = 1; level <= (kind.levels ? sim::variation::kVariationLevels : 1); ++level) {
    View view = view_of(env, kind.levels ? name + ":" + std::to_string(level) : name);
    told_otherwise = told_otherwise || view.instruction != plain.instruction;
    words.push_back(view.instruction);
    row.cells.push_back(std::move(view.image));
  }
  if (told_otherwise) row.captions = std::move(words);
  return row;
}

std::vector<std::string> column_names(int levels) {
  std::vector<std::string> names{"plain"};
  for (int level = 1; level <= levels; ++level) names.push_back("level " + std::to_string(level));
  return names;
}

}  // namespace

std::vector<std::string> write_contact_sheets(const std::string& folder,
                                              const sim::task::TaskSpec& spec, int cell_pixels) {
  sim::SimEnv env(spec, sim::SimConfig{.image_size = cell_pixels});
  const View plain = view_of(env, "");
  std::vector<std::string> paths;
  const auto write = [&](const media::ContactSheet& sheet, std::string_view name) {
    const std::vector<uint8_t> png = media::encode_png(media::contact_sheet(sheet));
    paths.push_back(folder + "/" + spec.task.suite + "_" + std::string(name) + ".png");
    write_file(paths.back(), std::string(png.begin(), png.end()));
  };
  media::ContactSheet overview{
      spec.task.instruction, column_names(sim::variation::kVariationLevels), {}};
  for (const sim::variation::VariationKind& kind : sim::variation::variation_kinds()) {
    media::ContactSheet sheet{std::string(kind.name) + ": " + std::string(kind.what),
                              column_names(kind.levels ? sim::variation::kVariationLevels : 0),
                              {}};
    try {
      for (const auto& subkind : kind.subkinds)
        sheet.rows.push_back(row_of(env, plain, kind, subkind.name));
      if (kind.subkinds.empty()) sheet.rows.push_back(row_of(env, plain, kind, ""));
    } catch (const Error& e) {
      if (e.code() != ErrorCode::kBadInput) throw;
      continue;  // not of this task
    }
    write(sheet, kind.name);
    if (kind.group != sim::variation::kPerturbation) continue;
    overview.rows.push_back(std::move(sheet.rows.front()));
    overview.rows.back().label = kind.name;
  }
  write(overview, "overview");
  return paths;
}

}  // namespace libra::cli
