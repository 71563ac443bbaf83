// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <signal.h>

#include <functional>
#include <initializer_list>
#include <stop_token>

namespace diglab {

/// Those of `numbers` that this process was not started to ignore. nohup(1) makes that of SIGHUP, a script's "command &" of SIGINT;
/// who blocks such a signal and waits for it gets it nevertheless.
::sigset_t without_ignored(std::initializer_list<int> numbers);

/// SIGINT, SIGTERM and SIGHUP, unless ignored from the start, ask everything to stop: `asked` is called, then `stop` requested. A further one
/// does not wait: `at_once` is called. What comes within a second is still the first: a signal to the process group reaches this process and
/// its orphan reaper, which passes it on.
///
/// Both are called in a thread of this function's own. To be called before there is any other: threads have to inherit that the signals are blocked.
void stop_on_signals(std::stop_source stop, std::function<void()> asked, std::function<void()> at_once);

}  // namespace diglab
