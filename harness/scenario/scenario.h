// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/strong_id.h"

namespace diglab {

using ScenarioId = StrongId<struct ScenarioIdTag>;  ///< "group/name", as in the catalogue.
using CheckId = StrongId<struct CheckIdTag>;        ///< A step's or a check's id; unique within its scenario.

/// A first root file system of files of the image, with which the kernel starts before the root disk is mounted.
struct InitramfsWish {
  std::string by;                  ///< The guest's own tool that made it, as its package set names it; empty: we make it of what follows.
  std::vector<std::string> files;  ///< Beside its init; paths in the guest.
  std::string lists = "none";      ///< Digest lists in an archive of their own: "own" of the packages that its files are from, "all", "none".
  int line = 0;                    ///< In the scenario file, for messages.
  int column = 1;
};

/// The machine that a variant runs on. Every field has a default, so that an override names only what changes.
struct MachineWish {
  std::optional<std::string> kernel;          ///< Kernel flavour ("stock").
  std::optional<std::string> image;           ///< Package set ("minimal", "systemd").
  std::optional<std::string> suite;           ///< Of Debian: "trixie"; default: the host's.
  std::optional<bool> ima_signatures;         ///< Packaged files carry security.ima signatures.
  std::optional<std::string> digest_lists;    ///< Lists of the packages: native, "pgp", "pkcs7" or "unsigned" by what signs them; "rpm"; "none".
  std::optional<InitramfsWish> initramfs;     ///< Unset: the kernel mounts the root disk itself.
  std::optional<int> cpus;
  std::optional<int> memory;                  ///< MiB.
  std::optional<bool> tpm;
  std::optional<bool> disk_flush;             ///< What the guest flushes is flushed to the host's disk, too: for what measures that.
  std::optional<std::string> init;            ///< Path of process 1 in the guest; default: our own init.
  std::vector<std::string> cmdline;           ///< Kernel command line words, appended to the default ones.
  std::map<std::string, std::string> smbios;  ///< System information that the firmware measures: "system.version", "bios.vendor".
};

/// Text that must be found in an output. All that are set must hold.
struct TextMatch {
  std::optional<std::string> equals;    ///< Compared after removing trailing newlines on both sides.
  std::optional<std::string> contains;
  std::optional<std::string> matches;   ///< ECMAScript regular expression, searched anywhere.
};

/// What a step must have done. All that are set must hold.
struct Expectation {
  enum class In { every, some };  ///< For repeated steps: in every repetition, or in at least one.
  enum class Exit { any, zero, nonzero };

  In in = In::every;
  std::optional<int> status;               ///< Exact exit status.
  std::optional<bool> success;             ///< true: exit status 0 / the action succeeded; false: anything else that ended.
  std::optional<std::string> signal;       ///< "SIGKILL".
  std::optional<std::string> error;        ///< errno name: "EACCES". For `run`: the errno with which it could not start.
  std::optional<TextMatch> out;
  std::optional<TextMatch> err;

  [[nodiscard]] bool empty() const { return !status && !success && !signal && !error && !out && !err; }
};

struct Step;

namespace step {

/// A shell script (bash -c) or a program with arguments, in the guest.
struct Run {
  std::optional<std::string> script;
  std::vector<std::string> argv;
};
/// Programs started together (released at one barrier) or one after the other.
struct Start {
  std::vector<std::vector<std::string>> programs;
  bool parallel = true;
};
/// One exact action by the agent: exec, fexecve, mmap, mprotect, open, load_module.
struct Act {
  std::string action;
  std::string path;
  std::vector<std::string> arguments;
  std::string mode;  ///< open: "read", "write", "create"; otherwise empty.
};
/// A file made in the guest: text, or a file of the repository (relative to the scenario file).
struct Write {
  std::string path;
  std::string content;
  std::string mode = "0644";
  std::string file = {};  ///< Where load_scenario took the content from; empty: it stands in the scenario.
};
/// A digest list in the kernel's own format of files that the guest has, made and signed outside of it: its administrator's.
struct SignList {
  std::vector<std::string> of;
  std::string path;        ///< Where the list is put.
  std::string key;         ///< "packages", "ima", "own", "foreign", "none".
  std::string public_key;  ///< Where the public half of the key "own" is put; empty: nowhere.
};
/// IMA policy rules given to the kernel.
struct LoadPolicy {
  std::string rules;
};
/// Each rule of a corpus is offered to the kernel and judged by our validator: the two must agree.
/// Corpus lines: a rule, or a rule preceded by '!' which both must refuse.
struct PolicyCorpus {
  std::string rules;
  std::string file = {};  ///< As in Write.
};
/// An orderly restart. The system information given replaces the machine's: a firmware that measures something else.
struct Reboot {
  std::string entry = {};  ///< Path of a boot loader entry in the guest, whose options are the next kernel's; empty: as before.
  std::map<std::string, std::string> smbios = {};
  bool cut = false;  ///< As if by the mains: nothing is stopped, nothing written to the disk.
};
struct Snapshot {
  std::string name;
};
struct Restore {
  std::string name;
};
/// Seen by the harness: PCRs, logs and a quote are taken now, and checks refer to them by this step's id.
struct Quote {};
struct Parallel {
  std::vector<Step> steps;
};
struct Repeat {
  int times = 1;
  std::vector<Step> steps;
};

using Body = std::variant<Run, Start, Act, Write, SignList, LoadPolicy, PolicyCorpus, Reboot, Snapshot, Restore, Quote, Parallel, Repeat>;

}  // namespace step

struct Step {
  CheckId id;        ///< Given, or "step-N" with N counted from 1 in file order.
  std::string user = "root";
  step::Body body;
  Expectation expect;  ///< Empty for `run` and `act`: success is expected.
  std::optional<std::chrono::seconds> timeout;  ///< Nominal (KVM); default 10 s.
  int line = 0;        ///< In the scenario file, for messages.
  int column = 1;
};

namespace check {

/// What attestation evidence must show. See attest/ for each.
struct Attest {
  enum class What {
    log_replays,       ///< The log, replayed into every allocated bank, gives the PCR that was read after it.
    forms_agree,       ///< Binary and ASCII log say the same, entry by entry.
    boot_aggregate,    ///< The first entry equals what PCRs 0 to 9 give.
    quote,             ///< EK certificate -> AK -> quote -> log: every link holds.
    tampering_noticed  ///< Each link broken in turn by the harness is noticed, and named.
  };
  What what = What::log_replays;

  [[nodiscard]] bool needs_quote() const { return what == What::quote || what == What::tampering_noticed; }
};
/// A PCR compared over rounds (one value, or more than one), or in each round with the value that a step or the image foretold.
struct Pcr {
  enum class Across { same, differs };
  int index = 10;
  std::string bank = "sha256";
  Across rounds = Across::same;         ///< Without meaning where there is a prediction.
  std::optional<CheckId> predicted_by;  ///< A step of kind run: its output's last word, hexadecimal, is the value at the round's end.
  bool predicted_from_image = false;    ///< What the digest lists of image and initramfs give, computed before the first boot.

  [[nodiscard]] bool predicted() const { return predicted_by || predicted_from_image; }
};
/// The set (not the order) of log entries, compared over rounds.
struct LogSet {
  bool same = true;
};
/// Log entries of that path in each round: exactly `count`, or at least one.
struct LogEntry {
  std::string path;
  std::optional<int> count;
};
/// An integrity audit record. `times` unset: at least one; 0: none.
struct Denial {
  std::optional<std::string> path;
  std::optional<std::string> cause;
  std::optional<std::string> operation;
  std::optional<std::string> program;  ///< comm= of the record.
  std::optional<int> times;
};
/// A line on the serial console; `present` false: no such line.
struct Console {
  std::string matches;
  bool present = true;
};
/// How each boot of the variant ends up: "agent" (it answers) or "panic" (it must not come up).
struct Boot {
  std::string outcome = "agent";
};

/// Nothing is in the measurement list but what these patterns name: `*` stands for any characters.
struct LogOnly {
  std::vector<std::string> paths;
  std::optional<int> pcr;  ///< Only entries of this PCR are looked at.
};
/// Test results as KTAP: none failed, the output is complete, and at least `passed` passed.
struct Ktap {
  std::optional<CheckId> from;  ///< The step that prints them; otherwise the kernel does (KUnit).
  std::string tests = "*";      ///< Pattern for "suite/case"; others do not count.
  int passed = 1;
};

using Body = std::variant<Attest, Pcr, LogSet, LogEntry, LogOnly, Denial, Console, Boot, Ktap>;

}  // namespace check

/// An expectation on a whole variant, judged from its evidence.
struct Check {
  CheckId id;
  check::Body body;
  int line = 0;
  int column = 1;
};

/// A deliberate corruption of collected evidence, made by the harness before judging.
struct EvidenceTamper {
  std::optional<int> log_bit_in_entry;  ///< Flip one bit in this entry of the binary log (0 = boot_aggregate).
};

/// One expectation of the main variant that the control must violate, and what must be seen instead.
struct Opposite {
  CheckId check;
  std::optional<Expectation> instead;
};

/// The same steps where the opposite must be observed.
struct Control {
  std::string why;                      ///< One line: what is different, and so what must be seen.
  MachineWish machine;                  ///< Overrides.
  std::optional<std::string> policy;    ///< Replaces the policy.
  std::optional<int> rounds;
  std::vector<Step> before;             ///< Run before the main steps.
  std::map<CheckId, Step> replace;      ///< Steps that take the place of the main variant's of that id.
  EvidenceTamper tamper;
  std::vector<Opposite> opposite;       ///< At least one.
};

/// What a run must have for the scenario to be run in it; otherwise the scenario is skipped.
struct SkipUnless {
  std::string acceleration;  ///< "kvm" or "tcg", as proven and not as promised.
  std::string because;       ///< One line: why it says nothing elsewhere.
};

/// One claim as a runnable file.
struct Scenario {
  ScenarioId id;
  std::string claim;
  std::vector<std::string> sources;     ///< "S1", as in the catalogue.
  std::vector<std::string> tags;
  std::optional<SkipUnless> skip_unless;
  bool alone = false;                   ///< No other machine of the run beside one of it.
  MachineWish machine;
  std::string policy;                   ///< Loaded by the agent before the first step of each boot; empty: none.
  int rounds = 1;                       ///< Fresh machines that run all steps; N boots of a determinism claim.
  std::vector<Step> steps;
  std::vector<Check> checks;
  std::optional<Control> control;
  std::string no_control_because;       ///< Required when there is no control.
  std::chrono::seconds timeout{60};     ///< Nominal (KVM), per round.
  std::chrono::seconds boot_timeout{25};  ///< Nominal (KVM), per boot; a systemd guest needs a third of the default.
  std::string text;                     ///< The file as read: goes into the event stream.
  std::string file;
};

}  // namespace diglab
