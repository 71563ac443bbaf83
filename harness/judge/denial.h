// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace diglab {

/// One integrity audit record (types 1800 to 1807) that reports something refused or not vouched for (res=0).
///
/// Names come as the kernel wrote them, decoded where it wrote hexadecimal: any bytes may be in them.
struct Denial {
  int type = 0;  ///< 1800: data, 1801: metadata, 1802: status, 1804: PCR, ...
  std::string path;
  std::string cause;      ///< "IMA-signature-required", "missing-hash", "invalid-hash", "open_writers", ...
  std::string operation;  ///< op=: "appraise_data", "invalid_pcr", "collect_data", ...
  std::string program;    ///< comm=
  std::string device;
  std::uint64_t inode = 0;
  std::int64_t pid = 0;
  std::uint32_t uid = 0;
  std::string serial;  ///< "1718000000.123:45": the record's time and number.
  int error = 0;       ///< errno= as it stands; 0 where the kernel gives none.
  bool operator==(const Denial&) const = default;

  /// "IMA-signature-required for /root/unknown (appraise_data, bash)".
  [[nodiscard]] std::string one_line() const;
};

/// What an audit trail says.
struct AuditTrail {
  std::vector<Denial> denials;
  std::uint64_t lost = 0;  ///< Records that the kernel says it dropped: a trail with losses proves no absence.
};

/// Reads audit records out of any text that has them line by line: the audit log ("type=1800 audit(...): ..."), kernel
/// messages
/// ("[ 1.2] audit: type=1800 audit(...): ...") or auditd's file ("type=INTEGRITY_DATA msg=audit(...): ...").
/// A record is one only at the start of its line, so that no name inside another record can pass for one. The same
/// record (serial, type) seen twice, on the console and in the log, counts once.
[[nodiscard]] AuditTrail parse_audit(std::string_view text);

}  // namespace diglab
