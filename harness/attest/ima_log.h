// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/hash.h"
#include "base/bytes.h"

namespace diglab {

/// One field of an entry's template data, without its length.
struct ImaField {
  std::string name;  ///< "d-ng", "n-ng", "sig", ...
  Bytes bytes;

  bool operator==(const ImaField&) const = default;
};

/// A file's digest as an entry tells it.
struct FileDigest {
  std::string type;       ///< "ima" or "verity" where the template says so (d-ngv2), otherwise empty.
  std::string algorithm;  ///< "sha256"; empty in the legacy template, where the length decides.
  Bytes bytes;

  bool operator==(const FileDigest&) const = default;
};

/// Reads "[type:]algorithm:" NUL digest, the content of d-ng, d-ngv2 and d-modsig. Empty if it is not of that form.
[[nodiscard]] std::optional<FileDigest> parse_tagged_digest(ByteView field);

/// One measurement.
struct ImaEntry {
  std::uint32_t pcr = 0;
  Bytes template_digest;  ///< As in the log: of ImaLog::digest_algorithm; all zero for a violation.
  std::string template_name;
  Bytes template_data;  ///< Exactly the bytes whose hash extends the PCR (legacy template: name padded to 256).
  std::vector<ImaField> fields;  ///< Empty when the template is not known.

  /// The kernel could not vouch for the file (written while measured): it extends all ones instead of a hash.
  [[nodiscard]] bool violation() const;
  /// The bytes of the first field called `name`.
  [[nodiscard]] const Bytes* field(std::string_view name) const;
  /// From d-ng, d-ngv2 or d. Empty if there is none or it is not well formed.
  [[nodiscard]] std::optional<FileDigest> file_digest() const;
  /// From n-ng or n, up to the first NUL. Empty if there is none. Spaces appear as '_', as the kernel wrote them.
  [[nodiscard]] std::string path() const;

  bool operator==(const ImaEntry&) const = default;
};

enum class ByteOrder { little, big };

/// A measurement list of any machine, in the order of the measurements.
struct ImaLog {
  std::vector<ImaEntry> entries;
  /// Which hash the template digests are: SHA-1 in the classic files, other banks' in the files that Linux 6.10
  /// added (binary_runtime_measurements_sha256).
  HashAlgorithm digest_algorithm = HashAlgorithm::sha1;
  ByteOrder byte_order = ByteOrder::little;  ///< Of the machine that wrote it.
};

/// Parses binary_runtime_measurements or one of its per-bank siblings; byte order and digest size are recognised.
/// ErrorKind::bad_input with offset and entry number for anything that is not such a list to its last byte.
Result<ImaLog> parse_binary_log(ByteView bytes);

/// The inverse of parse_binary_log.
[[nodiscard]] Bytes to_binary(const ImaLog& log);

}  // namespace diglab
