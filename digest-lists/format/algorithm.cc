// SPDX-License-Identifier: GPL-2.0-or-later
#include "format/algorithm.h"

#include <array>

namespace diglim {
namespace {

constexpr std::array<Algorithm, 23> table = {{
    {0, "md4", 16},     {1, "md5", 16},          {2, "sha1", 20},         {3, "rmd160", 20},  {4, "sha256", 32},    {5, "sha384", 48},
    {6, "sha512", 64},  {7, "sha224", 28},       {8, "rmd128", 16},       {9, "rmd256", 32},  {10, "rmd320", 40},   {11, "wp256", 32},
    {12, "wp384", 48},  {13, "wp512", 64},       {14, "tgr128", 16},      {15, "tgr160", 20}, {16, "tgr192", 24},   {17, "sm3", 32},
    {18, "streebog256", 32}, {19, "streebog512", 64}, {20, "sha3-256", 32}, {21, "sha3-384", 48}, {22, "sha3-512", 64},
}};

}  // namespace

std::span<const Algorithm> algorithms() { return table; }

const Algorithm* algorithm(std::uint16_t number) { return number < table.size() ? &table[number] : nullptr; }

const Algorithm* algorithm_named(std::string_view name) {
  for (const Algorithm& one : table)
    if (one.name == name) return &one;
  return nullptr;
}

const Algorithm* algorithm_of_pgp(std::uint32_t number) {
  switch (number) {
    case 1: return algorithm_named("md5");
    case 2: return algorithm_named("sha1");
    case 3: return algorithm_named("rmd160");
    case 8: return algorithm_named("sha256");
    case 9: return algorithm_named("sha384");
    case 10: return algorithm_named("sha512");
    case 11: return algorithm_named("sha224");
    case 12: return algorithm_named("sha3-256");
    case 14: return algorithm_named("sha3-512");
    default: return nullptr;
  }
}

}  // namespace diglim
