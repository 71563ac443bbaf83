// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "interface/directory_lock.h"

namespace diglim {

/// Lists are converted as the mark of their directory says, but for the last.
enum class ParserOperation { add, del, del_only_immutable };

struct ParserResult {
  enum Status {
    done,
    no_kernel,  ///< This kernel has no repository of digests, a container does not let it be seen, or it cannot be opened.
    no_program,
    failed,   ///< It could not be run for another reason.
    refused,  ///< It refused some of the lists, or was killed over one; the others are as wished, or not.
  };
  Status status = done;
  std::string messages;  ///< What it said, in lines, or why it could not be run; at most 64 KiB for each run. Of `done`: warnings.
};

/// Runs diglim-parser (`program` is a path) once for all lists, more often only if they are too many for one command line, and waits for
/// it. The kernel knows that program, and what it uploads has the rights that the signatures of the lists give; whatever a process such as
/// rpm uploaded would have none. What one of the lists lacks, those after it in the same run lack, too. That a list is in the kernel
/// already, or not in it when it is to be deleted, is not refused.
///
/// Signals to the caller reach it only if they are for the process group; if the caller is killed it goes on. Until it ends it has `lock`, as its
/// standard input.
ParserResult run_parser(const std::string& program, ParserOperation operation, const std::vector<std::string>& paths, const DirectoryLock& lock = {});

}  // namespace diglim
