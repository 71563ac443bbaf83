// SPDX-License-Identifier: GPL-2.0-or-later
#include "format/list_name.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace diglim {
namespace {

TEST(ListName, says_type_and_format) {
  const auto name = read_list_name("0-file_list-rpm-bash-5.2-1.x86_64");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->type, "file");
  EXPECT_EQ(name->format, "rpm");
}

TEST(ListName, of_another_shape_is_none) {
  for (const char* wrong : {"", "-", "0", "0-file_list", "0-file_list-rpm", "0-file_list-rpm-", "x-file_list-rpm-a", "-file_list-rpm-a", "0-_list-rpm-a",
                            "0-file-rpm-a", "0-file_list--a", "0a-file_list-rpm-a", "README"})
    EXPECT_FALSE(read_list_name(wrong)) << wrong;
}

TEST(ListNames, are_in_the_kernels_order) {
  const std::vector<std::string> in_order = {"0-file_list-rpm-a-1.9", "0-file_list-rpm-a-1.10", "0-file_list-rpm-a-1.10a", "0-file_list-rpm-b-01",
                                             "0-file_list-rpm-b-1",   "0-file_list-rpm-b-1.0",  "1-file_list-rpm-a",       "9-file_list-rpm-a",
                                             "10-file_list-rpm-a",    "0010-file_list-rpm-aa"};
  auto sorted = in_order;
  std::ranges::reverse(sorted);
  std::ranges::sort(sorted, loads_before);
  EXPECT_EQ(sorted, in_order);
  // As in the KUnit test of diglim_compare_names().
  const std::vector<std::string> names = {"",      "-",     "0-a",    "00-a",     "0-b", "01-a", "1-a",  "1-a-1.9",                "1-a-1.10",
                                          "1-a-1.10-1", "1-a-2", "1-b", "2-a", "10-a", "99999999999999999999-a", "100000000000000000000-a",
                                          "a",     "a1",    "a\xff"};
  for (std::size_t i = 0; i < names.size(); ++i)
    for (std::size_t j = 0; j < names.size(); ++j) EXPECT_EQ(loads_before(names[i], names[j]), i < j) << names[i] << " and " << names[j];
  EXPECT_FALSE(loads_before("0-a", "0-a"));
  EXPECT_TRUE(loads_before("0-b", "0-b\xff"));
  EXPECT_TRUE(loads_before("0-z", "0-\xff")) << "bytes, not signed characters";
}

}  // namespace
}  // namespace diglim
