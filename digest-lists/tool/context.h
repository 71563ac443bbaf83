// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "interface/interface.h"
#include "os/process.h"
#include "tool/root.h"

namespace diglim::tool {

/// What a command has to say: for people, or for programs, and to the shell.
struct Report {
  std::string text;             ///< Lines for standard output.
  std::string problems;         ///< Lines for standard error.
  nlohmann::ordered_json json;  ///< The same as `text` and `problems`.
  int status = 0;               ///< exit_status
};

namespace exit_status {
inline constexpr int yes = 0;        ///< Done; or the answer is yes.
inline constexpr int no = 1;         ///< The answer is no: not signed, not loaded, different, would not run.
inline constexpr int bad_input = 2;  ///< The command line, or a file that it names, is wrong.
inline constexpr int refused = 3;    ///< The system failed or refused: disk, kernel, a program that was called.
inline constexpr int interrupted = 130;
}  // namespace exit_status

/// What every command is given.
struct Context {
  Root root;  ///< --root
  Interface kernel;
  diglab::Processes& processes;
};

}  // namespace diglim::tool
