// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

namespace diglim {

/// Runs a command in the background, returns when it is held after the point that `where` names: its number, its name, or both
/// ("rename(/usr/bin/tool)" is the first of that name). Prints the point. Status 1: the command ended before.
[[nodiscard]] int hold(const std::string& name, const std::string& where, const std::vector<std::string>& command);

/// Opens a file for reading, and keeps it open in the background.
[[nodiscard]] int keep(const std::string& name, const std::string& path);

/// Asks what was put into the background under that name: what is held goes on up to its end ("go") or another point ("go POINT");
/// a file that is kept is used ("exec", "fexecve", "map"), or closed ("end"). Prints the answer; its status is ours.
[[nodiscard]] int ask(const std::string& name, const std::string& request);

}  // namespace diglim
