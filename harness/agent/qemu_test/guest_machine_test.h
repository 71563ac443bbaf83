// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/stat.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "guest/client.h"
#include "machine/host.h"
#include "machine/machine.h"
#include "os/cpio.h"
#include "os/files.h"

#define ASSERT_OK(expression) ASSERT_TRUE((expression).has_value()) << (expression).error().to_string()

namespace diglab {

/// A machine whose whole guest is an initramfs of a few static programs. Needs DIGLAB_TEST_KERNEL.
class GuestMachineTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* kernel = std::getenv("DIGLAB_TEST_KERNEL");
    if (kernel == nullptr) GTEST_SKIP() << "DIGLAB_TEST_KERNEL names no kernel";
    kernel_ = kernel;
  }
  void TearDown() override {
    if (!HasFailure()) return;
    for (const auto& entry : std::filesystem::directory_iterator(scratch_.path() / "evidence"))
      if (entry.path().filename().string().ends_with(".log")) std::fprintf(stderr, "%s\n", read_file(entry.path())->c_str());
  }

  static Deadline patience() { return Deadline::in(std::chrono::seconds(120)); }

  void make_initrd(const std::map<std::string, std::string>& programs) {
    std::vector<CpioEntry> entries;
    for (const char* directory : {"usr", "usr/libexec", "usr/libexec/diglab", "dev", "proc", "sys", "run", "tmp"}) entries.push_back({directory, S_IFDIR | 0755, {}});
    for (const auto& [path, program] : programs) entries.push_back({path, S_IFREG | 0755, *read_file(program)});
    ASSERT_OK(write_file(scratch_.path() / "initrd", *cpio_of(entries)));
  }

  void start() {
    const char* cache = std::getenv("DIGLAB_CACHE");
    HostOptions options;
    options.state_dir = "/tmp/dga-state";
    options.cache_dir = cache != nullptr ? std::filesystem::path(cache) : std::filesystem::temp_directory_path() / "diglab-test-cache";
    auto host = Host::open(options, patience());
    ASSERT_OK(host);
    host_ = *std::move(host);
    auto disk = scratch_.path() / "disk";
    std::ofstream(disk).put(' ');
    std::filesystem::resize_file(disk, 64 << 20);
    MachineSpec spec;
    spec.name = "agent";
    spec.kernel = kernel_;
    spec.initrd = scratch_.path() / "initrd";
    spec.disk = disk;  // snapshots are stored in its overlay
    spec.memory_mib = 256;
    spec.cmdline = "audit=1";
    auto machine = Machine::start(*host_, spec, {.evidence = scratch_.path() / "evidence", .on_line = {}}, patience());
    ASSERT_OK(machine);
    machine_ = *std::move(machine);
    client_ = std::make_unique<AgentClient>(machine_->agent());
  }

  Result<AgentInfo> greet() {
    auto info = client_->hello(patience());
    if (info) machine_->agent_answered();
    return info;
  }

  TempDir scratch_ = *TempDir::make();
  std::filesystem::path kernel_;
  std::unique_ptr<Host> host_;
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<AgentClient> client_;
};

}  // namespace diglab
