// libra data view: a data set as one page.
#include <cstdio>
#include <filesystem>

#include "libra/cli/data_commands.h"
#include "libra/cli/data_flags.h"
#include "libra/core/core.h"
#include "libra/data/view.h"

namespace libra::cli {
namespace {

struct ViewFlags {
  DataFlags data;
  std::string out = "data.html";
  data::ViewOptions view;
};

void run_view(const ViewFlags& flags, const Context& context) {
  const auto set = open_set(flags.data, context);
  const auto stats = data::statistics(*set, set->embodiment(), flags.view.horizon);
  data::ViewOptions options = flags.view;
  options.fit = flags.data.options().fit;
  const auto folder = std::filesystem::absolute(flags.out).parent_path();
  std::filesystem::create_directories(folder);
  options.folder = folder.string();
  const std::string title = "Data: " + join_names(flags.data.paths);
  write_file(flags.out, data::view_page(title, *set, stats, options));
  std::printf("%s\n", flags.out.c_str());
}

}  // namespace

void add_data_view(CLI::App& data, Context& context) {
  auto flags = std::make_shared<ViewFlags>();
  CLI::App* command = data.add_subcommand(
      "view",
      "one page to look at: what is odd, histograms with the bins drawn in, and some episodes with "
      "pictures, films and curves");
  command->add_option("path", flags->data.paths, "data sets: files or folders")->required();
  command->add_option("--out", flags->out, "HTML file")->capture_default_str();
  command->add_option("--episodes", flags->view.episodes, "that are shown, spread over the set")
      ->check(CLI::Range(1, 200))
      ->capture_default_str();
  command->add_option("--bins", flags->view.bins, "N of the bins that are drawn")
      ->check(CLI::Range(2, kMaxBins))
      ->capture_default_str();
  command->add_option("--horizon", flags->view.horizon, "H of the chunks whose actions are counted")
      ->check(CLI::Range(1, kMaxHorizon))
      ->capture_default_str();
  add_data_flags(*command, flags->data);
  command->callback([flags, &context] { run_view(*flags, context); });
}

}  // namespace libra::cli
