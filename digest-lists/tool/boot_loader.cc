// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/boot_loader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "os/files.h"
#include "tool/boot_parameters.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

bool has(const Root& root, const char* path) {
  std::error_code ignored;
  return fs::exists(root(path), ignored);
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view key_of(std::string_view word) {
  return word.substr(0, word.find('='));
}

/// A word in `line` that sets a parameter of `added` and is not one of `old`. Empty: none.
std::string clash(std::string_view line, const Words& old, const Words& added) {
  for (const auto& word : written_words(line)) {
    if (std::ranges::find(old, word) != old.end()) continue;
    if (std::ranges::any_of(added, [&](const auto& each) { return word.find('=') != std::string::npos && key_of(each) == key_of(word); }))
      return word;
  }
  return {};
}

std::unexpected<Error> fail_clash(const std::string& path, const std::string& word) {
  return fail(ErrorKind::bad_input, fmt::format("{}: has '{}' already; remove it, so that it is clear what counts", path, word));
}

/// The tool of Fedora and its relatives: knows all kernels and their loader.
class Grubby final : public BootLoader {
 public:
  explicit Grubby(const Context& context) : context_(context) {}

  [[nodiscard]] std::string_view name() const override { return "grubby"; }

  Result<std::vector<Change>> replace(const Words& old, const Words& added) const override {
    // It would replace words of others.
    if (!added.empty()) TRY_VOID(nothing_set_by_others(old, added));
    diglab::Command command{"grubby", "--update-kernel=ALL"};
    if (!old.empty()) command.add("--remove-args=" + fmt::format("{}", fmt::join(old, " ")));
    if (!added.empty()) command.add("--args=" + fmt::format("{}", fmt::join(added, " ")));
    return std::vector<Change>{ProgramRun{command, "the command line of all kernels"}};
  }

 private:
  /// Of each kernel grubby says kernel="PATH", args="WORDS", and more, a line each. Quotes in WORDS are as they are on the command line.
  [[nodiscard]] Result<void> nothing_set_by_others(const Words& old, const Words& added) const {
    constexpr std::string_view kernel_key = "kernel=\"", args_key = "args=\"";
    const auto known = TRY(context_.processes.check(command_in(context_.root, {"grubby", "--info=ALL"}), {}), "the command lines are not known");
    std::istringstream lines(known.out);
    std::string kernel;
    for (std::string line; std::getline(lines, line);) {
      if (line.ends_with('"')) line.pop_back();
      if (line.starts_with(kernel_key)) kernel = line.substr(kernel_key.size());
      if (!line.starts_with(args_key)) continue;
      if (const auto word = clash(std::string_view(line).substr(args_key.size()), old, added); !word.empty()) return fail_clash(kernel, word);
    }
    return {};
  }

  const Context& context_;
};

/// GRUB as Debian sets it up: settings in files of a directory, and one program that makes its configuration of them.
class Grub final : public BootLoader {
 public:
  explicit Grub(const Root& root) : root_(root) {}

  [[nodiscard]] std::string_view name() const override { return "GRUB"; }

  Result<std::vector<Change>> replace(const Words&, const Words& added) const override {
    TRY_VOID(nothing_set_elsewhere(added));
    FileChange settings{.path = own_, .content = {}};
    if (!added.empty())
      settings.content =
          fmt::format("# Written by `diglim setup`; `diglim setup --undo` removes it.\nGRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX {}\"\n",
                      fmt::join(added, " "));
    return std::vector<Change>{settings, ProgramRun{{"update-grub"}, "GRUB's configuration"}};
  }

 private:
  [[nodiscard]] Result<void> nothing_set_elsewhere(const Words& added) const {
    std::vector<std::string> paths{"/etc/default/grub"};
    std::error_code ignored;
    for (fs::directory_iterator it(root_("/etc/default/grub.d"), ignored), end; !ignored && it != end; it.increment(ignored))
      if (const auto path = "/etc/default/grub.d/" + it->path().filename().string(); path.ends_with(".cfg") && path != own_)
        paths.push_back(path);
    for (const auto& path : paths) {
      std::istringstream lines(diglab::read_file(root_(path)).value_or(""));
      for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("GRUB_CMDLINE")) continue;
        std::ranges::replace_if(
            line, [](char c) { return c == '"' || c == '\''; }, ' ');
        if (const auto word = clash(line.substr(line.find('=') + 1), {}, added); !word.empty()) return fail_clash(path, word);
      }
    }
    return {};
  }

  const Root& root_;
  const std::string own_ = "/etc/default/grub.d/diglim.cfg";
};

/// Where the value begins in a line of an entry that has that key.
std::size_t value_at(std::string_view line, std::string_view key) {
  if (!line.starts_with(key) || line.size() == key.size() || !is_blank(line[key.size()])) return std::string::npos;
  return std::min(line.find_first_not_of(" \t", key.size()), line.size());
}

/// Entries of the boot loader specification, and the file that new ones are made of.
class Entries final : public BootLoader {
 public:
  Entries(const Root& root, std::vector<std::string> paths) : root_(root), paths_(std::move(paths)) {}

  [[nodiscard]] std::string_view name() const override { return "boot loader entries"; }

  Result<std::vector<Change>> replace(const Words& old, const Words& added) const override {
    std::vector<Change> changes;
    for (const auto& path : paths_) {
      auto content = TRY(replaced(path, old, added));
      changes.emplace_back(FileChange{path, std::move(content)});
    }
    return changes;
  }

  /// Others start a firmware's program, or a kernel with a command line of its own.
  static bool has_parameters(const fs::path& entry) {
    const auto text = diglab::read_file(entry);
    if (!text) return true;  // who reads it next says why not
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);)
      for (const char* key : {"linux", "options"})
        if (value_at(line, key) != std::string::npos) return true;
    return false;
  }

  static constexpr std::string_view cmdline = "/etc/kernel/cmdline";

 private:
  /// A file without a line of parameters gets one; a line of none goes.
  [[nodiscard]] Result<std::string> replaced(const std::string& path, const Words& old, const Words& added) const {
    const bool is_entry = path != cmdline;
    std::string text;
    bool has_line = false;
    std::istringstream lines(TRY(diglab::read_file(root_(path))));
    for (std::string line; std::getline(lines, line);) {
      const auto start = is_entry ? value_at(line, "options") : 0;
      if (start == std::string::npos) {
        text += line + "\n";
        continue;
      }
      has_line = true;
      const auto parameters = std::string_view(line).substr(start);
      if (const auto word = clash(parameters, old, added); !word.empty()) return fail_clash(path, word);
      if (const auto words = replace_words(parameters, old, added); !words.empty()) text += line.substr(0, start) + words + "\n";
    }
    if (!has_line && !added.empty()) text += fmt::format("{}{}\n", is_entry ? "options " : "", fmt::join(added, " "));
    return text;
  }

  const Root& root_;
  std::vector<std::string> paths_;
};

/// Where distributions and kernel-install put them: /boot/initrd.img-6.1, /efi/<machine>/<version>/initrd.
bool has_initramfs(const Root& root) {
  for (const char* directory : {"/boot", "/efi"}) {
    std::error_code ignored;
    fs::recursive_directory_iterator it(root(directory), fs::directory_options::skip_permission_denied, ignored), end;
    for (; !ignored && it != end; it.increment(ignored)) {
      const auto name = it->path().filename().string();
      if ((name.starts_with("initrd") || name.starts_with("initramfs")) && it->is_regular_file(ignored)) return true;
    }
  }
  return false;
}

}  // namespace

std::string replace_words(std::string_view line, const Words& old, const Words& added) {
  Words words = written_words(line);
  std::erase_if(words, [&](const auto& word) { return std::ranges::find(old, word) != old.end(); });
  words.insert(words.end(), added.begin(), added.end());
  return fmt::format("{}", fmt::join(words, " "));
}

Result<std::unique_ptr<BootLoader>> find_boot_loader(const Context& context) {
  const Root& root = context.root;
  if (has(root, "/usr/sbin/grubby") || has(root, "/sbin/grubby")) return std::make_unique<Grubby>(context);
  if (has(root, "/etc/default/grub") && (has(root, "/usr/sbin/update-grub") || has(root, "/sbin/update-grub")))
    return std::make_unique<Grub>(root);
  std::vector<std::string> paths;
  for (const std::string directory : {"/efi/loader/entries", "/boot/loader/entries", "/boot/efi/loader/entries"}) {
    std::error_code ignored;
    for (fs::directory_iterator it(root(directory), ignored), end; !ignored && it != end; it.increment(ignored))
      if (const auto path = directory + "/" + it->path().filename().string(); path.ends_with(".conf") && Entries::has_parameters(root(path)))
        paths.push_back(path);
  }
  if (paths.empty())
    return fail(ErrorKind::bad_input, fmt::format("{}: neither grubby, nor GRUB with update-grub, nor a boot loader entry that starts a kernel",
                                                  root.directory().string()));
  std::ranges::sort(paths);
  if (has(root, std::string(Entries::cmdline).c_str())) paths.emplace_back(Entries::cmdline);
  return std::make_unique<Entries>(root, std::move(paths));
}

std::vector<Change> renew_initramfs(const Root& root) {
  if (!has_initramfs(root)) return {};
  constexpr const char* why = "an initramfs with lists and keys as they are now";
  if (has(root, "/usr/bin/dracut") || has(root, "/usr/sbin/dracut")) return {ProgramRun{{"dracut", "--force", "--regenerate-all"}, why}};
  if (has(root, "/usr/sbin/update-initramfs")) return {ProgramRun{{"update-initramfs", "-u", "-k", "all"}, why}};
  return {};
}

}  // namespace diglim::tool
