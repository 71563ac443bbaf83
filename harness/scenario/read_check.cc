// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/read_check.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "scenario/read_expect.h"
#include "scenario/suggest.h"
#include "scenario/variant.h"

namespace diglab {
namespace {

constexpr int last_pcr = 23;
constexpr int many = 1'000'000;

check::Attest::What attest_of(std::string_view word) {
  using enum check::Attest::What;
  static constexpr check::Attest::What in_table_order[] = {log_replays, forms_agree, boot_aggregate, quote, tampering_noticed};
  auto found = std::ranges::find(words::attest.words, word);
  return in_table_order[found - words::attest.words.begin()];
}

/// The id of a step, which must be there.
std::optional<CheckId> read_step_id(const Fields& fields, std::string_view key, const std::vector<Step>& steps) {
  auto id = fields.text(key);
  if (!id) return std::nullopt;
  std::vector<std::string_view> known;
  for (const auto* step : flatten(steps)) known.push_back(step->id.str());
  if (std::ranges::find(known, *id) != known.end()) return CheckId(*id);
  fields.problems().add(fields.find(key)->at, fmt::format("'{}': there is no step '{}'{}; expected one of {}", key, *id,
                                                          did_you_mean(*id, known), comma_list(known)));
  return std::nullopt;
}

check::Pcr read_pcr(const YamlNode& node, const std::vector<Step>& steps, Problems& problems) {
  Fields fields(node, keys::pcr, problems);
  check::Pcr pcr;
  pcr.index = fields.integer("index", 0, last_pcr).value_or(pcr.index);
  pcr.bank = fields.word("bank", words::bank).value_or(pcr.bank);
  if (fields.word("rounds", words::across) == "differs") pcr.rounds = check::Pcr::Across::differs;
  pcr.predicted_by = read_step_id(fields, "predicted_by", steps);
  pcr.predicted_from_image = fields.word("predicted_from", words::predicted_from).has_value();
  const auto has = [&](std::string_view key) { return fields.find(key) != nullptr ? 1 : 0; };
  if (fields.valid() && has("rounds") + has("predicted_by") + has("predicted_from") != 1) {
    problems.add(node.at, "'pcr': expected one of 'rounds', 'predicted_by' and 'predicted_from'");
  }
  return pcr;
}

check::LogEntry read_log_entry(const YamlNode& node, Problems& problems) {
  Fields fields(node, keys::log_entry, problems);
  return {.path = fields.text("path").value_or(""), .count = fields.integer("count", 0, many)};
}

check::Denial read_denial(const YamlNode& node, Problems& problems) {
  Fields fields(node, keys::denial, problems);
  check::Denial denial{.path = fields.text("path"),
                       .cause = fields.text("cause"),
                       .operation = fields.text("operation"),
                       .program = fields.text("program"),
                       .times = fields.integer("times", 0, many)};
  if (fields.valid() && node.keys.empty()) problems.add(node.at, "'denial' names nothing; expected path, cause, operation or program");
  return denial;
}

check::Console read_console(const YamlNode& node, Problems& problems) {
  Fields fields(node, keys::console, problems);
  return {.matches = read_pattern(fields, "matches").value_or(""), .present = fields.boolean("present").value_or(true)};
}

check::LogOnly read_log_only(const YamlNode& node, Problems& problems) {
  Fields fields(node, keys::log_only, problems);
  return {.paths = fields.texts("paths"), .pcr = fields.integer("pcr", 0, last_pcr)};
}

check::Ktap read_ktap_check(const YamlNode& node, const std::vector<Step>& steps, Problems& problems) {
  Fields fields(node, keys::ktap, problems);
  check::Ktap ktap;
  ktap.from = read_step_id(fields, "from", steps);
  ktap.tests = fields.text("tests").value_or(ktap.tests);
  ktap.passed = fields.integer("passed", 1, many).value_or(ktap.passed);
  return ktap;
}

check::Body read_body(std::string_view kind, const YamlNode& node, const std::vector<Step>& steps, Problems& problems) {
  if (kind == "attest") {
    auto word = read_word(node, kind, words::attest, problems);
    return check::Attest{word ? attest_of(*word) : check::Attest::What::log_replays};
  }
  if (kind == "pcr") return read_pcr(node, steps, problems);
  if (kind == "log_set") return check::LogSet{read_word(node, kind, words::log_set, problems) != "differs"};
  if (kind == "log_entry") return read_log_entry(node, problems);
  if (kind == "log_only") return read_log_only(node, problems);
  if (kind == "ktap") return read_ktap_check(node, steps, problems);
  if (kind == "denial") return read_denial(node, problems);
  if (kind == "console") return read_console(node, problems);
  return check::Boot{read_word(node, kind, words::boot, problems).value_or("agent")};
}

}  // namespace

std::vector<Check> read_checks(const YamlNode& node, const std::vector<Step>& steps, Ids& ids, Problems& problems) {
  std::vector<Check> checks;
  if (!is_list(node, "checks", problems)) return checks;
  for (const auto& item : node.items) {
    Fields fields(item, keys::check, problems);
    if (!fields.valid()) continue;
    Check check;
    check.line = item.at.line;
    check.column = item.at.column;
    check.id = CheckId(fmt::format("check-{}", checks.size() + 1));
    if (const auto* id = fields.find("id")) {
      check.id = CheckId(read_name(*id, "id", problems));
      ids.add(check.id, id->at, problems);
    }
    int kinds = 0;
    for (auto kind : words::check_kind.words) {
      const auto* body = fields.find(kind);
      if (!body) continue;
      ++kinds;
      check.body = read_body(kind, *body, steps, problems);
    }
    if (kinds != 1) {
      problems.add(item.at, fmt::format("a check has exactly one of {}; found {}", comma_list(words::check_kind.words), kinds));
    }
    checks.push_back(std::move(check));
  }
  return checks;
}

}  // namespace diglab
