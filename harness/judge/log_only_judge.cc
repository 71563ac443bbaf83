// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>

#include "judge/check_judge.h"
#include "judge/safe_text.h"

namespace diglab {
namespace {

constexpr std::size_t shown_strangers = 20;

bool is_named(const std::string& path, const std::vector<std::string>& patterns) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) { return ::fnmatch(pattern.c_str(), path.c_str(), 0) == 0; });
}

}  // namespace

Result<Judged> judge_log_only(const check::LogOnly& check, int rounds, const VariantEvidence& evidence) {
  Judged judged{.met = true, .expected = {}, .seen = {}, .detail = {}, .diffs = {}};
  judged.expected = fmt::format("nothing{} in the list but {}", check.pcr ? fmt::format(" of PCR {}", *check.pcr) : "", fmt::join(check.paths, ", "));
  std::size_t looked_at = 0;
  std::size_t strangers = 0;
  for (int round = 1; round <= rounds; ++round) {
    bool any = false;
    for (const EvidenceSet& set : evidence.sets()) {
      if (set.where.round != round) continue;
      any = true;
      const ImaLog log = TRY(evidence.log(set));
      for (std::size_t i = 0; i < log.entries.size(); ++i) {
        const ImaEntry& entry = log.entries[i];
        if (check.pcr && entry.pcr != static_cast<std::uint32_t>(*check.pcr)) continue;
        ++looked_at;
        if (is_named(entry.path(), check.paths)) continue;
        judged.met = false;
        if (++strangers > shown_strangers) continue;
        if (judged.seen.empty()) judged.seen = fmt::format("entry {} is {} ({})", i + 1, one_line(entry.path()), set.place());
        judged.detail += fmt::format("{}{}: entry {} (PCR {}): {}", judged.detail.empty() ? "" : "\n", set.place(), i + 1, entry.pcr, one_line(entry.path()));
      }
    }
    if (!any) return fail(ErrorKind::infra, fmt::format("no measurement list was collected in round {}", round));
  }
  if (strangers > shown_strangers) judged.detail += fmt::format("\nand {} more", strangers - shown_strangers);
  if (judged.met) judged.seen = fmt::format("{} entries, all of them so named", looked_at);
  return judged;
}

}  // namespace diglab
