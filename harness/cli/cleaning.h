// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/deadline.h"
#include "os/process.h"

namespace diglab {

/// What is to be removed.
struct Cleaning {
  bool kernels = false;     ///< With their sources.
  bool images = false;      ///< With the packages and initramfs that they are made of.
  bool results = false;     ///< But not the baselines.
  bool everything = false;  ///< These, and what else this program keeps in the cache: keys, compilers' caches, its own build.
  bool only_name = false;   ///< Remove nothing.
};

struct CleanedPlaces {
  std::filesystem::path cache;
  std::filesystem::path results;
  std::filesystem::path runs;  ///< Where runs have their private directories: HostOptions::state_dir.
};

using OnCleaned = std::function<void(const std::filesystem::path& directory, std::uintmax_t bytes)>;

/// Empties our own directories of the cache; what else lies there is not ours. Each is said before it goes. The locks of kernels and images
/// stay, since somebody may be waiting for one. ErrorKind::infra while a run or a build is going on; no run begins while this goes on.
Result<void> clean(const Cleaning& what, const CleanedPlaces& places, Processes& processes, const OnCleaned& on_cleaned, const Deadline& deadline);

}  // namespace diglab
