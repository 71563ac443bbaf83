// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/image_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>

#include "image/image_store.h"
#include "image/initramfs.h"
#include "os/files.h"
#include "run/lab.h"
#include "run/prediction.h"
#include "tool/boot_parameters.h"

namespace diglab {
namespace {

struct ImageArguments {
  std::string set = "minimal";
  std::string suite;
  std::string repository;
  std::string key;
  std::vector<std::string> packages;
  bool ima_signatures = false;
  std::string digest_lists = "none";
  bool without_modules = false;
  bool refresh = false;
  std::string flavour = "diglim";
  std::string kernel;
  std::string command_line = "ima_policy=exec_tcb|tmpfs|diglim";
  std::string initramfs = "none";
  std::string log;
  std::string id;
};

ImageStore store_of(CliContext& context) { return ImageStore(context.cache, context.source / "guest-image", context.processes); }

void say(std::string_view what, std::optional<double> fraction) {
  fmt::print(stderr, "diglab: {}{}\n", fraction ? fmt::format("{:3.0f}% ", *fraction * 100) : "", what);
}

Result<BuiltImage> build(const ImageArguments& arguments, CliContext& context) {
  const Deadline deadline = Deadline::in(std::chrono::hours(2), context.stop);
  if (arguments.repository.empty() != arguments.key.empty())
    return fail(ErrorKind::usage, "--repo and --key go together: the packages of a repository are checked against a key");
  ImageRequest request;
  request.set = arguments.set;
  request.suite = arguments.suite;
  request.ima_signatures = arguments.ima_signatures;
  request.digest_lists = digest_lists_named(arguments.digest_lists).value_or(DigestLists::none);
  request.refresh = arguments.refresh;
  if (!arguments.repository.empty()) request.repository = Repository{arguments.repository, arguments.key, arguments.packages};

  // As the runs ask for it, so that they find it in the cache: with the modules of the default kernel.
  Lab lab({.source = context.source, .cache = context.cache, .binaries = context.binaries, .uri = {}, .pool = {}, .tpm_ca = {}, .kernel = {}}, context.processes, say);
  const BuiltKernel kernel = arguments.without_modules ? BuiltKernel{} : TRY(lab.kernel({}, deadline));
  const auto staging = TRY(TempDir::make({}, "diglab-guest-files"));
  request.own = TRY(lab.own_packages(kernel, request.suite, staging.path(), deadline));
  return store_of(context).provide(request, [&](std::optional<double> fraction, std::string_view what) { say(what, fraction); }, deadline);
}

void print(const BuiltImage& image) {
  fmt::print("{}\n  disk      {} ({} MiB)\n  manifest  {}\n  packages  {}\n", image.id, image.disk.string(), image.bytes >> 20, image.manifest.string(), image.packages.string());
}

int run_build(const ImageArguments& arguments, CliContext& context) {
  const auto image = build(arguments, context);
  if (!image) return report_error(image.error());
  print(*image);
  return 0;
}

Result<int> predict(const ImageArguments& arguments, CliContext& context) {
  const Deadline deadline = Deadline::in(std::chrono::hours(2), context.stop);
  Lab lab({.source = context.source, .cache = context.cache, .binaries = context.binaries, .uri = {}, .pool = {}, .tpm_ca = {}, .kernel = arguments.kernel}, context.processes, say);
  MachineWish wish;
  wish.kernel = arguments.flavour;
  wish.image = arguments.set;
  wish.ima_signatures = arguments.ima_signatures;
  wish.digest_lists = arguments.digest_lists;
  if (arguments.initramfs != "none") {
    wish.initramfs.emplace();
    if (initramfs_lists_named(arguments.initramfs)) wish.initramfs->lists = arguments.initramfs;
    else wish.initramfs->by = arguments.initramfs;
  }
  const BuiltImage image = TRY(lab.image(wish, deadline));
  const std::uint32_t pcr = diglim::tool::BootParameters::parse(arguments.command_line).pcr;
  const ImaLog log = TRY(predict_boot(image, wish, TRY(lab.initramfs(wish, image)), arguments.command_line, pcr, context.processes));
  if (log.entries.empty()) return fail(ErrorKind::bad_input, "an image without digest lists says nothing about its boots: --digest-lists");
  if (!arguments.log.empty()) TRY_VOID(write_file(arguments.log, text_of(to_binary(log))), "--log");
  fmt::print("{}", predict_pcrs(log, pcr).to_string());
  return 0;
}

int run_predict(const ImageArguments& arguments, CliContext& context) {
  const auto status = predict(arguments, context);
  return status ? *status : report_error(status.error());
}

int run_list(CliContext& context) {
  const auto images = store_of(context).list();
  if (!images) return report_error(images.error());
  for (const auto& image : *images) print(image);
  return 0;
}

}  // namespace

void add_image_command(CLI::App& app, CliContext& context, CliAction& chosen) {
  auto arguments = std::make_shared<ImageArguments>();
  CLI::App* command = app.add_subcommand("image", "Build guest disks into the cache, list them, remove them");
  command->require_subcommand(1);

  CLI::App* build = command->add_subcommand("build", "Build a guest disk, or find it in the cache");
  build->add_option("SET", arguments->set, "A package set: guest-image/sets/<name>.yaml")->capture_default_str();
  build->add_flag("--ima-signatures", arguments->ima_signatures, "Sign every file into security.ima as well");
  build->add_option("--digest-lists", arguments->digest_lists, "With a digest list of each package, signed in this way; rpm: its own header")
      ->check(CLI::IsMember({"none", "pgp", "pkcs7", "unsigned", "rpm"}))
      ->capture_default_str();
  build->add_option("--suite", arguments->suite, "Debian suite to repackage: bookworm, trixie, sid; default: the host's");
  build->add_option("--repo", arguments->repository, "Install from this RPM repository (URL or directory) instead");
  build->add_option("--key", arguments->key, "The key that signed the repository's packages, ASCII armour")->check(CLI::ExistingFile);
  build->add_option("--package", arguments->packages, "With --repo: what to install; default: the names in the set");
  build->add_flag("--without-modules", arguments->without_modules, "Without the kernel's modules, and so without building a kernel");
  build->add_flag("--refresh", arguments->refresh, "Ask the archive for its present versions; with others of them, another image is built");
  build->callback([&context, &chosen, arguments] { chosen = [&context, arguments] { return run_build(*arguments, context); }; });

  CLI::App* predict = command->add_subcommand("predict", "Say what PCR a machine with this disk and ima_policy=...|diglim ends its boot with");
  predict->add_option("SET", arguments->set, "A package set, as for build")->capture_default_str();
  predict->add_flag("--ima-signatures", arguments->ima_signatures, "The disk with a signature of every file");
  predict->add_option("--digest-lists", arguments->digest_lists, "The disk whose digest lists are signed in this way")
      ->check(CLI::IsMember({"pgp", "pkcs7", "unsigned", "rpm"}))
      ->required();
  predict->add_option("--flavour", arguments->flavour, "The kernel whose modules are on it")->capture_default_str();
  predict->add_option("--kernel", arguments->kernel, "That kernel from another source, as for run");
  predict->add_option("--cmdline", arguments->command_line, "What of the kernel's command line is about integrity: ima_policy=, ima_template=, ima_diglim_pcr=, ...")
      ->capture_default_str();
  predict->add_option("--initramfs", arguments->initramfs, "The machine begins in our initramfs with the lists of its own programs (own) or all lists, or in one that a tool of the disk made: dracut, initramfs-tools")
      ->type_name("none|own|all|TOOL")
      ->capture_default_str();
  predict->add_option("--log", arguments->log, "Write the measurement list to be expected, in binary, as `diglab attest --log` takes it")->type_name("FILE");
  predict->callback([&context, &chosen, arguments] { chosen = [&context, arguments] { return run_predict(*arguments, context); }; });

  CLI::App* list = command->add_subcommand("list", "The disks in the cache");
  list->callback([&context, &chosen] { chosen = [&context] { return run_list(context); }; });

  CLI::App* remove = command->add_subcommand("remove", "Remove a disk from the cache");
  remove->add_option("ID", arguments->id, "Its id, as list shows it")->required();
  remove->callback([&context, &chosen, arguments] {
    chosen = [&context, arguments] {
      const auto removed = store_of(context).remove(arguments->id);
      return removed ? 0 : report_error(removed.error());
    };
  });
}

}  // namespace diglab
