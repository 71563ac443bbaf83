// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "image/image_request.h"
#include "image/keys.h"
#include "image/rpm_builder.h"

namespace diglab {

/// What goes into a guest's root, and from where.
struct Installation {
  std::vector<BuiltRpm> rpms;                 ///< Ours: made into a repository of their own.
  std::vector<std::string> names;             ///< What dnf is asked for; it resolves the rest.
  std::optional<Repository> repository;       ///< The user's, beside ours.
};

/// What changes when the content of `repository` does: the digest of its repomd.xml.
/// ErrorKind::bad_input when it is unreachable or no repository.
Result<std::string> repository_state(const Repository& repository, Processes& processes, const Deadline& deadline);

/// Makes a repository of `rpms` in `directory` (hard links where the file system allows).
Result<void> make_repository(const std::vector<BuiltRpm>& rpms, const std::filesystem::path& directory, Processes& processes, const Deadline& deadline);

/// Installs into <work>/root with dnf, signatures checked, and leaves nothing there that no package owns, but the
/// database. <work>/repository stays. The clock stands still: same packages, same bytes.
/// ErrorKind::bad_input when the user's repository is at fault: unreachable, incomplete, or not signed by the user's key.
Result<void> install_packages(const Installation& what, const LabKeys& keys, const std::filesystem::path& work, Processes& processes, const Deadline& deadline);

/// Installs one more package of ours into what install_packages() made, in the same way, and adds it to the repository.
Result<void> add_package(const BuiltRpm& rpm, const std::filesystem::path& work, Processes& processes, const Deadline& deadline);

/// The checks every guest must pass: rpm -Va says nothing, every file has a package, every library is there.
/// ErrorKind::infra with the first findings. `ours`: false for a foreign repository, whose packages may be as they like about libraries.
Result<void> check_installation(const std::filesystem::path& work, bool ours, Processes& processes, const Deadline& deadline);

}  // namespace diglab
