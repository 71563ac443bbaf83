// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/stream_builder.h"

#include <fmt/format.h>

#include "attest/hash.h"
#include "attest/ima_ascii.h"
#include "attest/log_builder.h"
#include "attest/pcr.h"
#include "attest/replay.h"

namespace diglab {

using std::chrono::milliseconds;

StreamBuilder::StreamBuilder() : now_(std::chrono::seconds(1'750'000'000)) {}

StreamBuilder& StreamBuilder::add(event::Body body, milliseconds later) {
  now_ += later;
  events_.push_back({now_, std::move(body)});
  return *this;
}

StreamBuilder& StreamBuilder::begin_run(std::vector<std::string> scenarios) {
  event::RunBegin begin{.run = "20250615-150640",
                        .version = "0.1",
                        .command = "diglab run",
                        .options = {},
                        .connection = "qemu:///embed?root=/tmp/state",
                        .acceleration = "tcg",
                        .host = {{"cores", "2"}, {"kernel", "Linux 6.1.0"}, {"libvirt", "9.0.0"}, {"qemu", "7.2.15"}},
                        .scenarios = {}};
  for (std::string& id : scenarios) begin.scenarios.emplace_back(std::move(id));
  run_began_ = now_;
  return add(std::move(begin));
}

StreamBuilder& StreamBuilder::end_run(bool interrupted) {
  return add(
      event::RunEnd{.interrupted = interrupted, .took = std::chrono::duration_cast<milliseconds>(now_ - run_began_), .peak_memory_kib = 40960});
}

StreamBuilder& StreamBuilder::begin_scenario(const std::string& id, const std::string& yaml) {
  where_ = {.scenario = ScenarioId(id), .variant = {}, .round = 0, .boot = 0};
  scenario_began_ = now_;
  return add(event::ScenarioBegin{.scenario = where_.scenario, .text = yaml, .file = id + ".yaml"});
}

StreamBuilder& StreamBuilder::end_scenario() {
  return add(event::ScenarioEnd{.scenario = where_.scenario,
                                .took = std::chrono::duration_cast<milliseconds>(now_ - scenario_began_)});
}

StreamBuilder& StreamBuilder::skip(const std::string& id, const std::string& reason) {
  return add(event::Skipped{.scenario = ScenarioId(id), .reason = reason});
}

StreamBuilder& StreamBuilder::begin_variant(const std::string& name, std::map<std::string, std::string> facts) {
  where_ = {.scenario = where_.scenario, .variant = name, .round = 0, .boot = 0};
  variant_began_ = now_;
  return add(event::VariantBegin{.scenario = where_.scenario, .variant = name, .facts = std::move(facts)});
}

StreamBuilder& StreamBuilder::end_variant() {
  return add(event::VariantEnd{.scenario = where_.scenario,
                               .variant = where_.variant,
                               .took = std::chrono::duration_cast<milliseconds>(now_ - variant_began_)});
}

StreamBuilder& StreamBuilder::boot(const std::string& outcome, const std::string& console) {
  ++where_.round;
  where_.boot = 1;
  add(event::BootBegin{.where = where_, .machine = "diglab-" + where_.variant});
  add(event::BootEnd{.where = where_,
                     .outcome = outcome,
                     .detail = outcome == "agent" ? "Linux 6.12" : outcome,
                     .took = milliseconds(2100)},
      milliseconds(2100));
  return evidence("console", console);
}

StreamBuilder& StreamBuilder::reboot(const std::string& outcome) {
  ++where_.boot;
  add(event::BootBegin{.where = where_, .machine = "diglab-" + where_.variant});
  add(event::BootEnd{.where = where_, .outcome = outcome, .detail = "", .took = milliseconds(1900)},
      milliseconds(1900));
  return evidence("console", "Linux version 6.12\n");
}

StreamBuilder& StreamBuilder::begin_step(const std::string& id, int repetition) {
  return add(event::StepBegin{.where = where_, .step = CheckId(id), .repetition = repetition, .what = "do " + id});
}

StreamBuilder& StreamBuilder::step(const std::string& id, const event::StepEnd& end, int repetition) {
  begin_step(id, repetition);
  event::StepEnd complete = end;
  complete.where = where_;
  complete.step = CheckId(id);
  complete.repetition = repetition;
  complete.took = milliseconds(40);
  return add(std::move(complete), milliseconds(40));
}

StreamBuilder& StreamBuilder::fault(const std::string& kind, const std::string& message) {
  return add(event::Fault{.where = where_, .kind = kind, .message = message});
}

StreamBuilder& StreamBuilder::evidence(const std::string& kind, const std::string& content, const std::string& label) {
  std::string file = fmt::format("{}/{}/round-{}/boot-{}.{}{}", where_.scenario.str(), where_.variant, where_.round,
                                 where_.boot, label.empty() ? "" : label + ".", kind);
  files_[file] = content;
  return add(event::Evidence{.where = where_,
                             .kind = kind,
                             .file = file,
                             .sha256 = to_hex(hash(HashAlgorithm::sha256, {view_of(content)})),
                             .label = label},
             milliseconds(1));
}

StreamBuilder& StreamBuilder::measured(const std::vector<std::string>& files, const std::string& label) {
  const ImaLog log = log_of_files(files);
  PcrBanks pcrs;
  for (const HashAlgorithm bank : {HashAlgorithm::sha1, HashAlgorithm::sha256})
    (void)pcrs.set(bank, 10, replay(log, bank, 10));
  const Bytes binary = to_binary(log);
  evidence("ima_binary", std::string(text_of(binary)), label);
  evidence("ima_ascii", to_ascii(log), label);
  return evidence("pcrs", pcrs.to_string(), label);
}

EvidenceReader StreamBuilder::reader() const {
  return [this](const std::string& file) -> Result<Bytes> {
    auto found = files_.find(file);
    if (found == files_.end()) return fail(ErrorKind::infra, fmt::format("{}: no such file", file));
    const ByteView bytes = view_of(found->second);
    return Bytes(bytes.begin(), bytes.end());
  };
}

std::string StreamBuilder::text() const {
  std::string text;
  for (const Event& event : events_) text += to_json_line(event) + "\n";
  return text;
}

event::StepEnd exited(int status, std::string out, std::string err) {
  event::StepEnd end;
  end.exit_status = status;
  end.out = std::move(out);
  end.err = std::move(err);
  return end;
}

event::StepEnd refused(std::string error, std::string stage) {
  event::StepEnd end;
  end.error = std::move(error);
  end.stage = std::move(stage);
  return end;
}

event::StepEnd killed(std::string signal) {
  event::StepEnd end;
  end.signal = std::move(signal);
  return end;
}

ImaLog log_of_files(const std::vector<std::string>& files) {
  ImaLog log;
  log.entries.push_back(make_ima_ng_entry(10, "sha256", Bytes(32, 0), "boot_aggregate"));
  for (const std::string& file : files) {
    const std::string path = file.substr(0, file.find('='));
    log.entries.push_back(make_ima_ng_entry(10, "sha256", hash(HashAlgorithm::sha256, {view_of(file)}), path));
  }
  return log;
}

std::string audit_record(int number, const std::string& path, const std::string& cause) {
  return fmt::format(
      "type=1800 audit(1750000000.000:{}): pid=212 uid=0 auid=4294967295 ses=4294967295 op=appraise_data cause={} "
      "comm=\"bash\" "
      "name=\"{}\" dev=\"vda\" ino=1234 res=0 errno=0\n",
      number, cause, path);
}

}  // namespace diglab
