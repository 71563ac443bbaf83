// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace diglab {

/// Forks. The caller goes on in the child; the parent waits for it, ends as it ends, and meanwhile adopts and reaps
/// every process that is orphaned below it (PR_SET_CHILD_SUBREAPER, prctl(2)).
///
/// libvirt puts QEMU and swtpm into the background, waits until their numbers are free again, and gives up after some
/// seconds. They are the first process's children then; in a container that one may reap once a second, or never.
///
/// From outside the two are one: signals sent to the parent reach the child, those of the terminal reach both and the
/// parent leaves them to the child. When the parent is killed the child gets SIGTERM (SIGKILL if it ignores that): it is there to end what it has
/// started. When the child is killed the parent kills what it leaves, but for what has a session of its own (setsid(2)), daemons and machines.
///
/// To be called before the process has a second thread. Without the means (fork fails), it just goes on.
void live_under_orphan_reaper();

}  // namespace diglab
