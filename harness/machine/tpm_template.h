// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "base/deadline.h"
#include "base/result.h"
#include "os/process.h"

namespace diglab {

/// The state of a factory-new TPM 2.0, made once and copied for each machine: manufacturing takes five times as long as copying.
///
/// It has RSA and ECC endorsement keys with certificates from an authority of our own, and the SHA-1, SHA-256, SHA-384 and
/// SHA-512 banks allocated. All machines of a host have the same endorsement keys: which machine answered is known otherwise.
struct TpmTemplate {
  std::filesystem::path state;      ///< tpm2-00.permall
  std::filesystem::path authority;  ///< swtpm_localca's directory: keys and certificates of the authority.

  /// PEM, root certificate first.
  [[nodiscard]] Result<std::string> ca_certificates() const;
};

/// From `cache_dir`, or made there. Made anew for another swtpm version.
Result<TpmTemplate> tpm_template(const std::filesystem::path& cache_dir, Processes& processes, const Deadline& deadline);

/// Writes swtpm_setup's configuration into `directory`, so that TPMs made with it get the certificates of `authority`.
/// Returns the path of swtpm_setup.conf.
Result<std::filesystem::path> write_swtpm_configuration(const std::filesystem::path& directory, const std::filesystem::path& authority);

}  // namespace diglab
