// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/boot_entry.h"

#include <gtest/gtest.h>

namespace diglab {
namespace {

TEST(AnEntry, gives_its_options_as_the_boot_loader_joins_them) {
  EXPECT_EQ(entry_options("title Linux\noptions  root=/dev/vda rw\t quiet \nlinux /vmlinuz\noptions ima_policy=tcb\n"), "root=/dev/vda rw quiet ima_policy=tcb");
  EXPECT_EQ(entry_options("title options of mine\n#options a\noptionsb\n"), "");
}

}  // namespace
}  // namespace diglab
