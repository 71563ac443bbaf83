// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "exercise/rounds.h"

namespace diglim {

/// Files of one owner, whom one rule of the IMA policy names: what the first opening or execution of each costs is what that rule costs.
enum class Owner : unsigned {
  none = 2000,       ///< No rule.
  audit = 2001,      ///< `audit`: the digest is calculated and recorded. (A `hash` rule alone calculates nothing.)
  diglim = 2002,     ///< `measure ... use_diglim`, and the files are in measured lists.
  measure = 2003,    ///< `measure`
  signature = 2004,  ///< `appraise ... appraise_type=imasig`, and the files have signatures.
  list = 2005,       ///< `appraise ... use_diglim`, the same files without signatures, in signed lists that were loaded before.
};

struct AccessRun {
  std::uint64_t seed = 1;
  std::size_t files = 2'000;     ///< Of each owner.
  std::size_t size = 20'000;     ///< Bytes of each file; packaged files are as they are, up to this.
  std::size_t batch = 50;        ///< Files of one owner that are opened before it is the next one's turn.
  std::size_t list_digests = 66; ///< Digests of each list.
  std::size_t extra = 0;         ///< So many further digests are loaded, in one list.
  bool execute = false;          ///< The files are programs, and executed. `size` is that of what makes them different.
  bool appraise = false;         ///< signature and list, with copies of files below /usr/bin and /usr/lib, instead of the others.
  std::string directory = "/root/access";
};

/// Seconds that opening or executing took, by owner: one figure for each batch.
using AccessTimes = std::map<std::string, std::vector<double>>;

[[nodiscard]] Finding run_access(const Interface& kernel, const AccessRun& run, AccessTimes& times);

}  // namespace diglim
