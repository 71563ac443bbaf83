// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace diglab {

/// The fields of a Debian binary package's control file that an RPM header has room for.
struct DebianControl {
  std::string name;
  std::string version;
  std::string architecture;
  std::string summary;
  std::string depends;   ///< Pre-Depends and Depends, as written.
  std::string provides;  ///< As written.
};

/// Reads one control stanza. ErrorKind::bad_input with the line for text that is none, or lacks a name or a version.
Result<DebianControl> parse_debian_control(std::string_view text);

/// A version in RPM's three parts. Both systems order letters, digits, '~', '+' and '.' closely enough for one suite.
struct RpmVersion {
  std::string epoch;  ///< Empty: none.
  std::string version;
  std::string release;  ///< Empty for a native Debian package.

  [[nodiscard]] std::string to_string() const;  ///< epoch:version-release, parts that are empty left out.
};
Result<RpmVersion> rpm_version_of(std::string_view debian_version);

/// "a (>= 1:2-3), b | c:any" -> {"a >= 1:2-3", "(b or c)"}: what a spec file's Requires takes. Also for Provides.
///
/// Breaks, Conflicts and Replaces are not translated: a closure resolved by apt in one suite has none inside it.
Result<std::vector<std::string>> rpm_dependencies_of(std::string_view debian_field);

}  // namespace diglab
