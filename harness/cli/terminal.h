// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <termios.h>

#include "base/result.h"

namespace diglab {

/// The user's terminal in raw mode: each key goes to the guest, also Ctrl-C. As it was when this object is gone.
class RawTerminal {
 public:
  /// ErrorKind::usage when standard input is no terminal.
  static Result<RawTerminal> open();
  RawTerminal(RawTerminal&& other) noexcept;
  RawTerminal& operator=(RawTerminal&&) = delete;
  ~RawTerminal();

 private:
  explicit RawTerminal(const ::termios& before) : before_(before) {}
  ::termios before_;
  bool ours_ = true;
};

}  // namespace diglab
