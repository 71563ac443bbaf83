// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/terminal.h"

#include <unistd.h>

#include <utility>

namespace diglab {

Result<RawTerminal> RawTerminal::open() {
  ::termios before{};
  if (::tcgetattr(STDIN_FILENO, &before) != 0) return fail(ErrorKind::usage, "standard input is not a terminal: an interactive console needs one");
  ::termios raw = before;
  ::cfmakeraw(&raw);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  return RawTerminal(before);
}

RawTerminal::RawTerminal(RawTerminal&& other) noexcept : before_(other.before_), ours_(std::exchange(other.ours_, false)) {}

RawTerminal::~RawTerminal() {
  if (ours_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

}  // namespace diglab
