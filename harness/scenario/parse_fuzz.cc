// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdint>
#include <string>

#include "scenario/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto scenario = diglab::parse_scenario(std::string(reinterpret_cast<const char*>(data), size), "fuzz.yaml");
  if (!scenario && scenario.error().message().empty()) __builtin_trap();  // Refused, but nobody knows why.
  return 0;
}
