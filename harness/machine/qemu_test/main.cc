// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>

#include "os/orphan_reaper.h"

int main(int argc, char** argv) {
  diglab::live_under_orphan_reaper();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
