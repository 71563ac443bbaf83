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
#include "tool/load.h"

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

  /// Loads what `root` has installed, which is at `place` of the running system. What converts lists runs from `programs`.
  Result<void> load_lists(const Root& root, const std::string& place, const Root& programs, const std::string& converter) {
    for (const auto& entry : TRY(installed_lists(root, boot_.directories))) {
      if (entry.masked || (!entry.compact && converter.empty())) continue;
      const auto list = TRY(read_list(entry));
      if (!entry.compact) TRY_VOID(file(converter, TRY(diglab::read_bytes(programs(converter))), nullptr));
      const bool told = TRY(file((place == "/" ? "" : place) + root.inside(entry.file), list.bytes(), &list.parts()));
      TRY_VOID(load(entry, list, told));
    }
    return {};
  }

  [[nodiscard]] const ImaLog& log() const { return log_; }

 private:
  /// A file that is read as a list, or executed. It is left out if a list before it holds it. Returns whether it made an entry.
  Result<bool> file(const std::string& path, const Bytes& content, const SignedFile* parts) {
    const auto digest = TRY(digest_of(diglab::text_of(content), algorithm_));
    if (known_.contains(digest)) return false;
    std::vector<Bytes> fields{tagged(digest), diglab::name_field(path)};
    if (boot_.file_template == "ima-sig" || boot_.file_template == "ima-modsig") fields.emplace_back();  // no security.ima
    if (boot_.file_template == "ima-modsig") {
      // The kernel looks for an appended signature only where a rule appraises by it.
      const bool collected = parts != nullptr && parts->kind && boot_.appraises_by_lists();
      fields.push_back(collected ? tagged(TRY(signed_digest(*parts), path)) : Bytes());
      fields.push_back(collected ? Bytes(parts->signature.begin(), parts->signature.end()) : Bytes());
    }
    return log_once(diglab::make_entry(boot_.pcr, boot_.file_template, fields));
  }

  /// What becomes of a list after it was read. One that the kernel has already changes nothing, and is not recorded.
  Result<void> load(const InstalledList& entry, const List& list, bool told) {
    // Of a package without files nothing is uploaded.
    if (!entry.compact && list.uploaded().empty()) return {};
    // A list in a file is known by all of that.
    const auto digest = TRY(digest_of(entry.compact ? diglab::text_of(list.bytes()) : list.uploaded(), algorithm_));
    if (!loaded_.insert(digest).second) return {};
    // The entry of its file is the record of a list that the kernel reads.
    if (!entry.compact) TRY_VOID(record("add_buffer_" + entry.name, list.uploaded()));
    if (entry.compact && !told) TRY_VOID(record("add_file_" + entry.name, list.uploaded()));
    // What is measured from now on as part of a list is not measured for itself.
    for (const Listed& listed : list.digests())
      if (listed.type == diglim::file) known_.insert(listed.digest);
    return {};
  }

  /// Critical data, always in the template ima-buf.
  Result<void> record(const std::string& event, const std::string& list) {
    const auto digest = TRY(digest_of(list, algorithm_));
    (void)log_once(diglab::make_entry(boot_.pcr, "ima-buf", {tagged(digest), diglab::name_field(event), bytes_from(list)}));
    return {};
  }

  /// The kernel does not log the same twice.
  bool log_once(ImaEntry entry) {
    const bool first = logged_.insert(entry.template_digest).second;
    if (first) log_.entries.push_back(std::move(entry));
    return first;
  }

  static Bytes tagged(const Digest& digest) { return diglab::tagged_digest_field(digest.algorithm->name, bytes_from(digest.bytes)); }

  const BootParameters& boot_;
  const Algorithm& algorithm_;
  std::set<Digest> known_, loaded_;
  std::set<Bytes> logged_;
  ImaLog log_;
};

}  // namespace

Result<ImaLog> predict_log(const BootParameters& boot, const Root& root, const std::optional<EarlyRoot>& early) {
  if (!boot.measures_by_lists())
    return fail(ErrorKind::bad_input, "without 'diglim' in ima_policy= the PCR depends on what runs, and cannot be foretold");
  if (boot.file_template != "ima-ng" && boot.file_template != "ima-sig" && boot.file_template != "ima-modsig")
    return fail(ErrorKind::bad_input, fmt::format("ima_template={}: expected ima-ng, ima-sig or ima-modsig", boot.file_template));
  Measuring measuring(boot, *TRY(algorithm_called(boot.file_hash)));
  if (!early) {
    TRY_VOID(measuring.load_lists(root, "/", root, boot.uploader));
  } else {
    TRY_VOID(measuring.load_lists(early->files(), "/", early->files(), boot.uploader));
    if (boot.loads_of_root && !early->new_root.empty())
      TRY_VOID(measuring.load_lists(root, early->new_root, early->files(), Load{}.parser.string()));
  }
  return measuring.log();
}

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
