// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/read_step.h"

#include <algorithm>

#include <fmt/format.h>

#include "scenario/read_expect.h"
#include "scenario/read_machine.h"
#include "scenario/read_policy.h"
#include "scenario/suggest.h"

namespace diglab {
namespace {

constexpr int longest_step = 3600;
constexpr int most_repetitions = 10'000;

/// Kinds whose outcome a scenario may speak about. The others either happen or break the run.
constexpr std::string_view with_outcome[] = {"run", "start", "act", "write", "policy"};
/// Kinds that touch only processes and files, and so can go on at the same time.
constexpr std::string_view may_be_parallel[] = {"run", "start", "act", "write"};

bool one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> found;
  for (std::size_t at = 0; (at = text.find_first_not_of(" \t\n", at)) != std::string_view::npos;) {
    auto end = std::min(text.find_first_of(" \t\n", at), text.size());
    found.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return found;
}

std::string_view kind_in(const YamlNode& step) {
  for (const auto& key : step.keys) {
    if (one_of(key.text, words::step_kind.words)) return key.text;
  }
  return {};
}

}  // namespace

std::vector<Step> StepReader::read(const YamlNode& list, std::string_view what, std::string_view prefix) {
  std::vector<Step> steps;
  if (!is_list(list, what, problems_)) return steps;
  if (list.items.empty()) problems_.add(list.at, fmt::format("'{}': expected at least one step", what));
  for (const auto& item : list.items) steps.push_back(read_one(item, prefix));
  return steps;
}

Step StepReader::read_one(const YamlNode& node, std::string_view prefix) {
  Fields fields(node, keys::step, problems_);
  Step step;
  step.line = node.at.line;
  step.column = node.at.column;
  step.id = CheckId(fmt::format("{}-{}", prefix, ++counted_));
  if (!fields.valid()) return step;
  if (const auto* id = fields.find("id")) {
    step.id = CheckId(read_name(*id, "id", problems_));
    ids_.add(step.id, id->at, problems_);
  }
  step.user = fields.word("user", words::user).value_or(step.user);
  if (auto seconds = fields.integer("timeout", 1, longest_step)) step.timeout = std::chrono::seconds(*seconds);
  if (const auto* expect = fields.find("expect")) step.expect = read_expectation(*expect, problems_);

  std::string_view kind;
  int kinds = 0;
  for (auto candidate : words::step_kind.words) {
    if (!fields.find(candidate)) continue;
    ++kinds;
    kind = candidate;
  }
  if (kinds != 1) {
    problems_.add(node.at, fmt::format("a step has exactly one of {}; found {}", comma_list(words::step_kind.words), kinds));
    if (kinds == 0) return step;
  }
  step.body = read_body(kind, *fields.find(kind), prefix);
  if (fields.find("expect") && !one_of(kind, with_outcome)) {
    problems_.add(fields.key_at("expect"),
                  fmt::format("'expect' is for {}; a '{}' step either works or breaks the run", comma_list(with_outcome), kind));
  }
  bool meant_to_fail = step.expect.error || step.expect.success == false || step.expect.status.value_or(0) != 0;
  if (kind == "policy" && !meant_to_fail) {
    const auto& policy = *fields.find(kind);
    check_policy(policy, source_, dialect_, "", problems_);
    policies_.push_back(&policy);
  }
  return step;
}

step::Body StepReader::read_body(std::string_view kind, const YamlNode& node, std::string_view prefix) {
  if (kind == "run") return read_run(node);
  if (kind == "start") return read_start(node);
  if (kind == "act") return read_act(node);
  if (kind == "write") return read_write(node);
  if (kind == "policy") return step::LoadPolicy{read_text(node, kind, problems_).value_or("")};
  if (kind == "policy_corpus") {
    Fields fields(node, keys::policy_corpus, problems_);
    return step::PolicyCorpus{.rules = {}, .file = fields.text("file").value_or("")};
  }
  if (kind == "snapshot") return step::Snapshot{read_name(node, kind, problems_)};
  if (kind == "restore") return step::Restore{read_name(node, kind, problems_)};
  if (kind == "sign_list") return read_sign_list(node);
  if (kind == "parallel") return read_parallel(node, prefix);
  if (kind == "repeat") return read_repeat(node, prefix);
  if (kind == "reboot") {
    Fields fields(node, keys::reboot, problems_);
    const auto* smbios = fields.find("smbios");
    return step::Reboot{.entry = fields.path("entry").value_or(""),
                        .smbios = smbios ? read_smbios(*smbios, problems_) : std::map<std::string, std::string>{},
                        .cut = fields.boolean("cut").value_or(false)};
  }
  if (node.kind != YamlNode::Kind::mapping || !node.keys.empty()) {
    problems_.add(node.at, fmt::format("'{}' takes no arguments; write '{}: {{}}'", kind, kind));
  }
  return step::Quote{};
}

step::Run StepReader::read_run(const YamlNode& node) {
  step::Run run;
  if (node.kind == YamlNode::Kind::sequence) {
    run.argv = read_texts(node, "run", problems_);
    if (node.items.empty()) problems_.add(node.at, "'run': expected a program and its arguments, found an empty list");
    if (!run.argv.empty() && !run.argv.front().starts_with('/')) {
      problems_.add(node.items.front().at, fmt::format("'run': expected the program's absolute path, found '{}'", run.argv.front()));
    }
  } else {
    run.script = read_text(node, "run", problems_).value_or("");
  }
  return run;
}

step::Start StepReader::read_start(const YamlNode& node) {
  Fields fields(node, keys::start, problems_);
  step::Start start;
  start.parallel = fields.boolean("parallel").value_or(true);
  const auto* programs = fields.find("programs");
  if (!programs || !is_list(*programs, "programs", problems_)) return start;
  if (programs->items.empty()) problems_.add(programs->at, "'programs': expected at least one program");
  for (const auto& program : programs->items) {
    // Either a list of arguments, or one text without quoting rules: words.
    auto argv = program.kind == YamlNode::Kind::sequence ? read_texts(program, "programs", problems_)
                                                         : split_words(read_text(program, "programs", problems_).value_or("/"));
    if (argv.empty() || !argv.front().starts_with('/')) {
      problems_.add(program.at, fmt::format("'programs': expected a program's absolute path and its arguments, found {}", program.describe()));
    }
    start.programs.push_back(std::move(argv));
  }
  return start;
}

step::Act StepReader::read_act(const YamlNode& node) {
  step::Act act;
  if (node.kind != YamlNode::Kind::mapping) {
    auto words = split_words(read_text(node, "act", problems_).value_or("exec /"));
    bool known = !words.empty() && one_of(words.front(), words::action.words);
    if (!known || words.size() < 2 || !words[1].starts_with('/')) {
      problems_.add(node.at, fmt::format("'act': expected an action and an absolute path like 'exec /usr/bin/true', with an action out of {}; found {}{}",
                                         comma_list(words::action.words), node.describe(),
                                         words.empty() || known ? "" : did_you_mean(words.front(), words::action.words)));
      return act;
    }
    act.action = words[0];
    act.path = words[1];
    act.arguments.assign(words.begin() + 2, words.end());
  } else {
    Fields fields(node, keys::act, problems_);
    int actions = 0;
    for (auto action : words::action.words) {
      if (!fields.find(action)) continue;
      ++actions;
      act.action = action;
      act.path = fields.path(action).value_or("");
    }
    if (actions != 1) problems_.add(node.at, fmt::format("'act': expected exactly one of {}; found {}", comma_list(words::action.words), actions));
    if (fields.find("args")) act.arguments = fields.texts("args");
    if (auto mode = fields.word("mode", words::open_mode)) act.mode = *mode;
  }
  if (act.action == "open" && act.mode.empty()) act.mode = "read";
  if (act.action != "open" && !act.mode.empty()) problems_.add(node.at, fmt::format("'mode' is for open, not for {}", act.action));
  bool takes_arguments = act.action == "exec" || act.action == "fexecve" || act.action == "load_module";
  if (!act.arguments.empty() && !takes_arguments) problems_.add(node.at, fmt::format("'{}' takes no arguments", act.action));
  return act;
}

step::Write StepReader::read_write(const YamlNode& node) {
  Fields fields(node, keys::write, problems_);
  step::Write write;
  write.path = fields.path("path").value_or("");
  write.file = fields.text("file").value_or("");
  if (const auto* content = fields.find("content")) {
    if (content->kind == YamlNode::Kind::scalar && content->quoted) {
      write.content = content->text;
    } else {
      write.content = fields.text("content").value_or("");
    }
  }
  if (fields.valid() && (fields.find("content") != nullptr) == (fields.find("file") != nullptr)) {
    problems_.add(node.at, "'write': expected either 'content' or 'file'");
  }
  if (auto mode = fields.text("mode")) {
    bool octal = mode->size() <= 5 && mode->find_first_not_of("01234567") == std::string::npos;
    if (octal) write.mode = *mode;
    else problems_.add(fields.find("mode")->at, fmt::format("'mode': expected octal digits in quotes like \"0755\", found '{}'", *mode));
  }
  return write;
}

step::SignList StepReader::read_sign_list(const YamlNode& node) {
  Fields fields(node, keys::sign_list, problems_);
  step::SignList list;
  list.path = fields.path("path").value_or("");
  list.key = fields.word("key", words::list_key).value_or("none");
  list.public_key = fields.path("public_key").value_or("");
  if (!list.public_key.empty() && list.key != "own") problems_.add(fields.key_at("public_key"), "'public_key' is for the key 'own'; the kernel has the others or must not have them");
  if (const auto* of = fields.find("of"); of && is_list(*of, "of", problems_)) {
    for (const auto& item : of->items)
      if (auto path = read_path(item, "of", problems_)) list.of.push_back(*std::move(path));
  }
  return list;
}

step::Parallel StepReader::read_parallel(const YamlNode& node, std::string_view prefix) {
  if (node.kind == YamlNode::Kind::sequence) {
    for (const auto& item : node.items) {
      if (auto kind = kind_in(item); !kind.empty() && !one_of(kind, may_be_parallel)) {
        problems_.add(item.at, fmt::format("'{}' cannot stand in 'parallel'; expected one of {}", kind, comma_list(may_be_parallel)));
      }
    }
  }
  return {read(node, "parallel", prefix)};
}

step::Repeat StepReader::read_repeat(const YamlNode& node, std::string_view prefix) {
  Fields fields(node, keys::repeat, problems_);
  step::Repeat repeat;
  repeat.times = fields.integer("times", 1, most_repetitions).value_or(1);
  if (const auto* steps = fields.find("steps")) repeat.steps = read(*steps, "steps", prefix);
  return repeat;
}

}  // namespace diglab
