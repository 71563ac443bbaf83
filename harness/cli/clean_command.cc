// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/clean_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "machine/host.h"
#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

struct CleanArguments {
  bool kernels = false;
  bool images = false;
  bool results = false;
  bool everything = false;
  bool dry_run = false;
  std::string uri;
};

std::uintmax_t size_of(const fs::path& path) {
  std::error_code error;
  std::uintmax_t bytes = 0;
  for (auto entry = fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_regular_file(ignored) && !entry->is_symlink(ignored)) bytes += entry->file_size(ignored);
  }
  return bytes;
}

std::vector<fs::path> chosen_directories(const CleanArguments& arguments, const CliContext& context) {
  if (arguments.everything) return {context.cache, context.source / "results"};
  std::vector<fs::path> directories;
  if (arguments.kernels) directories.push_back(context.cache / "kernels");
  if (arguments.images) directories.push_back(context.cache / "images");
  if (arguments.images) directories.push_back(context.cache / "initramfs");
  if (arguments.results) directories.push_back(context.source / "results");
  return directories;
}

/// What is in a directory that may be removed: results keep their committed baselines.
std::vector<fs::path> contents_of(const fs::path& directory) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error))
    if (entry.path().filename() != "baselines") paths.push_back(entry.path());
  return paths;
}

/// The copies of our files that machines of another host were made from.
int clean_host(const CleanArguments& arguments, const CliContext& context) {
  auto host = Host::open({.uri = arguments.uri, .state_dir = {}, .cache_dir = context.cache, .log_dir = {}}, Deadline::in(std::chrono::minutes(1), context.stop));
  if (!host) return report_error(host.error());
  auto removed = (*host)->remove_uploads(arguments.dry_run);
  if (!removed) return report_error(removed.error());
  for (const std::string& name : *removed) fmt::print("{} {} from {}\n", arguments.dry_run ? "would remove" : "removed", name, arguments.uri);
  if (removed->empty()) fmt::print("nothing that is not in use on {}\n", arguments.uri);
  return 0;
}

int run_clean(const CleanArguments& arguments, const CliContext& context) {
  if (!arguments.uri.empty())
    if (int status = clean_host(arguments, context); status != 0) return status;
  std::vector<fs::path> directories = chosen_directories(arguments, context);
  if (directories.empty() && arguments.uri.empty())
    return report_error(Error(ErrorKind::usage, "say what to remove: --kernels, --images, --results, --all, or --connect URI"));
  for (const fs::path& directory : directories) {
    for (const fs::path& path : contents_of(directory)) {
      fmt::print("{} {} ({} MiB)\n", arguments.dry_run ? "would remove" : "removing", path.string(), size_of(path) >> 20);
      if (arguments.dry_run) continue;
      if (auto removed = remove_tree(path); !removed) return report_error(removed.error());
    }
  }
  return 0;
}

}  // namespace

void add_clean_command(CLI::App& app, CliContext& context, CliAction& chosen) {
  auto arguments = std::make_shared<CleanArguments>();
  CLI::App* command = app.add_subcommand("clean", "Remove caches and results; everything removed can be made again");
  command->add_flag("--kernels", arguments->kernels, "Built kernels and their sources");
  command->add_flag("--images", arguments->images, "Guest images and packages");
  command->add_flag("--results", arguments->results, "Results of runs (not the baselines)");
  command->add_flag("--all", arguments->everything, "The whole cache, keys and this program's own build included, and results");
  command->add_option("--connect", arguments->uri, "Copies of kernels and disks on the host of this libvirt URI, if no machine there uses them");
  command->add_flag("--dry-run,-n", arguments->dry_run, "Only say what would be removed, and its size");
  command->callback([arguments, &context, &chosen] { chosen = [arguments, &context] { return run_clean(*arguments, context); }; });
}

}  // namespace diglab
