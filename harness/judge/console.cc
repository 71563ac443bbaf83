// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/console.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace diglab {
namespace {

using Kind = ConsoleEventKind;

/// A line that begins with `start` and, somewhere behind it, holds `also`, announces a report of `kind`.
struct Announcement {
  Kind kind;
  std::string_view start;
  std::string_view also;
};

// The first match counts: special kinds stand before the general ones ("BUG: KASAN:" before "BUG: ").
constexpr auto announcements = std::to_array<Announcement>({
    {Kind::panic, "Kernel panic - not syncing", ""},

    {Kind::kasan, "BUG: KASAN:", ""},
    {Kind::kasan, "BUG: KFENCE:", ""},
    {Kind::ubsan, "UBSAN:", ""},
    {Kind::kmemleak, "kmemleak:", "new suspected memory leaks"},

    {Kind::lockdep, "WARNING: possible circular locking dependency", ""},
    {Kind::lockdep, "WARNING: possible recursive locking", ""},
    {Kind::lockdep, "WARNING: possible irq lock inversion", ""},
    {Kind::lockdep, "WARNING: inconsistent lock state", ""},
    {Kind::lockdep, "WARNING: bad unlock balance", ""},
    {Kind::lockdep, "WARNING: bad contention detected", ""},
    {Kind::lockdep, "WARNING: held lock freed", ""},
    {Kind::lockdep, "WARNING: lock held when returning to user space", ""},
    {Kind::lockdep, "WARNING: Nested lock was not taken", ""},
    {Kind::lockdep, "WARNING: HARDIRQ-", "lock order detected"},
    {Kind::lockdep, "WARNING: SOFTIRQ-", "lock order detected"},
    {Kind::lockdep, "WARNING: suspicious RCU usage", ""},
    {Kind::lockdep, "BUG: sleeping function called from invalid context", ""},
    {Kind::lockdep, "BUG: scheduling while atomic", ""},
    {Kind::lockdep, "[ BUG: Invalid wait context ]", ""},
    {Kind::lockdep, "INFO: trying to register non-static key", ""},

    {Kind::rcu_stall, "rcu: INFO: ", "detected stall"},
    {Kind::rcu_stall, "rcu: INFO: ", "detected expedited stall"},
    {Kind::rcu_stall, "INFO: rcu", "detected stall"},
    {Kind::hung_task, "INFO: task ", "blocked for more than "},
    {Kind::soft_lockup, "watchdog: BUG: soft lockup", ""},
    {Kind::soft_lockup, "BUG: soft lockup", ""},
    {Kind::soft_lockup, "watchdog: Watchdog detected hard LOCKUP", ""},
    {Kind::soft_lockup, "Watchdog detected hard LOCKUP", ""},
    {Kind::soft_lockup, "BUG: workqueue lockup", ""},

    {Kind::oops, "BUG: kernel NULL pointer dereference", ""},
    {Kind::oops, "BUG: unable to handle ", ""},
    {Kind::oops, "BUG: stack guard page was hit", ""},
    {Kind::oops, "BUG: TASK stack guard page was hit", ""},
    {Kind::oops, "BUG: IRQ stack guard page was hit", ""},
    {Kind::oops, "Oops: ", ""},
    {Kind::oops, "general protection fault", "[#"},
    {Kind::oops, "invalid opcode: ", "[#"},
    {Kind::oops, "divide error: ", "[#"},
    {Kind::oops, "stack segment: ", "[#"},
    {Kind::oops, "int3: ", "[#"},
    {Kind::oops, "traps: PANIC: double fault", ""},
    {Kind::oops, "Unable to handle kernel ", ""},
    {Kind::oops, "Internal error: ", "[#"},

    {Kind::bug, "kernel BUG at ", ""},
    {Kind::bug, "BUG: ", ""},
    {Kind::warning, "WARNING: CPU: ", " at "},
    {Kind::warning, "WARNING: ", "CPU#"},
});

/// How the last line of a report of each kind looks. Longer reports are cut.
constexpr std::size_t longest_report = 120;
constexpr std::size_t longest_unclosed_report = 40;

bool is_last_line(Kind kind, std::string_view message, bool first) {
  if (first) return kind == Kind::kmemleak;
  if (message.starts_with("---[ end ")) return kind != Kind::kasan;
  switch (kind) {
    case Kind::kasan:
    case Kind::ubsan: return message.starts_with("======");
    case Kind::lockdep:
    case Kind::rcu_stall:
    case Kind::hung_task:
    case Kind::soft_lockup: return message.starts_with("</TASK>");
    default: return false;
  }
}

std::string_view without_return(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  // Firmware and boot loaders return to the line's start; what counts is what was printed last.
  if (auto start = line.rfind('\r'); start != line.npos) line.remove_prefix(start + 1);
  return line;
}

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

/// The length of "[   12.345678] " or "[   12.345678][  T123] " at the front of `text`, or 0.
std::size_t time_stamp_length(std::string_view text) {
  std::size_t at = 0;
  auto skip = [&](auto predicate) {
    std::size_t from = at;
    while (at < text.size() && predicate(text[at])) ++at;
    return at - from;
  };
  auto skip_one = [&](char wanted) {
    if (at >= text.size() || text[at] != wanted) return false;
    ++at;
    return true;
  };
  auto is_space = [](char c) { return c == ' '; };
  if (!skip_one('[')) return 0;
  skip(is_space);
  if (skip(is_digit) == 0 || !skip_one('.')) return 0;
  if (skip(is_digit) < 3 || !skip_one(']')) return 0;
  if (at < text.size() && text[at] == '[') {  // CONFIG_PRINTK_CALLER
    std::size_t end = text.find(']', at);
    if (end != text.npos && end - at < 16) at = end + 1;
  }
  skip(is_space);
  return at;
}

/// Without "<4>" or "<4> ", which dmesg prints before the time, and our kernel logs after it.
std::string_view without_log_level(std::string_view text) {
  if (text.size() < 3 || text[0] != '<' || !is_digit(text[1])) return text;
  const std::size_t end = text.find('>');
  if (end == text.npos || end >= 5) return text;
  text.remove_prefix(end + 1);
  if (text.starts_with(' ')) text.remove_prefix(1);
  return text;
}

struct Message {
  std::string_view text;
  bool stamped = false;
};

/// What the kernel printed: without log level and time stamp, and without what a program had left on the line before it.
Message message_of(std::string_view line) {
  line = without_log_level(without_return(line));
  for (std::size_t at = 0; at != line.npos; at = line.find('[', at + 1)) {
    if (at < line.size() && line[at] != '[') continue;
    if (std::size_t length = time_stamp_length(line.substr(at))) return {without_log_level(line.substr(at + length)), true};
  }
  return {line, false};
}

std::optional<Kind> kind_of(std::string_view message) {
  while (!message.empty() && message.front() == ' ') message.remove_prefix(1);
  for (const Announcement& announcement : announcements) {
    if (!message.starts_with(announcement.start)) continue;
    if (message.find(announcement.also, announcement.start.size()) != message.npos) return announcement.kind;
  }
  return std::nullopt;
}

/// Whether a line that could begin a report of `next` only goes on with an open one of `current`.
bool continues(Kind current, Kind next) {
  if (current == Kind::panic) return true;
  if (next == Kind::oops) return current == Kind::oops || current == Kind::bug;
  return next == current && next == Kind::rcu_stall;
}

void erase_between(std::string& text, std::string_view from, std::string_view until) {
  auto start = text.find(from);
  auto end = start == std::string::npos ? start : text.find(until, start + from.size());
  if (end != std::string::npos) text.erase(start, end - start);
}

/// Drops what differs between two boots with the same defect: addresses, offsets in functions, process ids.
std::string title_of(std::string_view message, Kind kind) {
  while (!message.empty() && message.front() == ' ') message.remove_prefix(1);
  std::string text(message);
  if (kind == Kind::warning) erase_between(text, "CPU: ", "at ");
  std::string title;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && std::isxdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
    bool word_start = i == 0 || std::isalnum(static_cast<unsigned char>(text[i - 1])) == 0 || title.ends_with("0x");
    if (text.compare(i, 3, "+0x") == 0) {  // function+0x1f/0x40
      i += 3;
      while (i < text.size() && (std::isxdigit(static_cast<unsigned char>(text[i])) != 0 || text[i] == '/' || text[i] == 'x')) ++i;
    } else if (word_start && end - i >= 12) {
      title += "ADDRESS";
      i = end;
    } else if (kind == Kind::hung_task && text[i] == ':' && i + 1 < text.size() && is_digit(text[i + 1])) {  // task name:123
      for (++i; i < text.size() && is_digit(text[i]); ++i) {
      }
    } else {
      title += text[i++];
    }
  }
  return title;
}

/// An oops is named by where it happened, which stands some lines below its first one.
void add_place(ConsoleEvent& event) {
  auto at = event.excerpt.find("RIP: ");
  if (event.kind != Kind::oops || at == std::string::npos) return;
  at = event.excerpt.find(':', at + 4);
  std::size_t end = event.excerpt.find_first_of("+\n ", at);
  if (at != std::string::npos && end != std::string::npos && end > at + 1) event.title += " in " + event.excerpt.substr(at + 1, end - at - 1);
}

/// Gathers the lines of the report that is open, if one is.
class Reports {
 public:
  void add(std::string_view line, const Message& message, std::size_t number) {
    std::optional<Kind> kind = eligible_ || message.stamped ? kind_of(message.text) : std::nullopt;
    if (kind && !(open_ && continues(events_.back().kind, *kind) && *kind != Kind::panic)) {
      close();
      events_.push_back({.kind = *kind, .line = number, .title = title_of(message.text, *kind), .excerpt = {}});
      open_ = true;
      lines_ = 0;
      closed_properly_ = false;
      cut_ = 0;
    }
    if (!open_) return;
    ConsoleEvent& event = events_.back();
    event.excerpt += std::string(without_return(line)) + "\n";
    ++lines_;
    if (lines_ == longest_unclosed_report) cut_ = event.excerpt.size();
    std::string_view text = message.text;
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    closed_properly_ = is_last_line(event.kind, text, lines_ == 1);
    if (closed_properly_ || lines_ == longest_report) close();
  }

  /// Lines without a time stamp count as the kernel's only when no line has one.
  void accept_unstamped(bool accept) { eligible_ = accept; }

  std::vector<ConsoleEvent> take() {
    close();
    return std::move(events_);
  }

 private:
  void close() {
    if (!std::exchange(open_, false)) return;
    ConsoleEvent& event = events_.back();
    if (!closed_properly_ && cut_ != 0) event.excerpt.resize(cut_);
    add_place(event);
  }

  std::vector<ConsoleEvent> events_;
  bool eligible_ = false;
  bool open_ = false;
  bool closed_properly_ = false;
  std::size_t lines_ = 0;
  std::size_t cut_ = 0;
};

template <typename Function>
void for_each_line(std::string_view text, Function function) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::size_t end = std::min(text.find('\n'), text.size() - 1);
    function(text.substr(0, end + 1), number);
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::string_view to_string(ConsoleEventKind kind) {
  switch (kind) {
    case Kind::panic: return "panic";
    case Kind::oops: return "oops";
    case Kind::bug: return "bug";
    case Kind::kasan: return "kasan";
    case Kind::ubsan: return "ubsan";
    case Kind::kmemleak: return "kmemleak";
    case Kind::lockdep: return "lockdep";
    case Kind::rcu_stall: return "rcu_stall";
    case Kind::hung_task: return "hung_task";
    case Kind::soft_lockup: return "soft_lockup";
    case Kind::warning: return "warning";
  }
  return "unknown";
}

std::optional<ConsoleEventKind> classify_line(std::string_view line) {
  return kind_of(message_of(line).text);
}

std::vector<ConsoleEvent> classify_console(std::string_view text) {
  bool any_stamp = false;
  for_each_line(text, [&](std::string_view line, std::size_t) { any_stamp = any_stamp || message_of(line).stamped; });
  Reports reports;
  reports.accept_unstamped(!any_stamp);
  for_each_line(text, [&](std::string_view line, std::size_t number) { reports.add(line, message_of(line), number); });
  return reports.take();
}

}  // namespace diglab
