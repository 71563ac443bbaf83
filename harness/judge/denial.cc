// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/denial.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "judge/safe_text.h"

namespace diglab {
namespace {

// From include/uapi/linux/audit.h, with the names that auditd's file uses.
constexpr std::array<std::pair<std::string_view, int>, 8> record_names{{{"INTEGRITY_DATA", 1800},
                                                                        {"INTEGRITY_METADATA", 1801},
                                                                        {"INTEGRITY_STATUS", 1802},
                                                                        {"INTEGRITY_HASH", 1803},
                                                                        {"INTEGRITY_PCR", 1804},
                                                                        {"INTEGRITY_RULE", 1805},
                                                                        {"INTEGRITY_EVM_XATTR", 1806},
                                                                        {"INTEGRITY_POLICY_RULE", 1807}}};

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

template <typename Number>
Number number_in(std::string_view text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// Removes what may stand before a kernel message: "<5>", "5,123,456789,-;", "[   12.345678]", "[  T212]", in any
/// order.
std::string_view without_stamps(std::string_view line) {
  while (true) {
    const std::string_view before = line;
    if (line.starts_with('<')) {
      const std::size_t end = line.find('>');
      if (end != std::string_view::npos && end <= 4) line.remove_prefix(end + 1);
    } else if (line.starts_with('[')) {
      const std::size_t end = line.find_first_not_of(" .0123456789TC", 1);
      if (end != std::string_view::npos && line[end] == ']') line.remove_prefix(end + 1);
    } else if (!line.empty() && line[0] >= '0' && line[0] <= '9') {
      const std::size_t end = line.find_first_not_of("0123456789,-c");
      if (end != std::string_view::npos && line[end] == ';') line.remove_prefix(end + 1);
    }
    if (line.size() == before.size()) return line;
    while (line.starts_with(' ')) line.remove_prefix(1);
  }
}

/// audit_log_untrustedstring: in quotes when harmless, otherwise in hexadecimal.
std::string untrusted(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
    return std::string(value.substr(1, value.size() - 2));
  if (value.empty() || value == "(null)") return {};
  if (auto bytes = from_hex(value)) return std::string(text_of(*bytes));
  return std::string(value);
}

/// key=value words; a quoted value ends at the next quote (the kernel never writes one inside). The first of a key
/// wins.
std::map<std::string_view, std::string_view> words_of(std::string_view text) {
  std::map<std::string_view, std::string_view> words;
  while (true) {
    const std::size_t start = text.find_first_not_of(' ');
    if (start == std::string_view::npos) return words;
    text.remove_prefix(start);
    const std::size_t equals = text.find_first_of("= ");
    if (equals == std::string_view::npos) return words;
    if (text[equals] == ' ') {
      text.remove_prefix(equals);
      continue;
    }
    const std::string_view key = text.substr(0, equals);
    text.remove_prefix(equals + 1);
    std::size_t end = text.find(' ');
    if (text.starts_with('"')) {
      const std::size_t quote = text.find('"', 1);
      end = quote == std::string_view::npos ? quote : quote + 1;
    }
    words.emplace(key, text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
  }
}

struct Record {
  int type = 0;
  std::string_view serial;
  std::string_view fields;
};

std::optional<Record> record_in(std::string_view line) {
  Record record;
  if (!take(line, "type=")) return std::nullopt;
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::string_view type = line.substr(0, space);
  line.remove_prefix(space + 1);
  record.type = number_in<int>(type);
  for (const auto& [name, number] : record_names) {
    if (type == name) record.type = number;
  }
  take(line, "msg=");
  if (!take(line, "audit(")) return std::nullopt;
  const std::size_t end = line.find("):");
  if (end == std::string_view::npos) return std::nullopt;
  record.serial = line.substr(0, end);
  record.fields = line.substr(end + 2);
  return record;
}

/// "audit: audit_lost=3 audit_rate_limit=0 ..." holds a running total; "... 12 callbacks suppressed" is the printk rate
/// limit's.
void count_losses(std::string_view line, std::uint64_t& total, std::uint64_t& suppressed) {
  if (take(line, "audit_lost=")) {
    total = std::max(total, number_in<std::uint64_t>(line));
  } else if (line.find("audit_printk_skb: ") == 0 || line.find("kauditd_printk_skb: ") == 0) {
    line.remove_prefix(line.find(": ") + 2);
    suppressed += number_in<std::uint64_t>(line);
  }
}

}  // namespace

std::string Denial::one_line() const {
  return fmt::format("{} for {} ({}, {})", diglab::one_line(cause, 60), diglab::one_line(path),
                     diglab::one_line(operation, 40), diglab::one_line(program, 40));
}

AuditTrail parse_audit(std::string_view text) {
  AuditTrail trail;
  std::set<std::pair<std::string_view, int>> seen;
  std::uint64_t total = 0;
  std::uint64_t suppressed = 0;
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    while (line.ends_with('\r')) line.remove_suffix(1);
    line = without_stamps(line);
    const bool kernel_message = take(line, "audit: ");
    if (kernel_message || !line.starts_with("type=")) count_losses(line, total, suppressed);
    const auto record = record_in(line);
    if (!record || record->type < 1800 || record->type > 1807) continue;
    const auto words = words_of(record->fields);
    auto word = [&](std::string_view key) {
      auto found = words.find(key);
      return found == words.end() ? std::string_view() : found->second;
    };
    if (word("res") != "0") continue;
    if (!seen.emplace(record->serial, record->type).second) continue;
    trail.denials.push_back({.type = record->type,
                             .path = untrusted(word("name")),
                             .cause = std::string(word("cause")),
                             .operation = std::string(word("op")),
                             .program = untrusted(word("comm")),
                             .device = untrusted(word("dev")),
                             .inode = number_in<std::uint64_t>(word("ino")),
                             .pid = number_in<std::int64_t>(word("pid")),
                             .uid = number_in<std::uint32_t>(word("uid")),
                             .serial = std::string(record->serial),
                             .error = number_in<int>(word("errno"))});
  }
  trail.lost = total + suppressed;
  return trail;
}

}  // namespace diglab
