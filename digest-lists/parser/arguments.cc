// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/arguments.h"

namespace diglim {
namespace {

constexpr std::string_view immutable_directory_option = "--immutable-dir=";

/// As paths are compared: /a/b becomes /a/b/.
std::optional<std::string> directory_of(std::string_view text) {
  if (!text.starts_with('/')) return std::nullopt;
  return std::string(text) + (text.ends_with('/') ? "" : "/");
}

}  // namespace

const std::string_view usage =
    "Usage: diglim-parser add|del [OPTION]... PATH...\n"
    "\n"
    "Converts lists of RPM headers (<n>-file_list-rpm-<name>), or all of a directory, and adds the digests in them to the\n"
    "kernel's, or deletes them.\n"
    "\n"
    "  --only-immutable     only digests of files that are not to be modified\n"
    "  --immutable-dir=DIR  files in directories whose path contains DIR are not to be modified; may be given several times\n"
    "  --help               this\n"
    "\n"
    "As process 1 it adds the lists in /usr/lib/diglim and /etc/diglim and executes /sbin/init, or what diglim_init= on the kernel\n"
    "command line says.\n"
    "\n"
    "Exit status: 0 everything is as wished, 1 a list was refused, 2 bad use, 3 the kernel has no DIGLIM.\n";

std::optional<Arguments> read_arguments(std::span<const char* const> words) {
  Arguments arguments;
  if (words.empty()) return std::nullopt;
  const std::string_view operation = words.front();
  arguments.help = operation == "--help";
  if (arguments.help) return arguments;
  if (operation != "add" && operation != "del") return std::nullopt;
  arguments.options.operation = operation == "add" ? Operation::add : Operation::remove;
  bool options_ended = false;
  for (const std::string_view word : words.subspan(1)) {
    if (options_ended || !word.starts_with('-')) {
      arguments.paths.emplace_back(word);
    } else if (word == "--") {
      options_ended = true;
    } else if (word == "--help") {
      arguments.help = true;
    } else if (word == "--only-immutable") {
      arguments.options.only_immutable = true;
    } else if (word.starts_with(immutable_directory_option)) {
      auto directory = directory_of(word.substr(immutable_directory_option.size()));
      if (!directory) return std::nullopt;
      arguments.options.immutable_directories.push_back(*std::move(directory));
    } else {
      return std::nullopt;
    }
  }
  if (arguments.paths.empty() && !arguments.help) return std::nullopt;
  return arguments;
}

}  // namespace diglim
