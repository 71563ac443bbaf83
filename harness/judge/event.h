// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "scenario/scenario.h"

namespace diglab {

/// The stream of a run: one JSON object per line in `events.jsonl`, begin and end paired, in time order.
///
/// Everything a reader needs is here or in an evidence file that an event names by a path relative to the
/// results directory. Machines work in parallel, so events of different scenarios interleave; those of
/// one variant do not.
namespace event {

/// Where in the run something happened. A round is a fresh machine, a boot a power-on within a round.
struct Where {
  ScenarioId scenario;
  std::string variant;  ///< "main" or "control".
  int round = 0;
  int boot = 0;
};

struct RunBegin {
  std::string run;                          ///< Name of the results directory.
  std::string version;                      ///< Of diglab: git describe, or the release.
  std::string command;                      ///< As typed.
  std::vector<std::string> options;         ///< What it ran on, word by word: "--kernel", "tree:/x"; empty: what scenarios ask for.
  std::string connection;                   ///< libvirt URI.
  std::string acceleration;                 ///< "kvm" or "tcg", as proven.
  std::map<std::string, std::string> host;  ///< cpu, cores, kernel, qemu, libvirt, swtpm versions.
  std::vector<ScenarioId> scenarios;
};
/// What the run is doing while no machine runs yet, or beside them: "kernel stock", "image minimal".
struct Phase {
  std::string what;
  std::optional<double> fraction;  ///< Of the work of this phase that is done, where that is known.
};
struct ScenarioBegin {
  ScenarioId scenario;
  std::string text;  ///< The scenario file, whole: the judge parses it again.
  std::string file;
};
struct VariantBegin {
  ScenarioId scenario;
  std::string variant;
  std::map<std::string, std::string>
      facts;  ///< kernel id, image id, cmdline, cpus, memory, policy: the evidence bundle's head.
};
struct BootBegin {
  Where where;
  std::string machine;  ///< Domain name.
};
/// The boot is over or the agent answers: "agent", "panic", "shutdown", "reset", "silence", "qemu died", "tpm died", "stopped", "link lost",
/// "destroyed".
struct BootEnd {
  Where where;
  std::string outcome;
  std::string detail;
  std::chrono::milliseconds took{0};
};
struct StepBegin {
  Where where;
  CheckId step;
  int repetition = 0;
  std::string what;  ///< One line for people: "exec /root/unknown as root".
};
/// Exactly one of exit_status, signal, error is set for a thing that ended; none when it never did (`lost`).
struct StepEnd {
  Where where;
  CheckId step;
  int repetition = 0;
  std::optional<int> exit_status;     ///< For an action that succeeded without a process: 0.
  std::optional<std::string> signal;  ///< "SIGKILL"
  std::optional<std::string> error;   ///< errno name of what was refused: "EACCES".
  std::string stage;                  ///< For actions: the system call that was refused ("execve").
  std::string out;                    ///< At most 64 KiB each; longer outputs end in a note that says so.
  std::string err;
  std::string detail;  ///< Structured extra, as JSON text: policy corpus results, per-program outcomes.
  std::chrono::milliseconds took{0};
};
/// A piece of evidence was stored. Kinds: ima_binary, ima_ascii, pcrs, console, audit, kernel_log, quote (a directory),
/// qemu_log, domain_xml, command_lines.
struct Evidence {
  Where where;
  std::string kind;
  std::string file;    ///< Relative to the results directory.
  std::string sha256;  ///< Empty for a directory.
  std::string label;   ///< Step id for a Quote step; empty at the end of a boot.
};
/// Something the laboratory could not do. The variant is broken, unless what was lost was expected to be.
struct Fault {
  Where where;
  std::string kind;  ///< to_string(ErrorKind)
  std::string message;
};
struct VariantEnd {
  ScenarioId scenario;
  std::string variant;
  std::chrono::milliseconds took{0};
};
struct ScenarioEnd {
  ScenarioId scenario;
  std::chrono::milliseconds took{0};
};
/// The scenario was not run, for a reason that it declared. Stands in the place of variants and ScenarioEnd.
struct Skipped {
  ScenarioId scenario;
  std::string reason;
};
struct RunEnd {
  bool interrupted = false;
  std::chrono::milliseconds took{0};
  std::optional<int> peak_memory_kib;  ///< Resident memory of the harness itself, at most; not of its machines.
};

using Body = std::variant<RunBegin, Phase, ScenarioBegin, VariantBegin, BootBegin, BootEnd, StepBegin, StepEnd,
                          Evidence, Fault, VariantEnd, ScenarioEnd, Skipped, RunEnd>;

}  // namespace event

struct Event {
  std::chrono::system_clock::time_point time;
  event::Body body;
};

/// One line of events.jsonl, without its newline, and back. bad_input names the missing or mistyped field.
[[nodiscard]] std::string to_json_line(const Event& event);
Result<Event> parse_event(std::string_view line);

/// A whole stream. A last line cut short (the run was killed) is dropped; any other bad line is bad_input with its
/// number.
Result<std::vector<Event>> parse_events(std::string_view text);

}  // namespace diglab
