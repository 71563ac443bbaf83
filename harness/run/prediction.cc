// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/prediction.h"

#include "packages/boot_lists.h"

namespace diglab {

Result<ImaLog> predict_boot(const BuiltImage& image, std::uint32_t pcr) {
  const PackageSet packages = TRY(PackageSet::from_directory(image.packages));
  std::vector<FileToMeasure> files;
  for (const PackagedFile* list : lists_in_loading_order(packages))
    files.push_back({.path = list->path, .algorithm = list->algorithm, .digest = TRY(from_hex(list->digest), list->path)});
  return predict_log(files, pcr);
}

}  // namespace diglab
