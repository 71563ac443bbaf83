// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/boot_aggregate.h"

#include <fmt/format.h>

#include <algorithm>

#include "attest/printable.h"

namespace diglab {
namespace {

Result<Bytes> hash_of_first(const PcrBanks& pcrs, HashAlgorithm bank, std::uint32_t count) {
  Bytes values;
  for (std::uint32_t pcr = 0; pcr < count; ++pcr) {
    const Bytes* value = pcrs.find(bank, pcr);
    if (value == nullptr)
      return fail(ErrorKind::bad_input,
                  fmt::format("boot_aggregate needs PCR {} of bank {}, which is not given", pcr, name_of(bank)));
    values.insert(values.end(), value->begin(), value->end());
  }
  return hash(bank, {values});
}

/// The bank that the digest was made from: named by the entry, or told by its size in the legacy template.
std::optional<HashAlgorithm> bank_of(const FileDigest& digest) {
  if (digest.algorithm.empty()) return hash_algorithm_of_size(digest.bytes.size());
  auto bank = hash_algorithm_named(digest.algorithm);
  return bank && digest_size(*bank) == digest.bytes.size() ? bank : std::nullopt;
}

bool is_boot_aggregate(const ImaEntry& entry) {
  return entry.path() == "boot_aggregate" && entry.file_digest() && bank_of(*entry.file_digest());
}

}  // namespace

Result<Bytes> boot_aggregate(const PcrBanks& pcrs, HashAlgorithm bank) {
  return hash_of_first(pcrs, bank, bank == HashAlgorithm::sha1 ? 8 : 10);
}

Result<BootAggregateVerdict> check_boot_aggregate(const ImaLog& log, const PcrBanks& pcrs) {
  if (log.entries.empty()) return fail(ErrorKind::bad_input, "an empty log has no boot_aggregate");
  const ImaEntry& first = log.entries.front();
  auto digest = first.file_digest();
  if (!is_boot_aggregate(first))
    return fail(ErrorKind::bad_input,
                fmt::format("the log begins with {}, not with boot_aggregate", printable(first.path(), 80)));
  auto bank = bank_of(*digest);
  if (!bank)
    return fail(ErrorKind::bad_input, fmt::format("boot_aggregate of algorithm {} with {} bytes",
                                                  printable(digest->algorithm, 40), digest->bytes.size()));
  BootAggregateVerdict verdict;
  verdict.bank = *bank;
  verdict.logged = digest->bytes;
  if (std::ranges::all_of(digest->bytes, [](std::uint8_t byte) { return byte == 0; })) {
    verdict.detail = "boot_aggregate is all zeros: the kernel had no TPM when IMA started";
    return verdict;
  }
  verdict.computed = TRY(boot_aggregate(pcrs, *bank));
  std::string_view range = *bank == HashAlgorithm::sha1 ? "0 to 7" : "0 to 9";
  verdict.agrees = verdict.computed == verdict.logged;
  if (!verdict.agrees && *bank != HashAlgorithm::sha1 && TRY(hash_of_first(pcrs, *bank, 8)) == verdict.logged) {
    verdict.agrees = true;
    range = "0 to 7 (kernels before 5.8)";
  }
  verdict.detail = verdict.agrees
                       ? fmt::format("boot_aggregate is the {} hash of PCRs {}", name_of(*bank), range)
                       : fmt::format("boot_aggregate is {}, but PCRs {} of bank {} give {}", to_hex(verdict.logged),
                                     range, name_of(*bank), to_hex(verdict.computed));
  return verdict;
}

std::optional<BootAggregateVerdict> boot_aggregate_link(const ImaLog& log, const PcrBanks& pcrs) {
  if (auto verdict = check_boot_aggregate(log, pcrs)) return *verdict;
  if (!log.entries.empty() && is_boot_aggregate(log.entries.front())) return std::nullopt;  // of a bank that is not given
  const auto covered = [&](HashAlgorithm bank) { return boot_aggregate(pcrs, bank).has_value(); };
  if (std::ranges::none_of(all_hash_algorithms, covered)) return std::nullopt;
  BootAggregateVerdict verdict;
  verdict.detail = "the log does not begin with a boot_aggregate, which the values of the firmware's PCRs could be compared with";
  return verdict;
}

}  // namespace diglab
