// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "format/compact.h"
#include "tool/context.h"
#include "tool/result.h"

namespace diglim::tool {

/// Lists of packages.
struct GenerateRpm {
  std::vector<std::string> packages;  ///< Names in the database, or .rpm files; none: the whole database.
  std::filesystem::path output;       ///< Directory; empty: /etc/diglim of the root.
  bool compact = false;               ///< In the kernel's own format, to be signed by oneself, instead of as RPM headers.
  Type type = file;                   ///< parser: only with `compact`.
  unsigned number = 0;
  bool prune = false;  ///< Remove lists of packages that are not in the database from `output`.
};
Result<Report> generate_rpm(const GenerateRpm& wish, const Context& context);

/// What a list of files is to be like.
struct FileList {
  std::filesystem::path output;  ///< Directory; empty: /etc/diglim of the root; "-": standard output.
  std::string name;              ///< Behind the format in the list's name.
  Type type = file;
  std::string algorithm = "sha256";
  std::optional<bool> immutable;  ///< Nothing: as for packages, by mode and directory.
  unsigned number = 0;
  bool extend = false;  ///< Keep what a list of this name has already.
};

/// One list of any files.
struct GenerateFiles {
  std::vector<std::string> paths;  ///< Files, directories (with all that is below), patterns; in the root if absolute.
  std::string from;                ///< A file with one path a line; "-": standard input; empty: none.
  bool nul_separated = false;      ///< In `from` paths end in NUL instead of a newline.
  FileList list;
};
Result<Report> generate_files(const GenerateFiles& wish, const Context& context);

/// A file that could be executed and that nobody vouches for.
struct Unpackaged {
  std::string path;   ///< In the root.
  std::string kind;   ///< "program", "library", "module", "script"
  std::string owner;  ///< The package that has another content at this path; empty: none.
};

/// One list of what is in no list and no package.
struct GenerateUnpackaged {
  std::vector<std::string> below = {"/"};
  std::vector<std::string> except = {"/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp"};
  bool yes = false;      ///< All of them, without asking.
  bool dry_run = false;  ///< Only say which ones.
  FileList list{.output = {}, .name = "unpackaged", .type = file, .algorithm = "sha256", .immutable = {}, .number = 0, .extend = true};
  /// Whether the file is to be allowed; nothing: none of the rest. Null: there is nobody to ask.
  std::function<std::optional<bool>(const Unpackaged&)> ask;
};
Result<Report> generate_unpackaged(const GenerateUnpackaged& wish, const Context& context);

}  // namespace diglim::tool
