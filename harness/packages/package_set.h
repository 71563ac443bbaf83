// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace diglab {

/// One path of a package, as its header describes it.
struct PackagedFile {
  std::string path;         ///< Absolute.
  std::string algorithm;    ///< "sha256", "md5", ...: of `digest`. Empty where there is no digest.
  std::string digest;       ///< Lower-case hexadecimal; empty for anything but a regular file with content on disk.
  std::uint32_t mode = 0;   ///< st_mode: type and permissions.
  std::uint64_t size = 0;
  std::uint32_t flags = 0;  ///< rpmfileAttrs: config, ghost, ...
  std::string link_target;  ///< Of symbolic links.
  std::string user;
  std::string group;

  [[nodiscard]] bool is_regular() const { return (mode & 0170000) == 0100000; }
  [[nodiscard]] bool is_link() const { return (mode & 0170000) == 0120000; }
  [[nodiscard]] bool is_ghost() const { return (flags & 0x40) != 0; }
};

/// What one RPM header says.
struct Package {
  std::string name;
  std::optional<std::uint32_t> epoch;
  std::string version;
  std::string release;
  std::string arch;
  std::filesystem::path file;             ///< The .rpm; empty for packages of a database.
  Bytes header_region;                    ///< The immutable region as stored: index and data, without the 8-byte magic.
  Bytes header_signature;                 ///< RSAHEADER or DSAHEADER: an OpenPGP packet. Empty: not signed.
  std::string signing_key;                ///< Issuer's key id, 16 hexadecimal digits. Empty: not signed.
  std::vector<PackagedFile> files;

  /// "bash-0:5.2.15-2+b8.x86_64"; the epoch only where the header has one.
  [[nodiscard]] std::string nevra() const;
};

/// The packages of a repository or of an installed system, and their files by path.
///
/// Read through librpm and checked by nobody: signatures are reported, not verified (dnf and the kernel do that).
class PackageSet {
 public:
  explicit PackageSet(std::vector<Package> packages);

  /// Every *.rpm below `directory`, in the order of their names. ErrorKind::bad_input names the file that is no RPM.
  static Result<PackageSet> from_directory(const std::filesystem::path& directory);
  static Result<PackageSet> from_files(const std::vector<std::filesystem::path>& files);
  /// The database of the system installed at `root`. Keys imported into it (gpg-pubkey) are left out.
  static Result<PackageSet> from_database(const std::filesystem::path& root, std::string_view database = "/var/lib/rpm");

  [[nodiscard]] const std::vector<Package>& packages() const { return packages_; }

  /// The packages of that name, normally one.
  [[nodiscard]] std::vector<const Package*> named(std::string_view name) const;

  struct Owner {
    const Package* package;
    const PackagedFile* file;
  };
  /// Everything that claims `path`; several for shared directories.
  [[nodiscard]] std::vector<Owner> owners(std::string_view path) const;

  /// Whether something lies below `directory`, be that itself anybody's or not.
  [[nodiscard]] bool has_below(std::string_view directory) const;

  /// The regular file at `path`, of the first package that has one there; nothing if none does.
  [[nodiscard]] const PackagedFile* find(std::string_view path) const;

  /// The distinct digests of all regular files with content, by "algorithm:hex", each with the paths that have it.
  [[nodiscard]] std::map<std::string, std::vector<std::string>> digests() const;

 private:
  std::vector<Package> packages_;
  std::multimap<std::string, std::pair<std::size_t, std::size_t>, std::less<>> by_path_;
};

}  // namespace diglab
