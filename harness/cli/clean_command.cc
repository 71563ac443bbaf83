// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/clean_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/cleaning.h"
#include "machine/host.h"
#include "machine/run_directory.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

struct CleanArguments {
  Cleaning what;
  std::string uri;
};

/// The copies of our files that machines of another host were made from.
int clean_host(const CleanArguments& arguments, const CliContext& context) {
  auto host = Host::open({.uri = arguments.uri, .state_dir = {}, .cache_dir = context.cache, .log_dir = {}}, Deadline::in(std::chrono::minutes(1), context.stop));
  if (!host) return report_error(host.error());
  auto removed = (*host)->remove_uploads(arguments.what.only_name);
  if (!removed) return report_error(removed.error());
  for (const std::string& name : *removed) fmt::print("{} {} from {}\n", arguments.what.only_name ? "would remove" : "removed", name, arguments.uri);
  if (removed->empty()) fmt::print("nothing that is not in use on {}\n", arguments.uri);
  return 0;
}

int run_clean(const CleanArguments& arguments, const CliContext& context) {
  const Cleaning& what = arguments.what;
  if (!arguments.uri.empty())
    if (int status = clean_host(arguments, context); status != 0) return status;
  if (!what.kernels && !what.images && !what.results && !what.everything && arguments.uri.empty())
    return report_error(Error(ErrorKind::usage, "say what to remove: --kernels, --images, --results, --all, or --connect URI"));
  auto say = [&](const fs::path& place, std::uintmax_t bytes) {
    fmt::print("{} what is in {} ({} MiB)\n", what.only_name ? "would remove" : "removing", place.string(), bytes >> 20);
    std::fflush(stdout);
  };
  auto done = clean(what, {.cache = context.cache, .results = context.source / "results", .runs = RunDirectory::default_parent()}, context.processes, say,
                    Deadline::in(std::chrono::minutes(1), context.stop));
  return done ? 0 : report_error(done.error());
}

}  // namespace

void add_clean_command(CLI::App& app, CliContext& context, CliAction& chosen) {
  auto arguments = std::make_shared<CleanArguments>();
  CLI::App* command = app.add_subcommand("clean", "Remove caches and results; everything removed can be made again");
  command->add_flag("--kernels", arguments->what.kernels, "Built kernels and their sources");
  command->add_flag("--images", arguments->what.images, "Guest images, their initramfs and packages");
  command->add_flag("--results", arguments->what.results, "Results of runs (not the baselines)");
  command->add_flag("--all", arguments->what.everything, "All that this program keeps in the cache, keys and its own build included, and results");
  command->add_option("--connect", arguments->uri, "Copies of kernels and disks on the host of this libvirt URI, and disks of killed runs, if no machine there uses them");
  command->add_flag("--dry-run,-n", arguments->what.only_name, "Only say what would be removed, and its size");
  command->callback([arguments, &context, &chosen] { chosen = [arguments, &context] { return run_clean(*arguments, context); }; });
}

}  // namespace diglab
