// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

namespace diglim {

enum class ParserOperation { add, del };

struct ParserResult {
  enum Status {
    done,
    no_kernel,  ///< This kernel has no repository of digests, a container does not let it be seen, or it cannot be opened.
    no_program,
    failed,     ///< Something was refused, or the program could not be run for another reason.
  };
  Status status = done;
  std::string messages;  ///< What it said, in lines, or why it could not be run.
};

/// Runs diglim-parser for lists, and waits for it. The kernel knows that program, and what it uploads has the rights that the
/// signatures of the lists give; whatever a process such as rpm uploaded would have none. That a list is in the kernel already, or
/// not in it when it is to be deleted, is not refused.
ParserResult run_parser(const std::string& program, ParserOperation operation, const std::vector<std::string>& paths);

}  // namespace diglim
