// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "os/process.h"

namespace diglab {

/// One Debian binary package of a resolved closure.
struct DebianPackage {
  std::string name;
  std::string version;
  std::string sha256;  ///< Of the .deb, from the archive's signed index.
  std::string file;    ///< Its name in AptArchive::downloads().
  auto operator<=>(const DebianPackage&) const = default;
};

/// The host's own package archive, asked through apt with state of our own: what the host has installed, held or
/// pinned does not matter. Where the archive is comes from the host's apt configuration.
class AptArchive {
 public:
  /// `suite` empty: the one the host runs. State is kept in <cache>/apt/<suite>.
  static Result<AptArchive> open(const std::filesystem::path& cache, std::string suite, Processes& processes, const Deadline& deadline);

  /// `names` and everything they depend on, except what is in `assumed`: that is taken for installed.
  /// The answer is kept and given again for the same question until `refresh`: same inputs, same digests.
  Result<std::vector<DebianPackage>> resolve(const std::vector<std::string>& names, const std::vector<std::string>& assumed,
                                             bool refresh, const Deadline& deadline);

  /// Fetches what is missing in downloads(). apt checks each file against the signed index.
  Result<void> fetch(const std::vector<DebianPackage>& packages, const Deadline& deadline);

  [[nodiscard]] const std::string& suite() const { return suite_; }
  [[nodiscard]] std::filesystem::path downloads() const { return directory_ / "archives"; }

 private:
  AptArchive(std::filesystem::path directory, std::string suite, Processes& processes)
      : directory_(std::move(directory)), suite_(std::move(suite)), processes_(&processes) {}
  [[nodiscard]] Command apt_get() const;
  Result<void> write_status(const std::vector<std::string>& assumed) const;

  std::filesystem::path directory_;
  std::string suite_;
  Processes* processes_;
};

/// The lines of `apt-get --print-uris`: 'uri' file size SHA256:digest. ErrorKind::infra for a line without a SHA-256.
Result<std::vector<DebianPackage>> parse_print_uris(std::string_view text);

/// One-line sources for `suite` out of `apt-get indextargets` lines "uri|release|component|architecture", using those
/// that belong to the host's suite `host`. Empty if the host's configuration names none.
[[nodiscard]] std::string sources_for(std::string_view index_targets, std::string_view host, std::string_view suite);

}  // namespace diglab
