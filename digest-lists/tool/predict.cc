// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/predict.h"

#include <fmt/format.h>

#include "attest/prediction.h"
#include "os/files.h"

namespace diglim::tool {

using diglab::ImaEntry;

Result<Report> predict(const Predict& wish, const Context& context) {
  const auto boot = BootParameters::parse(wish.command_line.empty() ? TRY(diglab::read_file("/proc/cmdline")) : wish.command_line);
  const auto bank = diglab::hash_algorithm_named(wish.bank);
  if (!wish.bank.empty() && !bank)
    return fail(ErrorKind::bad_input, fmt::format("'{}': expected sha1, sha256, sha384 or sha512", wish.bank));
  std::optional<EarlyRoot> early;
  if (!wish.initramfs.empty()) {
    early = TRY(EarlyRoot::unpack(wish.initramfs, boot, context.processes));
    if (!wish.new_root.empty()) early->new_root = wish.new_root;
  }
  const auto log = TRY(predict_log(boot, context.root, early));
  Report report;
  report.json = {{"pcr", boot.pcr}, {"entries", nlohmann::ordered_json::array()}, {"banks", nlohmann::ordered_json::object()}};
  for (const ImaEntry& entry : log.entries) {
    const auto digest = entry.file_digest();
    const auto line = fmt::format("{} {} {} {}:{} {}", entry.pcr, diglab::to_hex(entry.template_digest), entry.template_name,
                                  digest->algorithm, diglab::to_hex(digest->bytes), entry.path());
    if (wish.entries) report.text += line + "\n";
    report.json["entries"].push_back({{"template", entry.template_name},
                                      {"template_digest", diglab::to_hex(entry.template_digest)},
                                      {"digest", fmt::format("{}:{}", digest->algorithm, diglab::to_hex(digest->bytes))},
                                      {"name", entry.path()}});
  }
  const auto banks = diglab::predict_pcrs(log, boot.pcr);
  // As tpm2_pcrread prints it.
  for (const auto each : diglab::all_hash_algorithms) {
    if (bank && *bank != each) continue;
    const auto value = diglab::to_hex(*banks.find(each, boot.pcr));
    report.text += fmt::format("  {}:\n    {}: 0x{}\n", name_of(each), boot.pcr, value);
    report.json["banks"][std::string(name_of(each))] = value;
  }
  return report;
}

}  // namespace diglim::tool
