// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace diglab {

/// A process as /proc shows it.
struct SeenProcess {
  pid_t pid = 0;
  pid_t parent = 0;
  std::string program;  ///< The file name of its first argument.
  std::string command;  ///< All arguments, blanks between them.
};

/// Every process that descends from this one, also those whose parents are gone. Zombies are reaped or left out.
/// Needs adopt_orphans().
std::vector<SeenProcess> descendants();

/// From now on processes of ours that lose their parent, as daemons do, become children of this process.
void adopt_orphans();

/// Asks every 50 ms; false when the time is over. Meanwhile adopted processes that end are reaped, as process 1 would
/// do: libvirt takes a machine to be alive as long as a zombie is left of it.
bool eventually(const std::function<bool()>& holds, std::chrono::seconds limit);

/// The real program, started in a session of its own with its outputs going to files. It is stopped when this process ends.
class StartedDiglab {
 public:
  /// `name` tells this start from others of the same test; `environment` is added to this process's own. `terminal`, if it is one,
  /// controls the program and is its input.
  StartedDiglab(const std::filesystem::path& scratch, const std::string& name, std::vector<std::string> arguments,
                const std::map<std::string, std::string>& environment = {}, int terminal = -1);
  ~StartedDiglab();  ///< Kills what a failed test left running.
  StartedDiglab(const StartedDiglab&) = delete;
  StartedDiglab& operator=(const StartedDiglab&) = delete;

  [[nodiscard]] std::string out() const;
  [[nodiscard]] std::string err() const;
  void signal(int number) const;
  void signal_group(int number) const;  ///< To it and everything that it has started and that made no group of its own.

  /// Exit status; 128 + signal as in shells; -1 when it did not end in time.
  int wait(std::chrono::seconds limit);

 private:
  std::filesystem::path out_;
  std::filesystem::path err_;
  pid_t pid_ = 0;
  std::optional<int> status_;
};

}  // namespace diglab
