// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/boot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "os/files.h"

namespace diglab {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// A Boot fed by hand with the events that libvirt would send.
class BootTest : public testing::Test {
 protected:
  void SetUp() override {
    start_event_loop();
    Boot::Facts facts{.qemu_log = [] { return std::string("2026-01-01 00:00:00.000+0000: starting up libvirt\n/usr/bin/qemu-system-x86_64 \\\n-name x\n"
                                                          "2026-01-01T00:00:01.000000Z qemu-system-x86_64: terminating on signal 9\n"
                                                          "2026-01-01 00:00:02.000+0000: shutting down, reason=crashed\n"); },
                      .qemu_lives = [this] { return qemu_lives_; },
                      .console_copy = dir_.path() / "copy"};
    auto boot = Boot::create(dir_.path() / "boot-1", {}, std::move(facts));
    ASSERT_TRUE(boot.has_value()) << boot.error().to_string();
    boot_ = *boot;
    sink_ = boot_->console_sink();
  }
  void console(std::string_view text) { sink_.on_bytes(view_of(text)); }

  TempDir dir_ = *TempDir::make();
  bool qemu_lives_ = true;
  std::shared_ptr<Boot> boot_;
  StreamPort::Sink sink_;
};

constexpr std::string_view guest_reset = R"({"guest":true,"reason":"guest-reset"})";

TEST_F(BootTest, PanicBeforeAResetIsAPanicAndABootErrorUntilTheAgentAnswered) {
  console("[    1.000000] Kernel panic - not syncing: no root\r\n");
  EXPECT_FALSE(boot_->ended().has_value());
  boot_->on_monitor_event("SHUTDOWN", guest_reset);
  EXPECT_FALSE(boot_->ended().has_value());  // the console has not been read to its end
  console("[    1.000001] Rebooting\r\n");
  sink_.on_end();
  ASSERT_TRUE(boot_->ended().has_value());
  EXPECT_EQ(boot_->ended()->cause, EndCause::panic);
  EXPECT_EQ(boot_->ended()->reason, "Kernel panic - not syncing: no root");
  EXPECT_EQ(boot_->error()->kind(), ErrorKind::boot);
  boot_->agent_answered();
  EXPECT_EQ(boot_->error()->kind(), ErrorKind::guest_lost);
}

TEST_F(BootTest, ResetAndShutdownAreToldApart) {
  sink_.on_end();
  boot_->on_monitor_event("SHUTDOWN", guest_reset);
  boot_->on_monitor_event("SHUTDOWN", R"({"guest":false,"reason":"host-signal"})");
  EXPECT_EQ(boot_->ended()->cause, EndCause::reset);
}

TEST_F(BootTest, QemuThatVanishesDiedWithItsLastWords) {
  sink_.on_end();
  EXPECT_FALSE(boot_->ended().has_value());
  boot_->on_stopped();
  ASSERT_TRUE(boot_->ended().has_value());
  EXPECT_EQ(boot_->ended()->cause, EndCause::qemu_died);
  EXPECT_THAT(boot_->ended()->reason, HasSubstr("terminating on signal 9"));
  EXPECT_EQ(boot_->error()->kind(), ErrorKind::infra);
}

TEST_F(BootTest, WhatTheHarnessDestroysWasDestroyed) {
  boot_->expect_destroy();
  boot_->on_tpm_gone();
  sink_.on_end();
  boot_->on_stopped();
  EXPECT_EQ(boot_->ended()->cause, EndCause::destroyed);
  EXPECT_EQ(boot_->error()->kind(), ErrorKind::interrupted);
}

TEST_F(BootTest, TpmThatDiesAloneEndsTheBootAndOneThatFollowsQemuDoesNot) {
  qemu_lives_ = false;
  boot_->on_tpm_gone();
  EXPECT_EQ(boot_->wait_for_end(Deadline::in(500ms)).error().kind(), ErrorKind::timeout);
  qemu_lives_ = true;
  boot_->on_tpm_gone();
  auto end = boot_->wait_for_end(Deadline::in(20s));
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->cause, EndCause::tpm_died);
}

TEST_F(BootTest, StopOfTheProcessorsThatNobodyAskedForEndsTheBootWithTheDisksError) {
  boot_->expect_running(true);
  boot_->on_suspended();  // a snapshot
  boot_->on_running();
  boot_->on_monitor_event("BLOCK_IO_ERROR", R"({"nospace":true,"reason":"No space left on device"})");
  boot_->on_suspended();
  auto end = boot_->wait_for_end(Deadline::in(20s));
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->cause, EndCause::stopped);
  EXPECT_THAT(end->reason, HasSubstr("no space is left"));
}

TEST_F(BootTest, ConsoleIsCompletedFromQemusOwnCopyAndAPanicInTheRestIsFound) {
  console("first\r\n");
  ASSERT_TRUE(write_file(dir_.path() / "copy", "first\r\nKernel panic - not syncing: late\r\n").has_value());
  sink_.on_end();
  boot_->on_stopped();
  EXPECT_EQ(boot_->console().text(), "first\r\nKernel panic - not syncing: late\r\n");
  EXPECT_EQ(boot_->ended()->cause, EndCause::panic);
}

TEST_F(BootTest, EndWakesWhoWaitsForTheConsole) {
  std::jthread ender([this] { sink_.on_end(); boot_->on_monitor_event("SHUTDOWN", guest_reset); });
  auto waited = boot_->console().wait_for("never", Deadline::in(60s));
  ASSERT_FALSE(waited.has_value());
  EXPECT_EQ(waited.error().kind(), ErrorKind::boot);
}

TEST_F(BootTest, NonsenseFromTheMonitorIsIgnored) {
  for (const char* details : {"", "null", "[1]", "{", R"({"guest":"yes","reason":7,"open":1,"nospace":[]})"})
    for (const char* name : {"SHUTDOWN", "VSERPORT_CHANGE", "BLOCK_IO_ERROR", "STOP"}) boot_->on_monitor_event(name, details);
  EXPECT_FALSE(boot_->ended().has_value());
}

}  // namespace
}  // namespace diglab
