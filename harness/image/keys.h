// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "os/process.h"

namespace diglab {

/// The keys of this laboratory: made once per cache, never committed, worth nothing elsewhere.
///
/// The kernel is built with `ca_certificate` in its builtin trusted keyring, so that `ima_certificate` (signed by
/// that CA) may be loaded into .ima, and packages are signed with the key in `gpg_home`. Private halves are
/// readable by their owner only and have no passphrase: they protect an experiment, not a system.
struct LabKeys {
  std::filesystem::path directory;           ///< <cache>/keys
  std::filesystem::path ca_certificate;      ///< PEM, for CONFIG_SYSTEM_TRUSTED_KEYS.
  std::filesystem::path ca_key;              ///< PEM: signs further certificates of a scenario.
  std::filesystem::path ima_key;             ///< PEM, RSA 2048: what evmctl signs with.
  std::filesystem::path ima_certificate;     ///< PEM
  std::filesystem::path ima_certificate_der; ///< DER, for /etc/keys/x509_ima.der in the guest.
  std::filesystem::path module_key;          ///< PEM, key and certificate in one, for CONFIG_MODULE_SIG_KEY.
  std::filesystem::path foreign_key;         ///< PEM key and self-signed certificate of nobody whom the kernel trusts: for controls.
  std::filesystem::path foreign_certificate_der;
  std::filesystem::path gpg_home;            ///< Holds the packages' signing key, RSA 3072.
  std::filesystem::path rpm_public_key;      ///< The same, ASCII armour: what rpm --import takes.
  std::filesystem::path rpm_public_key_binary;  ///< The same without armour: what a kernel's PGP keyring takes.
  std::string rpm_fingerprint;               ///< 40 hexadecimal digits, upper case.
  std::string id;                            ///< Changes when any public half does: part of other things' cache keys.

  /// Loads the keys of `cache`, making them first if there are none. Two processes at once end up with the same keys.
  static Result<LabKeys> provide(const std::filesystem::path& cache, Processes& processes, const Deadline& deadline);
};

/// An administrator's own OpenPGP key, which the packages' key has certified and no kernel was built with. Made when it is first asked for.
struct OwnKey {
  std::filesystem::path gpg_home;
  std::filesystem::path public_key;  ///< Binary, with the certification: what keyctl adds to a keyring.
  std::string fingerprint;           ///< 40 hexadecimal digits, upper case.

  /// In the same cache as `keys`. Two processes at once end up with the same key.
  static Result<OwnKey> provide(const LabKeys& keys, Processes& processes, const Deadline& deadline);
};

}  // namespace diglab
