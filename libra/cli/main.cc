#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "libra/cli/command.h"
#include "libra/cli/version.h"
#include "libra/core/error.h"

namespace {

libra::cli::Context* g_context = nullptr;  // only for the signal handler

void on_interrupt(int) {
  if (g_context->stop.exchange(true)) std::_Exit(130);  // second Ctrl-C: at once
}

// CLI11 only says that a subcommand is required.
void require_command(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands({})) known.push_back(command->get_name());
  const auto is_command = [&](const std::string& word) {
    return std::find(known.begin(), known.end(), word) != known.end();
  };
  const std::vector<std::string> words(argv + 1, argv + argc);
  const std::vector<std::string> own = {"--json", "--version", "--help", "-h"};
  size_t first = 0;
  while (first < words.size() && std::find(own.begin(), own.end(), words[first]) != own.end()) {
    ++first;
  }
  if (first == words.size() || is_command(words[first])) return;
  const std::string& word = words[first];
  const auto later = std::find_if(words.begin(), words.end(), is_command);
  if (word.starts_with('-')) {
    const std::string command = later == words.end() ? "COMMAND" : *later;
    throw libra::Error(libra::ErrorCode::kBadInput,
                       {.where = word,
                        .problem = "flags stand behind their command",
                        .expected = "libra " + command + " " + word + " ...",
                        .next = "commands are " + libra::join_names(known)});
  }
  const std::string near = libra::nearest_name(word, known);
  throw libra::Error(libra::ErrorCode::kBadInput,
                     {.where = "'" + word + "'",
                      .problem = "is no command",
                      .next = (near.empty() ? "" : "did you mean '" + near + "'? ") +
                              ("commands are " + libra::join_names(known))});
}

}  // namespace

int main(int argc, char** argv) {
  // The software renderer's own threads cost more than they bring at camera size.
  setenv("LP_NUM_THREADS", "0", /*overwrite=*/0);
  libra::cli::Context context;
  g_context = &context;
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  std::signal(SIGHUP, on_interrupt);

  CLI::App app{
      "Libra: a vision-language-action policy that splits every action into a coarse intent\n"
      "(slow planner) and a fine action (fast diffusion refiner).\n"
      "A first tour: libra suites; libra eval --checkpoint checkpoints/libra_tiny_object "
      "--suite object --rollouts 2 --out out/eval"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "libra " + libra::cli::version());
  app.add_flag("--json", context.json, "results to stdout as JSON instead of text");
  app.fallthrough();

  libra::cli::add_suites(app, context);
  libra::cli::add_collect(app, context);
  libra::cli::add_train(app, context);
  libra::cli::add_granularity(app, context);
  libra::cli::add_eval(app, context);
  libra::cli::add_compare(app, context);
  libra::cli::add_run(app, context);
  libra::cli::add_plan(app, context);
  libra::cli::add_serve(app, context);
  libra::cli::add_inspect(app, context);
  libra::cli::add_data(app, context);
  libra::cli::add_info(app, context);
  libra::cli::add_import(app, context);
  libra::cli::add_doctor(app, context);

  try {
    require_command(app, argc, argv);
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  } catch (const libra::Error& e) {
    std::fprintf(stderr, "libra: %s\n", e.what());
    return e.exit_code();
  } catch (const std::filesystem::filesystem_error& e) {
    std::fprintf(stderr, "libra: %s: %s\n", e.path1().c_str(), e.code().message().c_str());
    return 1;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "libra: there is not enough memory; fewer --workers need less\n");
    return 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "libra: unexpected failure: %s\n", e.what());
    return 1;
  }
  return 0;
}
