// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/write.h"

#include <fmt/format.h>

#include "judge/safe_text.h"
#include "os/files.h"
#include "report/html.h"
#include "report/junit.h"
#include "report/verdict_json.h"

namespace diglab {

namespace fs = std::filesystem;

Result<void> write_reports(const fs::path& results, std::span<const Event> events, std::span<const Verdict> verdicts) {
  TRY_VOID(write_file(results / "report.html", to_html(events, verdicts)));
  TRY_VOID(write_file(results / "junit.xml", to_junit(events, verdicts)));
  TRY_VOID(write_file(results / "verdicts.json", to_json(events, verdicts)));
  return {};
}

EvidenceReader evidence_in(const fs::path& results) {
  return [results](const std::string& file) -> Result<Bytes> {
    const fs::path normal = fs::path(file).lexically_normal();
    std::error_code error;
    const fs::path root = fs::weakly_canonical(results, error);
    const fs::path whole = fs::weakly_canonical(results / normal, error);
    const bool inside = !file.empty() && normal.is_relative() &&
                        std::mismatch(root.begin(), root.end(), whole.begin(), whole.end()).first == root.end();
    if (!inside || error)
      return fail(ErrorKind::bad_input, fmt::format("{}: evidence lies in the results directory", one_line(file)));
    if (!fs::is_regular_file(whole, error))
      return fail(ErrorKind::infra, fmt::format("{}: the evidence is not there", one_line(file)));
    return read_bytes(whole, std::size_t{256} << 20);
  };
}

Result<StoredRun> load_run(const fs::path& results) {
  const fs::path file = results / "events.jsonl";
  const std::string text = TRY(read_file(file));
  StoredRun run{.events = TRY(parse_events(text), file.string()), .verdicts = {}};
  if (run.events.empty()) return fail(ErrorKind::bad_input, fmt::format("{}: no event in it", file.string()));
  run.verdicts = judge(run.events, evidence_in(results));
  return run;
}

}  // namespace diglab
