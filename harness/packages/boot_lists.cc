// SPDX-License-Identifier: GPL-2.0-or-later
#include "packages/boot_lists.h"

#include <map>

#include "format/list_name.h"

namespace diglab {

std::vector<const PackagedFile*> lists_in_loading_order(const PackageSet& installed) {
  std::map<std::string_view, const PackagedFile*, decltype(&diglim::loads_before)> lists(diglim::loads_before);
  for (const std::string_view directory : {"/usr/lib/diglim/", "/etc/diglim/"}) {
    for (const Package& package : installed.packages()) {
      for (const PackagedFile& file : package.files) {
        if (!file.path.starts_with(directory) || file.is_ghost() || (file.mode & 0170000) == 0040000) continue;
        const auto name = std::string_view(file.path).substr(directory.size());
        const auto list = diglim::read_list_name(name);
        if (list && list->format == "compact" && !name.contains('/')) lists[name] = &file;
      }
    }
  }
  std::vector<const PackagedFile*> ordered;
  for (const auto& [name, file] : lists)
    if (file->is_regular() && file->size > 0) ordered.push_back(file);
  return ordered;
}

}  // namespace diglab
