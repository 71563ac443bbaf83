// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exercise/algorithm.h"

namespace diglim {

enum Type : std::uint16_t { parser = 0, file = 1, metadata = 2, digest_list = 3 };

/// One block of a compact list, as include/uapi/linux/diglim.h defines it.
struct Block {
  std::uint16_t type = file;
  std::uint16_t modifiers = 0;
  std::uint16_t algorithm = 4;
  std::vector<std::string> digests;  ///< Raw, each as long as the algorithm says.
};

inline constexpr std::size_t header_size = 16;

[[nodiscard]] std::string encode(const std::vector<Block>& blocks);

/// Nothing for a list that the kernel must refuse: written from the format's description and sharing no code with the kernel.
[[nodiscard]] std::optional<std::vector<Block>> decode(std::string_view list);

}  // namespace diglim
