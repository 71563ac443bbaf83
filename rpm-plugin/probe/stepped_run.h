// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace diglim {

/// A system call that changes what others can see: files, directories, locks of data on disk. Or a hook of rpm, of which
/// hooks_plugin.cc tells by a call that changes nothing: its name is "hook", its path the hook and the package.
struct Call {
  pid_t process = 0;
  long number = 0;
  std::array<std::uint64_t, 6> arguments{};
  unsigned point = 0;     ///< Counted from 0 over all processes of the run.
  std::string name = {};       ///< "rename"
  std::string path = {};       ///< Of the file it changes; the new one, of two.

  [[nodiscard]] std::string to_string() const { return std::to_string(point) + ":" + name + "(" + path + ")"; }
};

enum class Then { go_on, kill_all, interrupt_all, fail_with_enospc };

struct Visitors {
  /// Before the call is made; then nothing else of the run runs.
  std::function<Then(const Call&)> before = {};
  /// After it was made.
  std::function<void(const Call&)> after = {};
  /// Also in what the program starts. Otherwise that runs freely: a parser of lists must not be traced.
  bool follow = true;
};

/// What hooks_plugin.cc asks for; there is no such directory.
inline constexpr std::string_view hook_prefix = "/diglab/hook/";

struct RunResult {
  int status = -1;   ///< Exit status; 128 + the signal.
  std::string output;  ///< Of both streams.
  unsigned points = 0;
};

/// Runs a program and everything that it starts, one system call after the other. x86-64 only.
RunResult run_stepped(const std::vector<std::string>& arguments, const Visitors& visitors);

/// The same without stopping it.
RunResult run(const std::vector<std::string>& arguments);

}  // namespace diglim
