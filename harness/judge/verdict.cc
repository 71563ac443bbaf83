// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/verdict.h"

#include <fmt/format.h>

#include <algorithm>

#include "attest/hash.h"
#include "judge/safe_text.h"
#include "judge/scenario_judge.h"
#include "scenario/parse.h"

namespace diglab {
namespace {

Verdict judge_record(const ScenarioRecord& record, const RunRecord& run, const EvidenceReader& read) {
  Verdict verdict;
  verdict.scenario = record.id;
  verdict.took = record.took;
  std::optional<Result<Scenario>> scenario;
  if (record.begin) scenario = parse_scenario(record.begin->text, record.begin->file);
  if (scenario && *scenario) verdict.claim = (**scenario).claim;
  if (record.skipped) {
    verdict.outcome = Outcome::skip;
    verdict.reason = one_line(*record.skipped);
    return verdict;
  }
  if (!scenario) {
    verdict.reason = unfinished(record, run);
  } else if (!*scenario) {
    verdict.reason = one_line((*scenario).error().to_string(), 300);
  } else {
    return judge_scenario(**scenario, record, run, read);
  }
  verdict.troubles = {verdict.reason};
  return verdict;
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::pass:
      return "pass";
    case Outcome::fail:
      return "fail";
    case Outcome::broken:
      return "broken";
    case Outcome::skip:
      return "skip";
  }
  return "?";
}

std::vector<Verdict> judge(std::span<const Event> events, const EvidenceReader& read) {
  std::map<std::string, std::string> digests;
  for (const Event& event : events) {
    if (const auto* piece = std::get_if<event::Evidence>(&event.body)) digests[piece->file] = piece->sha256;
  }
  const EvidenceReader checked = [&](const std::string& file) -> Result<Bytes> {
    Bytes bytes = TRY(read(file));
    auto digest = digests.find(file);
    if (digest != digests.end() && !digest->second.empty() &&
        to_hex(hash(HashAlgorithm::sha256, {bytes})) != digest->second)
      return fail(ErrorKind::infra,
                  fmt::format("{}: not the evidence that was collected: its SHA-256 is another", file));
    return bytes;
  };
  const RunRecord run = sort_events(events);
  std::vector<Verdict> verdicts;
  for (const ScenarioRecord& record : run.scenarios) verdicts.push_back(judge_record(record, run, checked));
  return verdicts;
}

int exit_status(std::span<const Event> events, std::span<const Verdict> verdicts) {
  const RunRecord run = sort_events(events);
  const auto interrupted = [](const event::Fault& fault) { return fault.kind == to_string(ErrorKind::interrupted); };
  if ((run.end && run.end->interrupted) || std::ranges::any_of(run.faults, interrupted)) return 130;
  if (!run.end || !run.faults.empty()) return 3;
  int status = 0;
  for (const Verdict& verdict : verdicts) {
    if (verdict.outcome == Outcome::broken) return 3;
    if (verdict.outcome == Outcome::fail) status = 1;
  }
  return status;
}

}  // namespace diglab
