// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/qemu_test/fake_tree.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cli/qemu_test/fixture.h"

namespace diglab {

void make_fake_tree(const std::filesystem::path& tree, const std::string& recipe) {
  // Its configuration is what was asked for and what must come of that.
  auto written = write_file(tree / "Makefile", fmt::format(R"(VERSION = 6
PATCHLEVEL = 12
SUBLEVEL = 1
.PHONY: allnoconfig prepare bzImage modules modules_install
allnoconfig:
	@mkdir -p $(O)/include/config
	@cat $(KCONFIG_ALLCONFIG) {}/kernel-patches/6.12/must.config > $(O)/.config
	@echo 6.12.1-fake > $(O)/include/config/kernel.release
prepare modules:
	@true
modules_install:
	@mkdir -p $(INSTALL_MOD_PATH)/lib/modules/6.12.1-fake
bzImage:
	@echo '  CC      init/main.o'
	@{}
)",
                                                           tested_source(), recipe));
  ASSERT_TRUE(written) << written.error().to_string();
}

}  // namespace diglab
