// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <span>

#include "judge/verdict.h"

namespace diglab {

/// Writes report.html, junit.xml and verdicts.json into a run's results directory, each as a whole or not at all.
Result<void> write_reports(const std::filesystem::path& results, std::span<const Event> events,
                           std::span<const Verdict> verdicts);

/// Reads evidence below a results directory; a name that leads out of it is ErrorKind::bad_input: a stream may come
/// from anywhere.
[[nodiscard]] EvidenceReader evidence_in(const std::filesystem::path& results);

/// A stored run, read and judged again. The last line of a stream that was cut off is dropped; what that leaves
/// unfinished is broken.
struct StoredRun {
  std::vector<Event> events;
  std::vector<Verdict> verdicts;
};
Result<StoredRun> load_run(const std::filesystem::path& results);

}  // namespace diglab
