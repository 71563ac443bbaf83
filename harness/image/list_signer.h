// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "image/gpg_home.h"
#include "image/keys.h"

namespace diglab {

/// Who signs a digest list.
enum class ListKey {
  none,
  packages,  ///< OpenPGP: the key that signed the packages.
  ima,       ///< PKCS#7: the key in .ima.
  own,       ///< OpenPGP: an administrator's own, which the packages' key certified.
  foreign,   ///< PKCS#7: nobody whom the kernel trusts.
};
/// "none", "packages", "ima", "own", "foreign".
[[nodiscard]] std::optional<ListKey> list_key_named(std::string_view name);

/// Signs one list after the other with the same key. `keys` and `processes` outlive it.
class ListSigner {
 public:
  ListSigner(ListKey key, const LabKeys& keys, Processes& processes, Deadline deadline)
      : key_(key), keys_(keys), processes_(processes), deadline_(std::move(deadline)) {}

  /// `list` with the signature behind it, as the kernel finds it at the end of a file.
  Result<std::string> sign(const std::string& list);

 private:
  Result<std::string> sign_pgp(const std::string& list, const std::filesystem::path& home, const std::string& fingerprint);
  Result<std::string> sign_pkcs7(const std::string& list, const std::filesystem::path& certificate, const std::filesystem::path& key);
  Result<std::string> run(const Command& command, const std::string& input);

  ListKey key_;
  const LabKeys& keys_;
  Processes& processes_;
  Deadline deadline_;
  std::optional<GpgHome> home_;
};

}  // namespace diglab
