// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "attest/ima_log.h"

namespace diglab {

/// What an entry extends into a bank that is not SHA-1's.
enum class BankDigest {
  own,          ///< The template data hashed with the bank's algorithm: Linux 5.8 and later.
  padded_sha1,  ///< The SHA-1 digest, padded with zeros: Linux before 5.8.
};

/// The value that `entry` extends into a bank: a hash of its template data, or all ones for a violation.
[[nodiscard]] Bytes extend_value(const ImaEntry& entry, HashAlgorithm bank, BankDigest how = BankDigest::own);

/// The PCR after the first `count` entries of the log, of which those for other PCRs are left out.
[[nodiscard]] Bytes replay(const ImaLog& log, HashAlgorithm bank, std::uint32_t pcr, BankDigest how = BankDigest::own,
                           std::size_t count = SIZE_MAX);

/// Why an entry cannot be what the kernel wrote, found without any PCR.
struct EntryFault {
  std::size_t entry = 0;  ///< Index from 0.
  std::string path;
  std::string detail;

  /// "differ from entry 17 (/usr/bin/x) on: ...", counted from 1.
  [[nodiscard]] std::string one_line() const;
};

/// The first entry whose template digest is not the hash of its template data, or that claims to be a violation
/// but names a digest.
[[nodiscard]] std::optional<EntryFault> first_fault(const ImaLog& log);

/// Whether a log is the pre-image of a PCR value.
struct ReplayVerdict {
  enum class State {
    agrees,        ///< All entries give the value.
    agrees_up_to,  ///< The first `entries` give it: the log was read later than the value.
    faulty_entry,  ///< The log contradicts itself at entry `fault->entry`.
    differs,       ///< Every entry is sound, yet no prefix gives the value: where they part cannot be known from it.
  };

  State state = State::differs;
  HashAlgorithm bank = HashAlgorithm::sha256;
  std::uint32_t pcr = 0;
  BankDigest how = BankDigest::own;
  std::size_t entries = 0;  ///< Entries of the log that the value covers, when it agrees.
  std::size_t total = 0;    ///< Entries of the log.
  std::optional<EntryFault> fault;
  Bytes replayed;  ///< What all entries give.
  Bytes expected;

  [[nodiscard]] bool agrees() const { return state == State::agrees || state == State::agrees_up_to; }
  /// One line: "agree: 43 entries give PCR 10 of sha256", "differ from entry 17 (/usr/bin/x) on: ...". Entries are
  /// counted from 1 for people.
  [[nodiscard]] std::string one_line() const;
};

/// Compares a log with the value of one PCR. A faulty entry is reported even when the value agrees.
[[nodiscard]] ReplayVerdict check_replay(const ImaLog& log, HashAlgorithm bank, std::uint32_t pcr, ByteView expected);

}  // namespace diglab
