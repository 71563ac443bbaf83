// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>

namespace diglim {

/// The System V message queue by which parser_neighbour hands a list over.
constexpr int queue_key = 0x6469676c;

/// A message of it, as msgsnd() and msgrcv() want it.
struct QueueMessage {
  long type;
  std::array<char, 4096> text;
};

}  // namespace diglim
