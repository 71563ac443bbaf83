// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tool/context.h"
#include "tool/keys.h"
#include "tool/result.h"

namespace diglim::tool {

/// Appends a signature to lists, in place.
struct Sign {
  std::vector<std::filesystem::path> lists;
  std::string pgp_key;                ///< As gpg --local-user takes it; empty: PKCS#7.
  std::filesystem::path gpg_home;     ///< Empty: gpg's own.
  std::filesystem::path key;          ///< Of PKCS#7: PEM; may be encrypted.
  std::filesystem::path certificate;  ///< PEM or DER.
  std::string hash = "sha256";
  bool replace = false;  ///< A signature that is there already is dropped first.
};
Result<Report> sign(const Sign& wish, const Context& context);

/// Says of each list who signed it.
struct Verify {
  std::vector<std::filesystem::path> lists;  ///< None: the installed ones.
  std::vector<std::filesystem::path> keys;   ///< As Keys::add takes them.
};
Result<Report> verify(const Verify& wish, const Context& context);

}  // namespace diglim::tool
