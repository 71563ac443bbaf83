// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/installed_lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "format/list_name.h"

namespace diglim::tool {

namespace fs = std::filesystem;

bool is_mask(const fs::path& file) {
  std::error_code error;
  if (fs::is_symlink(file, error) && fs::read_symlink(file, error) == "/dev/null") return true;
  return fs::is_regular_file(file, error) && fs::file_size(file, error) == 0;
}

bool has_journal(const fs::path& directory) {
  std::error_code error;
  return fs::exists(directory / ".rpm/journal", error);
}

Result<std::vector<InstalledList>> installed_lists(const Root& root, std::span<const std::string> directories) {
  struct Found {
    std::size_t directory;
    InstalledList list;
  };
  std::map<std::string, Found> by_name;
  for (std::size_t d = 0; d < directories.size(); ++d) {
    std::error_code error;
    fs::directory_iterator entries(root(directories[d]), error), end;
    if (error == std::errc::no_such_file_or_directory) continue;
    std::error_code ignored;
    const bool marked = fs::exists(root(directories[d] + "/" + only_immutable_mark), ignored);
    for (; !error && entries != end; entries.increment(error)) {
      const auto name = entries->path().filename().string();
      const auto parts = read_list_name(name);
      if (!parts) continue;
      const auto path = directories[d] + "/" + name;
      by_name[name] = {.directory = d,
                       .list = {.name = name,
                                .path = path,
                                .file = root(path),
                                .compact = parts->format == "compact",
                                .masked = is_mask(entries->path()) || is_mask(root(path)),
                                .only_immutable = marked && parts->format != "compact"}};
    }
    if (error) return fail(ErrorKind::infra, fmt::format("{}: cannot be listed: {}", root(directories[d]).string(), error.message()));
  }
  std::vector<Found> found;
  for (auto& [name, each] : by_name) found.push_back(std::move(each));
  std::ranges::sort(found, [](const Found& a, const Found& b) {
    if (a.list.compact != b.list.compact) return a.list.compact;
    if (!a.list.compact && a.directory != b.directory) return a.directory < b.directory;
    return loads_before(a.list.name, b.list.name);
  });
  std::vector<InstalledList> lists;
  for (auto& each : found) lists.push_back(std::move(each.list));
  return lists;
}

Result<List> read_list(const InstalledList& list) {
  return List::read(list.file, list.only_immutable);
}

}  // namespace diglim::tool
