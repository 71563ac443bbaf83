// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "machine/host.h"
#include "machine/machine.h"
#include "os/files.h"

namespace diglab {

using namespace std::chrono_literals;

/// How long a boot may take on a busy host without KVM.
inline constexpr auto patience = 300s;

/// A Host of the embedded kind (unless a test asks for another) and machines whose init is guest_init.c.
class MachineTest : public ::testing::Test {
 protected:
  void SetUp() override;

  [[nodiscard]] HostOptions options() const;
  void open_host(HostOptions with);
  /// A machine with a TPM, the test guest and, unless empty, the raw disk `disk`. Without `init`: it will panic for want of a root.
  [[nodiscard]] MachineSpec spec(bool init = true) const;
  std::unique_ptr<Machine> start(MachineSpec with);
  /// Starts, and waits until the guest answers.
  std::unique_ptr<Machine> start_up();
  static void wait_until_up(Machine& machine);
  std::filesystem::path make_disk(std::uintmax_t size);

  TempDir scratch_ = *TempDir::make("/tmp", "dgt");
  std::filesystem::path kernel_;
  std::filesystem::path initrd_;
  std::unique_ptr<Host> host_;
};

/// Sends a line to the guest's program and returns the line it answers with.
Result<std::string> ask(Machine& machine, std::string_view line, std::chrono::seconds time = std::chrono::seconds(60));
void tell(Machine& machine, std::string_view line);

/// The one process of the machine's domain that is a `program` ("qemu-system-x86_64", "swtpm"), or 0.
pid_t process_of(const Machine& machine, std::string_view program);

#define ASSERT_OK(result)                                                                \
  do {                                                                                   \
    const auto& asserted_ = (result);                                                    \
    ASSERT_TRUE(asserted_.has_value()) << asserted_.error().to_string();                 \
  } while (false)

}  // namespace diglab
