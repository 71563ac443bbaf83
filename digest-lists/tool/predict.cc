// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/predict.h"

#include <fmt/format.h>

#include <set>

#include "attest/log_builder.h"
#include "attest/prediction.h"
#include "os/files.h"
#include "tool/installed_lists.h"
#include "tool/keys.h"
#include "tool/list.h"

namespace diglim::tool {
namespace {

using diglab::Bytes;
using diglab::ImaEntry;
using diglab::ImaLog;

Bytes bytes_from(std::string_view text) {
  return {text.begin(), text.end()};
}

/// Makes the entries of one boot.
class Measuring {
 public:
  Measuring(const BootParameters& boot, const Algorithm& algorithm) : boot_(boot), algorithm_(algorithm) {}

  /// A file that is read as a list, or executed. It is left out if a list before it holds it.
  Result<void> file(const std::string& path, const Bytes& content, const SignedFile* parts) {
    const auto digest = TRY(digest_of(diglab::text_of(content), algorithm_));
    if (known_.contains(digest)) return {};
    std::vector<Bytes> fields{tagged(digest), diglab::name_field(path)};
    if (boot_.file_template == "ima-sig" || boot_.file_template == "ima-modsig") fields.emplace_back();  // no security.ima
    if (boot_.file_template == "ima-modsig") {
      // The kernel looks for an appended signature only where a rule appraises by it.
      const bool collected = parts != nullptr && parts->kind && boot_.appraises_by_lists();
      fields.push_back(collected ? tagged(TRY(signed_digest(*parts), path)) : Bytes());
      fields.push_back(collected ? Bytes(parts->signature.begin(), parts->signature.end()) : Bytes());
    }
    log_.entries.push_back(diglab::make_entry(boot_.pcr, boot_.file_template, fields));
    return {};
  }

  /// What a parser uploads: critical data, always in the template ima-buf.
  Result<void> upload(const std::string& label, const std::string& list) {
    const auto digest = TRY(digest_of(list, algorithm_));
    log_.entries.push_back(
        diglab::make_entry(boot_.pcr, "ima-buf", {tagged(digest), diglab::name_field("add_buffer_" + label), bytes_from(list)}));
    return {};
  }

  /// What is measured from now on as part of a list is not measured for itself.
  void loaded(const List& list) {
    for (const Listed& listed : list.digests())
      if (listed.type == diglim::file) known_.insert(listed.digest);
  }

  [[nodiscard]] const ImaLog& log() const { return log_; }

 private:
  static Bytes tagged(const Digest& digest) { return diglab::tagged_digest_field(digest.algorithm->name, bytes_from(digest.bytes)); }

  const BootParameters& boot_;
  const Algorithm& algorithm_;
  std::set<Digest> known_;
  ImaLog log_;
};

}  // namespace

Result<ImaLog> predict_log(const BootParameters& boot, const Root& root) {
  if (!boot.measures_by_lists())
    return fail(ErrorKind::bad_input, "without 'diglim' in ima_policy= the PCR depends on what runs, and cannot be foretold");
  if (boot.file_template != "ima-ng" && boot.file_template != "ima-sig" && boot.file_template != "ima-modsig")
    return fail(ErrorKind::bad_input, fmt::format("ima_template={}: expected ima-ng, ima-sig or ima-modsig", boot.file_template));
  Measuring measuring(boot, *TRY(algorithm_called(boot.file_hash)));
  bool uploader_ran = false;
  for (const auto& entry : TRY(installed_lists(root, boot.directories))) {
    if (entry.masked) continue;
    const auto list = TRY(read_list(entry));
    if (!entry.compact && !uploader_ran) {
      TRY_VOID(measuring.file(boot.uploader, TRY(diglab::read_bytes(root(boot.uploader))), nullptr));
      uploader_ran = true;
    }
    TRY_VOID(measuring.file(entry.path, list.bytes(), &list.parts()));
    measuring.loaded(list);
    // Of a package without files nothing is uploaded.
    if (!entry.compact && !list.uploaded().empty()) TRY_VOID(measuring.upload(entry.name, list.uploaded()));
  }
  return measuring.log();
}

Result<Report> predict(const Predict& wish, const Context& context) {
  const auto boot = BootParameters::parse(wish.command_line.empty() ? TRY(diglab::read_file("/proc/cmdline")) : wish.command_line);
  const auto bank = diglab::hash_algorithm_named(wish.bank);
  if (!wish.bank.empty() && !bank)
    return fail(ErrorKind::bad_input, fmt::format("'{}': expected sha1, sha256, sha384 or sha512", wish.bank));
  const auto log = TRY(predict_log(boot, context.root));
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
