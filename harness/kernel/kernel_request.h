// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/kernel_source.h"

namespace diglab {

/// Which kernel is wanted. Equal inputs give the same kernel, bit by bit.
struct KernelRequest {
  KernelSource source;
  std::string flavour = "stock";
  std::filesystem::path trusted_keys_pem;  ///< Certificates for the builtin trusted keyring; empty: only the modules' own.
  std::filesystem::path module_key_pem;    ///< Private key and certificate in one; empty: one is made and kept in the cache.
  std::filesystem::path pgp_keys;          ///< OpenPGP public keys without armour; of a flavour with CONFIG_PGP_PRELOAD_PUBLIC_KEYS.
  std::vector<std::filesystem::path> more_patches;  ///< Applied after the flavour's series.
  int jobs = 0;                            ///< 0: as many as there are CPUs.
};

/// A finished kernel in the cache.
struct BuiltKernel {
  std::string id;                 ///< Hash of everything that went into it.
  std::string flavour;            ///< Empty for a ready image.
  std::string source;             ///< As --kernel names it.
  std::string release;            ///< What uname -r will say.
  std::filesystem::path image;    ///< bzImage
  std::filesystem::path config;   ///< Its .config; empty for a ready image.
  std::filesystem::path modules;  ///< Holds lib/modules/<release>/, signed; empty for a ready image.
  std::filesystem::path selftests;  ///< Holds <name>/: the kernel tree's own test programs that the flavour asks for; empty if none.
  int options = 0;                ///< Lines of its configuration that say =y or =m.
  std::uintmax_t image_bytes = 0;
  double build_seconds = 0;       ///< Wall time that the build took, when it did.
  bool from_cache = false;
  std::string warning;            ///< One line that the user should see: a damaged image was found and built again.
};

/// Told what is going on: a fraction where it is known, and a line of text.
using KernelProgress = std::function<void(std::optional<double> fraction, std::string_view what)>;

}  // namespace diglab
