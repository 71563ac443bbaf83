// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace diglab {

/// Files of our own (agent, init, modules, units), laid out as in the guest, that become one RPM.
///
/// Content, names, permissions and link targets count; owners are root and times are fixed. Paths are as after
/// a merged /usr (/usr/bin, not /bin).
struct OwnPackage {
  std::string name;
  std::string version;                    ///< "1.2" or "1.2-3"
  std::filesystem::path tree;
  std::vector<std::string> requires_names;  ///< As in a spec file: "bash", "libc6 >= 2.36".
  bool everywhere = true;                 ///< Otherwise only in sets whose `own` names it: its dependencies are not in all of them.
};

/// Where packages come from when not from the host's own archive: any RPM repository and the key that signed its packages.
struct Repository {
  std::string url;                     ///< http(s)://, file:// or a directory.
  std::filesystem::path key;           ///< ASCII armour.
  std::vector<std::string> packages;   ///< What to install; empty: the set's own names.
};

/// Whether the guest has digest lists of its packages, by default in the kernel's own format, and what signature is appended to each.
enum class DigestLists {
  none,
  pgp,             ///< OpenPGP, by the key that signed the packages.
  pkcs7,           ///< PKCS#7, by the IMA key.
  unsigned_lists,
  rpm,             ///< The packages' own headers and signatures; in the kernel's format only the lists of converters, signed as pgp.
};
/// "none", "pgp", "pkcs7", "unsigned", "rpm", and back.
[[nodiscard]] std::string_view to_string(DigestLists lists);
[[nodiscard]] std::optional<DigestLists> digest_lists_named(std::string_view name);

/// Which guest disk is wanted.
struct ImageRequest {
  std::string set = "minimal";         ///< guest-image/sets/<set>.yaml
  bool ima_signatures = false;         ///< Every regular file carries security.ima made with the laboratory's IMA key.
  DigestLists digest_lists = DigestLists::none;
  std::vector<OwnPackage> own;
  std::string suite;                   ///< Of Debian; empty: the host's.
  std::optional<Repository> repository;
  bool refresh = false;                ///< Ask the archive for its present versions instead of those resolved before.
};

/// A finished guest disk in the cache. Read-only: machines put a qcow2 overlay on top.
struct BuiltImage {
  std::string id;                      ///< Same inputs, same id.
  std::string set;
  std::filesystem::path disk;          ///< Raw, one ext4 file system, no partition table: root=/dev/vda.
  std::filesystem::path manifest;      ///< JSON: packages with digests, keys, suite, the disk's own digest.
  std::filesystem::path packages;      ///< The repository installed from: all its .rpm files and repodata/.
  /// What a tool of the guest's own made, by its name in the set; ErrorKind::bad_input if the set has no such.
  [[nodiscard]] Result<std::filesystem::path> initramfs(const std::string& maker) const;
  std::uint64_t bytes = 0;             ///< Of the disk, holes included.
  bool from_cache = false;
};

/// Told what is going on: a fraction where it is known, and a line of text.
using ImageProgress = std::function<void(std::optional<double> fraction, std::string_view what)>;

}  // namespace diglab
