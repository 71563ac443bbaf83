// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/machine_end.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace diglab {

std::string_view to_string(EndCause cause) {
  switch (cause) {
    case EndCause::shutdown: return "shutdown";
    case EndCause::reset: return "reset";
    case EndCause::panic: return "panic";
    case EndCause::qemu_died: return "qemu died";
    case EndCause::tpm_died: return "tpm died";
    case EndCause::stopped: return "stopped";
    case EndCause::link_lost: return "link lost";
    case EndCause::destroyed: return "destroyed";
  }
  return "unknown";
}

Error error_of(const MachineEnd& end, bool was_up) {
  ErrorKind kind = ErrorKind::infra;
  switch (end.cause) {
    case EndCause::shutdown:
    case EndCause::reset:
    case EndCause::panic: kind = was_up ? ErrorKind::guest_lost : ErrorKind::boot; break;
    case EndCause::qemu_died: kind = was_up ? ErrorKind::guest_lost : ErrorKind::infra; break;
    case EndCause::tpm_died:
    case EndCause::stopped:
    case EndCause::link_lost: kind = ErrorKind::infra; break;
    case EndCause::destroyed: kind = ErrorKind::interrupted; break;
  }
  return Error(kind, end.reason);
}

std::string last_words(std::string_view qemu_log) {
  // The last start of this domain begins with libvirt's "starting up" line; then the command line, whose lines end in a backslash.
  if (auto start = qemu_log.rfind(": starting up "); start != std::string_view::npos) qemu_log.remove_prefix(start);
  std::vector<std::string_view> words;
  bool in_command = true;
  while (!qemu_log.empty()) {
    std::string_view line = qemu_log.substr(0, qemu_log.find('\n'));
    qemu_log.remove_prefix(std::min(line.size() + 1, qemu_log.size()));
    bool stamped = line.size() > 20 && line[4] == '-' && line[7] == '-';
    if (in_command && !stamped) continue;
    in_command = false;
    bool notes = line.find(": shutting down, reason") != line.npos || line.find("is tainted:") != line.npos || line.find("char device redirected") != line.npos;
    if (line.empty() || notes) continue;
    if (auto program = line.find("qemu-system-"); stamped && program != line.npos) line.remove_prefix(program);
    words.push_back(line);
  }
  if (words.size() > 3) words.erase(words.begin(), words.end() - 3);
  return fmt::format("{}", fmt::join(words, "; "));
}

}  // namespace diglab
