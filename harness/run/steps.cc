// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/steps.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "attest/hash.h"
#include "format/compact.h"
#include "image/list_signer.h"
#include "os/files.h"
#include "run/boot_entry.h"
#include "run/evidence.h"
#include "run/policy_step.h"
#include "scenario/policy.h"

namespace diglab {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds default_step_time = 10s;
constexpr std::size_t output_in_events = std::size_t{64} << 10;

/// Users that every guest has; anything else is refused when the scenario is read.
uid_t user_id(const std::string& user) {
  return user == "root" ? 0 : 1000;
}

std::string shortened(const std::string& output) {
  if (output.size() <= output_in_events) return output;
  return output.substr(0, output_in_events) + fmt::format("\n[{} more bytes]", output.size() - output_in_events);
}

/// Fills in how something in the guest ended. A thing killed by its deadline ended in none of the three ways.
void put_ending(event::StepEnd& end, const Ending& ending) {
  if (std::holds_alternative<Done>(ending)) end.exit_status = 0;
  if (const auto* exited = std::get_if<Exited>(&ending)) end.exit_status = exited->status;
  if (const auto* killed = std::get_if<Killed>(&ending)) end.signal = killed->name;
  if (const auto* failed = std::get_if<Failed>(&ending)) {
    end.error = failed->error.name;
    end.stage = failed->stage;
  }
  if (std::holds_alternative<DeadlinePassed>(ending)) end.detail = "killed by its deadline";
}

void put_error(event::StepEnd& end, const GuestErrno& error, const std::string& stage) {
  if (error.ok()) {
    end.exit_status = 0;
    return;
  }
  end.error = error.name;
  end.stage = stage;
}

Action action_of(const step::Act& act, const std::string& user) {
  Action action;
  if (user != "root") action.calls.push_back(call::Become{.uid = user_id(user), .gid = user_id(user), .groups = {}});
  GuestFile file = GuestFile::at(act.path);
  std::vector<std::string> argv{act.path};
  argv.insert(argv.end(), act.arguments.begin(), act.arguments.end());
  if (act.action == "exec") {
    call::Exec exec;
    exec.path = act.path;
    exec.argv = argv;
    action.calls.push_back(exec);
  } else if (act.action == "fexecve") {
    call::ExecDescriptor exec;
    exec.file = file;
    exec.argv = argv;
    action.calls.push_back(exec);
  } else if (act.action == "mmap") {
    action.calls.push_back(call::Map{.file = file, .protection = 0, .flags = 0, .open_flags = 0});
  } else if (act.action == "mprotect") {
    action.calls.push_back(call::Protect{.file = file, .first = 0, .then = 0, .flags = 0});
  } else if (act.action == "load_module") {
    action.calls.push_back(call::LoadModule{.file = file, .parameters = fmt::format("{}", fmt::join(act.arguments, " ")), .flags = 0});
  } else {
    int flags = act.mode == "write" ? O_WRONLY : act.mode == "create" ? O_WRONLY | O_CREAT : O_RDONLY;
    action.calls.push_back(call::Open{.path = act.path, .flags = flags, .mode = 0644, .keep_as = {}});
  }
  return action;
}

GuestCommand command_of(std::vector<std::string> argv, const std::string& user, std::chrono::milliseconds timeout) {
  GuestCommand command;
  command.argv = std::move(argv);
  command.uid = user_id(user);
  command.gid = user_id(user);
  command.timeout = timeout;
  return command;
}

/// Runs one step and fills in its end; one overload per kind.
class Performer {
 public:
  Performer(Session& session, const Step& step)
      : session_(session),
        step_(step),
        nominal_(step.timeout.value_or(default_step_time)),
        // The agent kills what takes too long; the harness waits a little longer, so that it hears of it.
        deadline_(session.in(nominal_ + 5s)),
        guest_timeout_(std::chrono::duration_cast<std::chrono::milliseconds>(nominal_ * session.plan().scale.factor)) {}

  Result<void> operator()(const step::Run& run) {
    std::vector<std::string> argv = run.argv;
    if (run.script) argv = {"/usr/bin/bash", "-c", *run.script};
    put(TRY(session_.agent().run(command_of(std::move(argv), step_.user, guest_timeout_), deadline_)));
    return {};
  }

  Result<void> operator()(const step::Act& act) {
    Action action = action_of(act, step_.user);
    action.timeout = guest_timeout_;
    put(TRY(session_.agent().act(action, deadline_)));
    return {};
  }

  Result<void> operator()(const step::Start& start) {
    std::vector<GuestCommand> commands;
    for (const auto& argv : start.programs) commands.push_back(command_of(argv, step_.user, guest_timeout_));
    std::vector<CommandOutcome> outcomes;
    if (start.parallel) {
      outcomes = TRY(session_.agent().run_parallel(commands, deadline_));
    } else {
      for (const GuestCommand& command : commands) outcomes.push_back(TRY(session_.agent().run(command, deadline_)));
    }
    nlohmann::json detail = nlohmann::json::array();
    end.exit_status = 0;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const Ending& ending = outcomes[i].ending;
      detail.push_back({{"program", fmt::format("{}", fmt::join(commands[i].argv, " "))}, {"ended", to_string(ending)}});
      // The first program that did not succeed stands for the step.
      if (!succeeded(ending) && end.exit_status == 0) {
        end.exit_status.reset();
        put_ending(end, ending);
        end.err = fmt::format("{}: {}\n{}", commands[i].argv.front(), to_string(ending), shortened(outcomes[i].err));
      }
    }
    end.detail = detail.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    return {};
  }

  Result<void> operator()(const step::Write& write) {
    auto mode = static_cast<mode_t>(std::stoul(write.mode, nullptr, 8));
    WriteOutcome outcome = TRY(session_.agent().write_file(write.path, write.content, mode, deadline_));
    put_error(end, outcome.error, outcome.stage);
    return {};
  }

  Result<void> operator()(const step::SignList& list) {
    const RoundPlan& plan = session_.plan();
    diglim::Block block;
    for (const std::string& path : list.of) {
      FileContent content = TRY(session_.agent().read_file(path, deadline_), path);
      if (!content.error.ok()) return fail(ErrorKind::bad_input, fmt::format("{}: {}", path, content.error.name));
      block.digests.emplace_back(text_of(hash(HashAlgorithm::sha256, {view_of(content.content)})));
    }
    ListSigner signer(list_key_named(list.key).value_or(ListKey::none), plan.keys, plan.processes, deadline_);
    TRY_VOID(put_file(list.path, TRY(signer.sign(diglim::encode({block})))));
    if (!list.public_key.empty()) {
      const OwnKey own = TRY(OwnKey::provide(plan.keys, plan.processes, deadline_));
      TRY_VOID(put_file(list.public_key, TRY(read_file(own.public_key))));
    }
    end.exit_status = 0;
    return {};
  }

  Result<void> operator()(const step::LoadPolicy& policy) {
    PolicyOutcome outcome = TRY(session_.agent().load_policy(policy_rules(policy.rules), deadline_));
    if (outcome.accepted) {
      end.exit_status = 0;
      return {};
    }
    put_error(end, outcome.open_error, "open");
    for (const GuestErrno& rule : outcome.rules)
      if (!rule.ok()) put_error(end, rule, "write");
    if (end.exit_status == 0) put_error(end, {.number = EINVAL, .name = "EINVAL"}, "close");
    end.err = describe(outcome, policy.rules);
    return {};
  }

  /// The kernel and our validator judge every rule; `exit_status` 0 when they agree on all, and with the corpus's own marks.
  Result<void> operator()(const step::PolicyCorpus& corpus) {
    std::vector<CorpusRule> corpus_rules = read_corpus(corpus.rules);
    std::vector<std::string> texts;
    for (const CorpusRule& rule : corpus_rules) texts.push_back(rule.text);
    PolicyOutcome kernel = TRY(session_.agent().probe_policy_rules(texts, deadline_));
    put_error(end, kernel.open_error, "open");
    if (!kernel.open_error.ok()) return {};
    PolicyDialect dialect = dialect_of(session_.plan().variant.machine.kernel.value_or(std::string()));
    int disagreements = 0;
    for (std::size_t i = 0; i < corpus_rules.size(); ++i) {
      const CorpusRule& rule = corpus_rules[i];
      auto problem = rule_problem(rule.text, dialect);
      bool asked = i < kernel.rules.size();
      bool kernel_accepts = asked && kernel.rules[i].ok();
      if (!problem == kernel_accepts && kernel_accepts != rule.refused) continue;
      ++disagreements;
      end.out += fmt::format("line {}: {}: corpus: {}, kernel: {}, validator: {}\n", rule.line, rule.text,
                             rule.refused ? "refused" : "accepted",
                             kernel_accepts ? "accepted" : asked ? kernel.rules[i].name : "not asked",
                             problem ? fmt::format("'{}': {}", problem->token, problem->reason) : "accepted");
    }
    end.exit_status = disagreements == 0 ? 0 : 1;
    end.detail = fmt::format("{} rules, {} disagreements", corpus_rules.size(), disagreements);
    return {};
  }

  Result<void> operator()(const step::Reboot& reboot) {
    collect_boot_evidence(session_);
    const auto command_line = TRY(command_line_of(reboot.entry));
    auto up = session_.reboot(reboot.smbios, reboot.cut, command_line);
    bool stayed_down = !up && (up.error().kind() == ErrorKind::boot || up.error().kind() == ErrorKind::guest_lost);
    // Where a scenario says how boots end, one that does not come up is something seen, not a fault of the laboratory.
    if (!up && !(stayed_down && session_.plan().judges_boots())) return up;
    end.exit_status = up ? 0 : 1;
    if (!up) {
      end.stage = "boot";
      end.err = up.error().to_string();
    }
    return {};
  }

  Result<void> operator()(const step::Snapshot& snapshot) {
    SnapshotId id = TRY(session_.machine().snapshots().save(snapshot.name, deadline_), "snapshot");
    TRY(session_.agent().after_save(deadline_), "the agent after the snapshot");
    session_.snapshots.insert_or_assign(snapshot.name, id);
    end.exit_status = 0;
    return {};
  }

  Result<void> operator()(const step::Restore& restore) {
    auto found = session_.snapshots.find(restore.name);
    if (found == session_.snapshots.end()) return fail(ErrorKind::bad_input, fmt::format("no snapshot '{}' in this boot", restore.name));
    TRY_VOID(session_.machine().snapshots().restore(found->second, deadline_), "restore");
    end.exit_status = 0;
    return {};
  }

  Result<void> operator()(const step::Quote&) {
    TRY_VOID(collect_quote(session_, step_.id.str()));
    end.exit_status = 0;
    return {};
  }

  Result<void> operator()(const step::Parallel& parallel) {
    std::vector<std::optional<Error>> errors(parallel.steps.size());
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < parallel.steps.size(); ++i) {
        threads.emplace_back([&, i] {
          if (auto result = perform(session_, {parallel.steps[i]}); !result) errors[i] = result.error();
        });
      }
    }
    for (auto& error : errors)
      if (error) return fail(*std::move(error));
    end.exit_status = 0;
    return {};
  }

  Result<void> operator()(const step::Repeat& repeat) {
    for (int i = 0; i < repeat.times; ++i) TRY_VOID(perform(session_, repeat.steps));
    end.exit_status = 0;
    return {};
  }

  event::StepEnd end;

 private:
  /// The options of a boot loader entry in the guest; nothing where there is no entry.
  Result<std::optional<std::string>> command_line_of(const std::string& entry) {
    if (entry.empty()) return std::nullopt;
    FileContent content = TRY(session_.agent().read_file(entry, deadline_), entry);
    if (!content.error.ok()) return fail(ErrorKind::bad_input, fmt::format("{}: {}", entry, content.error.name));
    return entry_options(content.content);
  }

  Result<void> put_file(const std::string& path, std::string_view content) {
    WriteOutcome outcome = TRY(session_.agent().write_file(path, std::string(content), 0644, deadline_));
    if (!outcome.error.ok()) return fail(ErrorKind::bad_input, fmt::format("{}: {}", path, outcome.error.name));
    return {};
  }

  void put(const ActionOutcome& outcome) {
    put_ending(end, outcome.ending);
    end.out = shortened(outcome.out);
    end.err = shortened(outcome.err);
  }

  Session& session_;
  const Step& step_;
  std::chrono::seconds nominal_;
  Deadline deadline_;
  std::chrono::milliseconds guest_timeout_;
};

struct Describe {
  const Step& step;
  std::string operator()(const step::Run& run) const {
    return run.script ? *run.script : fmt::format("{}", fmt::join(run.argv, " "));
  }
  std::string operator()(const step::Act& act) const { return fmt::format("{} {}", act.action, act.path); }
  std::string operator()(const step::Start& start) const {
    return fmt::format("start {} programs {}", start.programs.size(), start.parallel ? "together" : "one by one");
  }
  std::string operator()(const step::Write& write) const { return "write " + write.path; }
  std::string operator()(const step::SignList& list) const { return fmt::format("sign a list of {}", fmt::join(list.of, ", ")); }
  std::string operator()(const step::LoadPolicy&) const { return "load a policy"; }
  std::string operator()(const step::PolicyCorpus&) const { return "offer a corpus of rules to the kernel"; }
  std::string operator()(const step::Reboot& reboot) const { return reboot.cut ? "power cut, and boot" : "reboot"; }
  std::string operator()(const step::Snapshot& snapshot) const { return "snapshot " + snapshot.name; }
  std::string operator()(const step::Restore& restore) const { return "restore " + restore.name; }
  std::string operator()(const step::Quote&) const { return "quote"; }
  std::string operator()(const step::Parallel& parallel) const { return fmt::format("{} steps at once", parallel.steps.size()); }
  std::string operator()(const step::Repeat& repeat) const { return fmt::format("{} times", repeat.times); }
};

Result<void> perform_one(Session& session, const Step& step) {
  event::Where where = session.where();
  int repetition = session.next_repetition(step.id);
  EventLog& log = session.plan().log;
  log.write(event::StepBegin{.where = where, .step = step.id, .repetition = repetition, .what = describe(step)});
  auto began = std::chrono::steady_clock::now();
  Performer performer(session, step);
  auto result = std::visit(performer, step.body);
  if (!result) return fail(std::move(result).error().within(fmt::format("step {}", step.id.str())));
  event::StepEnd end = std::move(performer.end);
  end.where = where;
  end.step = step.id;
  end.repetition = repetition;
  end.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  log.write(std::move(end));
  return {};
}

}  // namespace

std::string describe(const Step& step) {
  std::string what = std::visit(Describe{step}, step.body);
  if (step.user != "root") what += " as " + step.user;
  return what;
}

Result<void> perform(Session& session, const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    TRY_VOID(perform_one(session, step));
    if (!session.is_up()) return {};  // the boot it asked for did not come up: there is nothing to go on with
  }
  return {};
}

}  // namespace diglab
