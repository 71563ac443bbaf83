// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <iostream>
#include <set>
#include <sstream>

#include "os/files.h"
#include "tool/file_list.h"
#include "tool/generate.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

/// What a pattern names here; itself if it is none, or matches nothing.
std::vector<fs::path> expand(const fs::path& pattern) {
  ::glob_t found{};
  std::vector<fs::path> paths;
  if (std::error_code error; !fs::exists(pattern, error) && ::glob(pattern.c_str(), 0, nullptr, &found) == 0)
    for (std::size_t i = 0; i < found.gl_pathc; ++i) paths.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
  if (paths.empty()) paths.push_back(pattern);
  return paths;
}

/// The files that one path stands for; links inside a directory are not followed.
Result<void> collect(const fs::path& path, const Context& context, std::vector<FileToList>& files) {
  const auto add = [&](const fs::path& file) {
    std::error_code ignored;
    files.push_back({.path = context.root.inside(fs::absolute(file, ignored).lexically_normal()), .file = file});
  };
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    add(path);
    return {};
  }
  std::vector<fs::path> found;
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end; it.increment(error))
    if (!it->is_symlink(error) && it->is_regular_file(error)) found.push_back(it->path());
  if (error) return fail(ErrorKind::infra, fmt::format("{}: cannot be listed: {}", path.string(), error.message()));
  std::ranges::sort(found);
  for (const auto& file : found) add(file);
  return {};
}

Result<std::vector<std::string>> read_paths(const GenerateFiles& wish) {
  std::string text;
  if (wish.from == "-") {
    std::ostringstream all;
    all << std::cin.rdbuf();
    text = all.str();
  } else {
    std::error_code error;
    if (!fs::exists(wish.from, error) || fs::is_directory(wish.from, error))
      return fail(ErrorKind::bad_input, fmt::format("{}: {}", wish.from, error ? error.message() : "expected a file with paths"));
    text = TRY(diglab::read_file(wish.from));
  }
  std::vector<std::string> paths;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line, wish.nul_separated ? '\0' : '\n');)
    if (!line.empty()) paths.push_back(line);
  return paths;
}

}  // namespace

Result<Report> generate_files(const GenerateFiles& wish, const Context& context) {
  auto paths = wish.paths;
  if (!wish.from.empty()) {
    for (auto& path : TRY(read_paths(wish))) paths.push_back(std::move(path));
  }
  std::vector<FileToList> files;
  for (const auto& path : paths) {
    const fs::path here = fs::path(path).is_absolute() ? context.root(path) : fs::path(path);
    for (const auto& each : expand(here)) TRY_VOID(collect(each, context, files));
  }
  Report report;
  TRY_VOID(write_file_list(wish.list, files, context, report));
  return report;
}

}  // namespace diglim::tool
