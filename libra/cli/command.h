// cli: main and one file per subcommand; the only place where flags become configs, files are named
// by the user and the stages are joined. Everything may be included here; nobody includes cli.
#pragma once

#include <CLI/CLI.hpp>
#include <atomic>

namespace libra::cli {

// Shared by all subcommands; lives in main.
struct Context {
  std::atomic<bool> stop{false};  // set by Ctrl-C: finish what is running, keep what is finished
  bool json = false;              // --json: results to stdout as JSON
};

// Each adds one subcommand whose callback does the work; errors leave it as libra::Error.
void add_suites(CLI::App& app, Context& context);
void add_collect(CLI::App& app, Context& context);
void add_train(CLI::App& app, Context& context);
void add_granularity(CLI::App& app, Context& context);
void add_eval(CLI::App& app, Context& context);
void add_compare(CLI::App& app, Context& context);
void add_run(CLI::App& app, Context& context);
void add_plan(CLI::App& app, Context& context);
void add_serve(CLI::App& app, Context& context);
void add_inspect(CLI::App& app, Context& context);
void add_data(CLI::App& app, Context& context);
void add_info(CLI::App& app, Context& context);
void add_import(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);

}  // namespace libra::cli
