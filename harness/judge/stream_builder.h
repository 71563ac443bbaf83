// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "attest/ima_log.h"
#include "judge/verdict.h"

namespace diglab {

/// Makes event streams and their evidence without a machine: for tests of all that reads streams.
///
/// Time starts at a fixed moment and passes a little with every event, so that the same calls give the same stream.
class StreamBuilder {
 public:
  StreamBuilder();

  StreamBuilder& begin_run(std::vector<std::string> scenarios);
  StreamBuilder& end_run(bool interrupted = false);
  StreamBuilder& begin_scenario(const std::string& id, const std::string& yaml);
  StreamBuilder& end_scenario();
  StreamBuilder& skip(const std::string& id, const std::string& reason);
  StreamBuilder& begin_variant(const std::string& name, std::map<std::string, std::string> facts = {});
  StreamBuilder& end_variant();

  /// The next round: a boot that ends in `outcome`, with a console that says `console`.
  StreamBuilder& boot(const std::string& outcome = "agent", const std::string& console = "Linux version 6.12\n");
  /// A further boot in the same round.
  StreamBuilder& reboot(const std::string& outcome = "agent");
  StreamBuilder& step(const std::string& id, const event::StepEnd& end, int repetition = 0);
  StreamBuilder& begin_step(const std::string& id, int repetition = 0);
  StreamBuilder& fault(const std::string& kind, const std::string& message);
  /// Stores `content` under a name made of place, label and kind.
  StreamBuilder& evidence(const std::string& kind, const std::string& content, const std::string& label = {});
  /// Both forms of a measurement list of these paths ("path" or "path=content"), and PCR 10 as the list gives it.
  StreamBuilder& measured(const std::vector<std::string>& files, const std::string& label = {});
  StreamBuilder& add(event::Body body, std::chrono::milliseconds later = std::chrono::milliseconds(50));

  [[nodiscard]] const std::vector<Event>& events() const { return events_; }
  [[nodiscard]] std::map<std::string, std::string>& files() { return files_; }
  [[nodiscard]] const event::Where& where() const { return where_; }
  /// Reads from files(); this object must live as long.
  [[nodiscard]] EvidenceReader reader() const;
  /// The stream as it lies in events.jsonl.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Event> events_;
  std::map<std::string, std::string> files_;
  event::Where where_;
  std::chrono::system_clock::time_point now_;
  std::chrono::system_clock::time_point run_began_, scenario_began_, variant_began_;
};

/// How steps end.
[[nodiscard]] event::StepEnd exited(int status, std::string out = {}, std::string err = {});
[[nodiscard]] event::StepEnd refused(std::string error, std::string stage);
[[nodiscard]] event::StepEnd killed(std::string signal);

/// A measurement list as the kernel would make it, after a boot_aggregate of zeros.
[[nodiscard]] ImaLog log_of_files(const std::vector<std::string>& files);

/// An audit record as the kernel writes it.
[[nodiscard]] std::string audit_record(int number, const std::string& path, const std::string& cause);

}  // namespace diglab
