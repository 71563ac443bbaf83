// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "scenario/known.h"
#include "scenario/scenario.h"

namespace diglab {

/// Reads one scenario file and the files that its steps include (paths relative to it).
Result<Scenario> load_scenario(const std::filesystem::path& file, const Known& known = {});

/// All scenarios below `directory` (*.yaml), sorted by id. The id must be the path without ".yaml".
/// Every wrong file is reported, not only the first.
Result<std::vector<Scenario>> load_scenarios(const std::filesystem::path& directory, const Known& known = {});

/// Part `index` (from 1) of `count`: the scenarios are dealt out in turn.
struct Shard {
  int index = 1;
  int count = 1;
};

/// "2/5". ErrorKind::usage for anything else.
Result<Shard> parse_shard(std::string_view text);

/// Which scenarios to run.
struct Selection {
  std::vector<std::string> patterns;  ///< Ids, or globs over ids ("appraise/*"); a bare group name means the whole group.
  std::vector<std::string> tags;      ///< Scenarios with at least one of these.
  std::vector<std::string> without_tags = {};  ///< And none of these.
  Shard shard;
};

/// What the selection names, in the order of `scenarios`. With neither patterns nor tags: those tagged "default".
/// With both: those that match both. A pattern or tag that matches nothing is ErrorKind::usage, with near matches.
Result<std::vector<Scenario>> select(const std::vector<Scenario>& scenarios, const Selection& selection);

}  // namespace diglab
