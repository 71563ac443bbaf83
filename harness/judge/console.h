// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace diglab {

/// The kinds of trouble that a kernel reports on its console, worst first.
enum class ConsoleEventKind {
  panic,
  oops,         ///< A fault in kernel mode: bad access, general protection fault, failed assertion of the CPU.
  bug,          ///< BUG() and "BUG:" reports that none of the kinds below names.
  kasan,
  ubsan,
  kmemleak,
  lockdep,      ///< Lock order, lock balance, sleeping while atomic, suspicious RCU usage.
  rcu_stall,
  hung_task,
  soft_lockup,  ///< Soft and hard lockups found by the watchdogs.
  warning,      ///< WARN().
};

[[nodiscard]] std::string_view to_string(ConsoleEventKind kind);

/// One report on the console.
struct ConsoleEvent {
  ConsoleEventKind kind;
  std::size_t line;     ///< Of the report's first line, counted from 1.
  std::string title;    ///< What happened, without time stamps, addresses of this boot or process ids.
  std::string excerpt;  ///< The lines from the first to the end of the report, as printed, without carriage returns.
};

/// What one console line announces, if anything. Time stamps, log levels and carriage returns are looked through.
[[nodiscard]] std::optional<ConsoleEventKind> classify_line(std::string_view line);

/// All reports in a console's text, in order. A report that is part of another (the call trace of a panic, the
/// oops that led to it) is an event of its own only when the kernel gave it a first line of its own.
[[nodiscard]] std::vector<ConsoleEvent> classify_console(std::string_view text);

}  // namespace diglab
