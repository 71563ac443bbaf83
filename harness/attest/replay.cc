// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/replay.h"

#include <fmt/format.h>

#include <algorithm>

#include "attest/printable.h"

namespace diglab {
namespace {

bool all_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

/// Follows the log once, and tells after how many entries the PCR had a value. Empty: it never had.
struct Walk {
  Bytes end;
  std::optional<std::size_t> entries_at_match;
};

Walk walk(const ImaLog& log, HashAlgorithm bank, std::uint32_t pcr, BankDigest how, ByteView expected) {
  Walk walk{.end = Bytes(digest_size(bank), 0), .entries_at_match = {}};
  for (std::size_t i = 0; i < log.entries.size(); ++i) {
    const ImaEntry& entry = log.entries[i];
    if (entry.pcr != pcr) continue;
    walk.end = extend(bank, walk.end, extend_value(entry, bank, how));
    if (!walk.entries_at_match && std::ranges::equal(walk.end, expected)) walk.entries_at_match = i + 1;
  }
  return walk;
}

}  // namespace

Bytes extend_value(const ImaEntry& entry, HashAlgorithm bank, BankDigest how) {
  if (entry.violation()) {
    // Before 5.8 the twenty bytes of ones were padded with zeros like every other SHA-1 value.
    Bytes ones(how == BankDigest::padded_sha1 ? digest_size(HashAlgorithm::sha1) : digest_size(bank), 0xff);
    ones.resize(digest_size(bank), 0);
    return ones;
  }
  if (how == BankDigest::own) return hash(bank, {entry.template_data});
  Bytes padded = hash(HashAlgorithm::sha1, {entry.template_data});
  padded.resize(digest_size(bank), 0);
  return padded;
}

Bytes replay(const ImaLog& log, HashAlgorithm bank, std::uint32_t pcr, BankDigest how, std::size_t count) {
  Bytes value(digest_size(bank), 0);
  for (std::size_t i = 0; i < std::min(count, log.entries.size()); ++i)
    if (log.entries[i].pcr == pcr) value = extend(bank, value, extend_value(log.entries[i], bank, how));
  return value;
}

std::optional<EntryFault> first_fault(const ImaLog& log) {
  for (std::size_t i = 0; i < log.entries.size(); ++i) {
    const ImaEntry& entry = log.entries[i];
    if (entry.violation()) {
      auto digest = entry.file_digest();
      if (digest && !all_zero(digest->bytes))
        return EntryFault{i, entry.path(), "it is marked as a violation, yet names a file digest"};
      continue;
    }
    Bytes computed = hash(log.digest_algorithm, {entry.template_data});
    if (computed != entry.template_digest)
      return EntryFault{i, entry.path(),
                        fmt::format("its data has the {} digest {}, its template digest is {}",
                                    name_of(log.digest_algorithm), to_hex(computed), to_hex(entry.template_digest))};
  }
  return std::nullopt;
}

ReplayVerdict check_replay(const ImaLog& log, HashAlgorithm bank, std::uint32_t pcr, ByteView expected) {
  ReplayVerdict verdict;
  verdict.bank = bank;
  verdict.pcr = pcr;
  verdict.total = log.entries.size();
  verdict.expected.assign(expected.begin(), expected.end());
  verdict.fault = first_fault(log);

  bool any = std::ranges::any_of(log.entries, [&](const ImaEntry& entry) { return entry.pcr == pcr; });
  auto try_as = [&](BankDigest how) {
    Walk result = walk(log, bank, pcr, how, expected);
    bool whole = std::ranges::equal(result.end, expected);
    if (!whole && !result.entries_at_match) {
      if (how == BankDigest::own) verdict.replayed = result.end;
      return false;
    }
    verdict.how = how;
    verdict.replayed = result.end;
    verdict.state = whole ? ReplayVerdict::State::agrees : ReplayVerdict::State::agrees_up_to;
    verdict.entries = whole ? log.entries.size() : *result.entries_at_match;
    return true;
  };
  // In SHA-1's own bank there is nothing to pad, and a PCR without entries is only its start value.
  if (!try_as(BankDigest::own) && any && bank != HashAlgorithm::sha1) try_as(BankDigest::padded_sha1);
  if (verdict.fault) verdict.state = ReplayVerdict::State::faulty_entry;
  return verdict;
}

std::string EntryFault::one_line() const {
  return fmt::format("differ from entry {} ({}) on: {}", entry + 1, printable(path, 120), detail);
}

std::string ReplayVerdict::one_line() const {
  std::string what = fmt::format("PCR {} of the {} bank", pcr, name_of(bank));
  std::string note = how == BankDigest::padded_sha1 ? " (as kernels before 5.8 extend: SHA-1 padded with zeros)" : "";
  switch (state) {
    case State::agrees:
      return fmt::format("agree: the log's {} entries give {}{}", total, what, note);
    case State::agrees_up_to:
      return fmt::format(
          "agree: {} was read after entry {}, which the log's first {} entries give; {} later ones are not covered{}",
          what, entries, entries, total - entries, note);
    case State::faulty_entry:
      return fault->one_line();
    case State::differs:
      break;
  }
  return fmt::format(
      "differ: every entry is sound in itself, but they give {} for {}, not {}; from which entry on cannot be "
      "known from one value",
      to_hex(replayed), what, to_hex(expected));
}

}  // namespace diglab
