// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace diglim {

/// Process 1: runs this program once more for the lists of the standard directories, whatever becomes of that, and then is the real
/// init: what the variable diglim_init says (which the kernel makes of that word on its command line), or the first of those the
/// kernel would try. It gets the arguments, but for the first, and the environment, but for that variable. Returns only if nothing
/// can be executed.
int run_as_init(char** arguments);

}  // namespace diglim
