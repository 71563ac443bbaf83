// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/command_line.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <algorithm>
#include <cstdio>

#include "tool/diff.h"
#include "tool/generate.h"
#include "tool/initramfs.h"
#include "tool/load.h"
#include "tool/predict.h"
#include "tool/prompt.h"
#include "tool/setup.h"
#include "tool/signing.h"

namespace diglim::tool {
namespace {

constexpr const char* description =
    "Digest lists: which files the kernel measures, and which programs it runs.\n"
    "Makes lists, signs and verifies them, loads them, and says what they mean.";
constexpr const char* footer =
    "With every command: --root DIR, to work on another system; --json.\n"
    "Exit status: 0 done, or the answer is yes; 1 the answer is no; 2 bad use or bad input;\n"
    "3 the system failed or refused; 130 interrupted.  More: man diglim";

/// --type, with those of its words that make sense here.
void add_type(CLI::App& app, Type& type, const std::vector<Type>& types, const std::string& what) {
  std::vector<std::string> words;
  for (const Type each : types) words.emplace_back(to_string(each));
  app.add_option_function<std::string>(
         "--type",
         [&type, types](const std::string& word) { type = *std::ranges::find(types, word, [](Type each) { return to_string(each); }); },
         what)
      ->check(CLI::IsMember(words))
      ->default_str("file");
}

/// A subcommand with arguments of its own type, which `body` is called with.
template <typename Arguments>
struct Subcommand {
  CLI::App* app;
  std::shared_ptr<Arguments> arguments = std::make_shared<Arguments>();

  Subcommand(CLI::App& parent, const char* name, const char* what, Action& chosen, Result<Report> (*body)(const Arguments&, const Context&))
      : app(parent.add_subcommand(name, what)) {
    app->callback([&chosen, body, given = arguments] { chosen = [body, given](const Context& context) { return body(*given, context); }; });
  }
  Arguments* operator->() { return arguments.get(); }
};

void add_list_options(CLI::App& app, FileList& list) {
  app.add_option("--output,-o", list.output, "Directory for the list, or - for standard output (default: /etc/diglim of the root)");
  add_type(app, list.type, {file, parser, metadata}, "What the digests are of");
  app.add_option("--algorithm", list.algorithm, "Of the digests: must be what IMA calculates (ima_hash=)")->capture_default_str();
  app.add_option("--number", list.number, "In front of the list's name: smaller ones are loaded first")->capture_default_str();
  app.add_flag("--extend", list.extend, "Keep what a list of this name has already (generate unpackaged always does); to be signed again");
  app.add_flag_callback(
      "--immutable", [&list] { list.immutable = true; },
      "None of the files may be modified (default: programs, libraries, read-only files)");
  app.add_flag_callback(
         "--mutable", [&list] { list.immutable = false; }, "All of the files may be modified")
      ->excludes("--immutable");
}

void add_generate(CLI::App& app, Action& chosen) {
  CLI::App* generate = app.add_subcommand("generate", "Make lists");
  generate->require_subcommand(1);

  Subcommand<GenerateRpm> rpm(*generate, "rpm", "Lists of packages: their signed headers, or compact lists of their files", chosen,
                              generate_rpm);
  rpm.app->add_option("PACKAGE", rpm->packages, "Installed packages, or .rpm files (default: all that are installed)");
  rpm.app->add_option("--output,-o", rpm->output, "Directory for the lists (default: /etc/diglim of the root)");
  rpm.app->add_flag("--compact", rpm->compact, "In the kernel's own format, which needs no parser; to be signed by yourself");
  add_type(*rpm.app, rpm->type, {file, parser}, "With --compact: what the digests are of");
  rpm.app->add_option("--number", rpm->number, "In front of the lists' names: smaller ones are loaded first")->capture_default_str();
  rpm.app->add_flag("--prune", rpm->prune, "Remove lists of packages that are not installed any more");

  Subcommand<GenerateFiles> files(*generate, "files", "One compact list of any files", chosen, generate_files);
  files.app->add_option("PATH", files->paths, "Files, directories with all that is in them, patterns");
  files.app->add_option("--from", files->from, "Read paths from this file, one a line; - is standard input");
  files.app->add_flag("--null,-0", files->nul_separated, "With --from: paths end in NUL, as of find -print0");
  files.app->add_option("--name", files->list.name, "What the list is called, behind its format")->required();
  add_list_options(*files.app, files->list);

  Subcommand<GenerateUnpackaged> unpackaged(*generate, "unpackaged",
                                            "One compact list of programs, libraries, modules and scripts that no list and no package has",
                                            chosen, generate_unpackaged_here);
  unpackaged.app->add_option("PATH", unpackaged->below, "Where to look")->capture_default_str();
  unpackaged.app->add_option("--except", unpackaged->except, "Where not to look")->allow_extra_args(false)->capture_default_str();
  unpackaged.app->add_flag("--yes,-y", unpackaged->yes, "List all that is found, without asking");
  unpackaged.app->add_flag("--dry-run,-n", unpackaged->dry_run, "Only say what is found");
  unpackaged.app->add_option("--name", unpackaged->list.name, "What the list is called, behind its format")->capture_default_str();
  add_list_options(*unpackaged.app, unpackaged->list);
}

void add_signatures(CLI::App& app, Action& chosen) {
  Subcommand<Sign> sign(app, "sign", "Append signatures to lists", chosen, tool::sign);
  sign.app->add_option("LIST", sign->lists, "Lists; signed in place")->required();
  auto* pgp = sign.app->add_option("--pgp-key", sign->pgp_key, "PGP signature with this key of gpg's (RSA)");
  sign.app->add_option("--gpg-home", sign->gpg_home, "gpg's directory (default: its own)")->needs(pgp);
  auto* key = sign.app->add_option("--key", sign->key, "PKCS#7 signature with this private key (PEM)")->excludes(pgp);
  auto* certificate = sign.app->add_option("--certificate", sign->certificate, "With --key: its certificate (PEM or DER)")->needs(key);
  key->needs(certificate);
  sign.app->add_option("--hash", sign->hash, "Of the signature")->capture_default_str();
  sign.app->add_flag("--replace", sign->replace, "Drop signatures that are there already");

  Subcommand<Verify> verify(app, "verify", "Say who signed lists, and whether the signatures are good", chosen, tool::verify);
  verify.app->add_option("LIST", verify->lists, "Lists (default: all that are installed)");
  verify.app->add_option("--key,-k", verify->keys, "OpenPGP keys or X.509 certificates; a directory stands for all of them in it")
      ->required()
      ->allow_extra_args(false);
}

void add_kernel(CLI::App& app, Action& chosen) {
  Subcommand<Load> load(app, "load", "Load lists into the kernel", chosen, tool::load);
  load.app->add_option("LIST", load->lists, "Lists (default: all that are installed, in the order of a boot)");
  load.app->add_option("--parser", load->parser, "Converts lists that are not in the kernel's own format")->capture_default_str();
  load.app->add_option("--early", load->early, "In an initramfs: keep in this directory its lists that the root has not");

  Subcommand<Load> unload(app, "unload", "Take lists out of the kernel", chosen, tool::load);
  unload->unload = true;
  auto* lists = unload.app->add_option("LIST", unload->lists, "Lists");
  unload.app->add_option("--early", unload->early, "Those that `load --early` kept in this directory and that are not installed")->excludes(lists);
  unload.app->add_option("--parser", unload->parser, "Converts lists that are not in the kernel's own format")->capture_default_str();

  CLI::App* status = app.add_subcommand("status", "Compare what is loaded with what is installed");
  status->callback([&chosen] { chosen = tool::status; });

  Subcommand<Query> query(app, "query", "Say whether files would run, why, and by which list", chosen, tool::query);
  query.app->add_option("WHAT", query->what, "Paths, or digests like sha256-0123...")->required();
  query.app->add_option("--algorithm", query->algorithm, "For digests of paths (default: what IMA calculates, ima_hash=)");
  query.app->add_flag("--installed", query->installed, "Ask the lists that are installed, and not the kernel; so does --root");
}

void add_foresight(CLI::App& app, Action& chosen) {
  Subcommand<Diff> diff(app, "diff", "Compare what two sources allow", chosen, tool::diff);
  constexpr const char* source = "A list, a .rpm file, a directory with lists, or package:NAME";
  diff.app->add_option("BEFORE", diff->before, source)->required();
  diff.app->add_option("AFTER", diff->after, source)->required();

  Subcommand<Predict> predict(app, "predict", "Compute the PCR of the next boot, if nothing runs that is in no list", chosen, tool::predict);
  predict.app->add_option("--cmdline", predict->command_line, "The kernel's command line then (default: the present one)");
  predict.app->add_option("--bank", predict->bank, "Only this bank of PCRs: sha1, sha256, sha384, sha512");
  predict.app->add_flag("--entries", predict->entries, "Print the measurement log, too");
  auto* initramfs = predict.app->add_option("--initramfs", predict->initramfs, "The boot begins in this initramfs; may be given several times")
                        ->allow_extra_args(false);
  predict.app->add_option("--new-root", predict->new_root, "Where that has the root when it loads its lists (default: as our dracut module or hook)")
      ->needs(initramfs);
}

void add_boot(CLI::App& app, Action& chosen) {
  Subcommand<Setup> setup(app, "setup", "Have the next boot use digest lists", chosen, tool::setup);
  setup.app->add_option("--mode", setup->mode, "measure; log: and log what would be denied; enforce: and deny it")
      ->check(CLI::IsMember({"measure", "log", "enforce"}))
      ->capture_default_str();
  setup.app->add_option("--key,-k", setup->key, "Certificate or OpenPGP key of who signs the lists, for the kernel's .ima keyring");
  setup.app->add_option("--uploader", setup->uploader, "Converts lists that are not in the kernel's own format")->capture_default_str();
  setup.app->add_flag("--dry-run,-n", setup->dry_run, "Only say what would be done");
  setup.app->add_flag("--undo", setup->undo, "Take back what an earlier setup did");
  setup.app->add_flag("--force", setup->force, "Also enforce if the system would not come up, as far as can be seen");

  Subcommand<Initramfs> initramfs(app, "initramfs", "Put lists, keys and parser into an initramfs in the making", chosen, tool::initramfs);
  initramfs.app->add_option("DIRECTORY", initramfs->tree, "What becomes the initramfs, with everything else in it already")
      ->required()
      ->check(CLI::ExistingDirectory);
  initramfs.app->add_option("--parser", initramfs->parser, "Converts lists that are not in the kernel's own format")->capture_default_str();
}

/// What is wrong, and where to read on.
std::string complaint(const CLI::App& app, const CLI::ParseError& error) {
  std::string command = "diglim";
  for (auto chosen = app.get_subcommands(); !chosen.empty(); chosen = chosen.front()->get_subcommands()) command += " " + chosen.front()->get_name();
  std::string what = error.what();
  // A word that is not known is the better answer to what is missing.
  if (const auto unknown = app.remaining(true); dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !unknown.empty())
    what = fmt::format("'{}' is no command or option here", unknown.front());
  return fmt::format("diglim: {}; see {} --help\n", what, command);
}

}  // namespace

CommandLine::CommandLine() : app_(std::make_unique<CLI::App>(description, "diglim")) {
  app_->add_option("--root", common_.root, "Work on the system installed below this directory")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  app_->add_option("--interface", common_.interface, "The kernel's directory, if securityfs is mounted elsewhere")->group("");
  app_->add_flag("--json", common_.json, "Print JSON");
  app_->require_subcommand(1);
  app_->fallthrough();
  app_->footer(footer);
  add_generate(*app_, chosen_);
  add_signatures(*app_, chosen_);
  add_kernel(*app_, chosen_);
  add_foresight(*app_, chosen_);
  add_boot(*app_, chosen_);
}

CommandLine::~CommandLine() = default;

std::expected<Action, int> CommandLine::parse(int argc, const char* const* argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return std::unexpected(app_->exit(error));
    std::fputs(complaint(*app_, error).c_str(), stderr);
    return std::unexpected(exit_status::bad_input);
  }
  return chosen_;
}

}  // namespace diglim::tool
