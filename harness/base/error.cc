// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"

#include <utility>

namespace diglab {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage: return "usage";
    case ErrorKind::bad_input: return "bad input";
    case ErrorKind::infra: return "laboratory";
    case ErrorKind::boot: return "boot";
    case ErrorKind::guest_lost: return "guest lost";
    case ErrorKind::timeout: return "timeout";
    case ErrorKind::interrupted: return "interrupted";
    case ErrorKind::diverged: return "diverged";
  }
  return "unknown";
}

Error::Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

Error Error::within(std::string context) && {
  contexts_.push_back(std::move(context));
  return std::move(*this);
}

Error Error::within(std::string context) const& {
  return Error(*this).within(std::move(context));
}

std::string Error::to_string() const {
  std::string text;
  for (auto context = contexts_.rbegin(); context != contexts_.rend(); ++context) {
    text += *context;
    text += ": ";
  }
  return text + message_;
}

}  // namespace diglab
