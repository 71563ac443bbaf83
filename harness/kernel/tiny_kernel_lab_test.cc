// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/tiny_kernel_lab_test.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace diglab {
namespace {

// The few targets that the builder uses. The recorded line goes to a file beside the lab, which every copy finds.
constexpr std::string_view kMakefile = R"(VERSION = 6
PATCHLEVEL = 12
SUBLEVEL = 1
LAB := @LAB@
.PHONY: headers allnoconfig prepare bzImage modules modules_install
allnoconfig:
	@mkdir -p $(O)/include/config
	@cat $(KCONFIG_ALLCONFIG) hidden.config > $(O)/.config
	@echo 6.12.1-diglab-tiny > $(O)/include/config/kernel.release
prepare:
	@echo "  GEN     include/generated/bounds.h"
headers:
	@mkdir -p $(O)/usr/include; echo headers > $(O)/usr/include/diglim.h
bzImage:
	@set -e; echo '  CC      init/main.o'; echo building >> $(LAB)/builds; sh $(CURDIR)/compile.sh $(O)
	@set -e; echo '  LD      vmlinux'; mkdir -p $(O)/arch/x86/boot; sh $(CURDIR)/link.sh > $(O)/arch/x86/boot/bzImage
modules:
	@echo '  LD [M]  lib/crc7.ko'
modules_install:
	@mkdir -p $(INSTALL_MOD_PATH)/lib/modules/6.12.1-diglab-tiny/kernel/lib
	@echo module > $(INSTALL_MOD_PATH)/lib/modules/6.12.1-diglab-tiny/kernel/lib/crc7.ko
	@ln -s $(O) $(INSTALL_MOD_PATH)/lib/modules/6.12.1-diglab-tiny/build
)";

}  // namespace

TinyKernelLab::TinyKernelLab() : directory_(*TempDir::make()) {
  std::string makefile(kMakefile);
  makefile.replace(makefile.find("@LAB@"), 5, root().string());
  put("linux/Makefile", makefile);
  put("linux/hidden.config", "");
  put("linux/compile.sh", "true\n");
  put("linux/link.sh", "cat init/main.c\n");
  put("linux/tools/testing/selftests/toy/Makefile",
      "install:\n\t@mkdir -p $(INSTALL_PATH)\n\t@cat $(lastword $(KHDR_INCLUDES))/diglim.h > $(INSTALL_PATH)/toy_test\n");
  put("linux/init/main.c", "first\nsecond\nthird\nfourth\nfifth\n");
  put("key.pem", "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n");
  put("kernel-patches/6.12/base.config", "CONFIG_MODULES=y\n");
  put("kernel-patches/6.12/fragments/ima.config", "# for tests\nCONFIG_IMA=y\nCONFIG_CRC7=m\n");
  put("kernel-patches/6.12/must.config", "CONFIG_IMA=y\n");
  put("kernel-patches/6.12/flavours/stock.yaml", "fragments: [ima]\nmust: [must]\n");
  put("kernel-patches/6.12/flavours/patched.yaml", "series: [series]\nfragments: [ima]\n");
  put("kernel-patches/6.12/flavours/tested.yaml", "fragments: [ima]\nselftests: [toy]\n");
  put("kernel-patches/6.12/series", "# ours\n0001-second.patch\n");
  put("kernel-patches/6.12/0001-second.patch",
      "--- a/init/main.c\n+++ b/init/main.c\n@@ -1,3 +1,3 @@\n first\n-second\n+changed\n third\n");
  shell("tar -cJf linux-source-6.12.tar.xz linux");
}

std::size_t TinyKernelLab::builds() const {
  auto text = read_file(root() / "builds");
  return text ? static_cast<std::size_t>(std::ranges::count(*text, '\n')) : 0;
}

void TinyKernelLab::put(const std::filesystem::path& relative, std::string_view content) const {
  auto written = write_file(root() / relative, content);
  ASSERT_TRUE(written) << written.error().to_string();
}

std::string TinyKernelLab::shell(const std::string& line) {
  SystemProcesses processes;
  Command command{"sh", "-ec", line};
  auto outcome = processes.check(command.in(root()), {.deadline = Deadline::in(std::chrono::seconds(20)), .input = {}, .on_line = {}});
  EXPECT_TRUE(outcome) << outcome.error().to_string();
  return outcome ? outcome->out : std::string();
}

}  // namespace diglab
