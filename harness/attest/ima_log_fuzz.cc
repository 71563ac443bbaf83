// SPDX-License-Identifier: GPL-2.0-or-later
//
// Both log parsers on any bytes: no crash, and what one form gives survives the way through the other form's printer.

#include <cstdlib>

#include "attest/boot_aggregate.h"
#include "attest/ima_ascii.h"
#include "attest/log_check.h"
#include "attest/tamper.h"

namespace {

using namespace diglab;

void must(bool holds) {
  if (!holds) std::abort();
}

void use(const ImaLog& log) {
  PcrBanks pcrs;
  for (HashAlgorithm bank : all_hash_algorithms) must(pcrs.set(bank, 10, replay(log, bank, 10)).has_value());
  (void)check_log(log, pcrs).one_line;
  (void)check_boot_aggregate(log, pcrs);
  for (const ImaEntry& entry : log.entries) {
    (void)entry.path();
    (void)entry.file_digest();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteView bytes(data, size);
  if (auto log = parse_binary_log(bytes)) {
    Bytes again = to_binary(*log);
    must(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
    must(!compare_forms(*log, to_ascii(*log)));
    use(*log);
    (void)flip_log_bit(bytes, log->entries.size() / 2);
  }
  if (auto log = parse_ascii_log(text_of(bytes))) {
    auto again = parse_binary_log(to_binary(*log));
    must(again && again->entries == log->entries);
    use(*log);
  }
  (void)parse_log(bytes);
  return 0;
}
