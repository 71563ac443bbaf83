// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/source_directory.h"

namespace diglab {

std::filesystem::path source_directory() {
  return DIGLAB_SOURCE_DIR;
}

}  // namespace diglab
