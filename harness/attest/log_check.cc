// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/log_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace diglab {
namespace {

/// The entry up to which a value covers the log, for a PCR whose last entries may be followed by other PCRs'.
std::size_t entries_before_next(const ImaLog& log, const ReplayVerdict& verdict) {
  for (std::size_t i = verdict.entries; i < log.entries.size(); ++i)
    if (log.entries[i].pcr == verdict.pcr) return i;
  return log.entries.size();
}

/// The last entry that the value certainly covers, counted from 1.
std::size_t entries_covered(const ImaLog& log, const ReplayVerdict& verdict) {
  std::size_t count = verdict.entries;
  while (count > 0 && log.entries[count - 1].pcr != verdict.pcr) --count;
  return count;
}

std::string summary(const LogVerdict& verdict, const ImaLog& log) {
  if (verdict.replays.size() == 1) return verdict.replays.front().one_line();
  std::string banks;
  std::size_t covered = log.entries.size();
  bool padded = false;
  for (const ReplayVerdict& replay : verdict.replays) {
    banks += fmt::format("{}{}:{}", banks.empty() ? "" : ", ", name_of(replay.bank), replay.pcr);
    covered = std::min(covered, entries_before_next(log, replay));
    padded = padded || replay.how == BankDigest::padded_sha1;
  }
  std::string later =
      covered == log.entries.size() ? "" : fmt::format("; {} later ones are not covered", log.entries.size() - covered);
  return fmt::format("agree: {} entries give PCRs {}{}{}", covered, banks, later,
                     padded ? " (SHA-1 padded with zeros, as before 5.8)" : "");
}

}  // namespace

LogVerdict check_log(const ImaLog& log, const PcrBanks& pcrs, std::optional<std::uint32_t> only) {
  LogVerdict verdict;
  if (auto fault = first_fault(log)) {
    verdict.one_line = fault->one_line();
    return verdict;
  }
  if (log.entries.empty()) {
    verdict.one_line = "differ: the log has no entries";
    return verdict;
  }
  std::set<std::uint32_t> mentioned;
  for (const ImaEntry& entry : log.entries)
    if (!only || entry.pcr == *only) mentioned.insert(entry.pcr);
  if (mentioned.empty()) {
    verdict.one_line = fmt::format("differ: the log has no entries of PCR {}", *only);
    return verdict;
  }
  std::set<std::uint32_t> explained;
  for (const auto& [bank, values] : pcrs.banks())
    for (const auto& [pcr, value] : values) {
      if (!mentioned.contains(pcr)) continue;
      explained.insert(pcr);
      verdict.replays.push_back(check_replay(log, bank, pcr, value));
    }
  for (std::uint32_t pcr : mentioned)
    if (!explained.contains(pcr)) {
      verdict.one_line = fmt::format("differ: the log has entries of PCR {}, whose value is not given", pcr);
      return verdict;
    }
  for (const ReplayVerdict& replay : verdict.replays)
    if (!replay.agrees()) {
      verdict.one_line = replay.one_line();
      return verdict;
    }
  // All banks are extended by one command: they cannot have been read at different entries.
  for (const ReplayVerdict& a : verdict.replays)
    for (const ReplayVerdict& b : verdict.replays) {
      if (entries_covered(log, a) > entries_before_next(log, b)) {
        verdict.one_line = fmt::format("differ: PCR {} of bank {} covers {} entries, PCR {} of bank {} only {}", a.pcr,
                                       name_of(a.bank), a.entries, b.pcr, name_of(b.bank), b.entries);
        return verdict;
      }
    }
  verdict.ok = true;
  verdict.one_line = summary(verdict, log);
  return verdict;
}

}  // namespace diglab
