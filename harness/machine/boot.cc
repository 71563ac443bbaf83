// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/boot.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "os/files.h"

namespace diglab {
namespace {

// After the first line of a panic come the registers and the trace, then normally the reset. Without it (a guest that overrode
// panic=-1) the report is over when the kernel says so, or after this long.
constexpr int panic_report_milliseconds = 3000;
// swtpm follows a QEMU that ends. One that is gone while QEMU is still there after this long went by itself.
constexpr int tpm_grace_milliseconds = 200;
constexpr int qemu_grace_milliseconds = 200;
// The events of a stop and a start that the harness asked for may come when it has long gone on.
constexpr int suspend_grace_milliseconds = 5000;
// The console's end comes within milliseconds of QEMU's; this is for a stream that never says so.
constexpr int console_grace_milliseconds = 3000;

bool flag_in(const nlohmann::json& json, const char* key) {
  auto found = json.find(key);
  return found != json.end() && found->is_boolean() && found->get<bool>();
}
std::string text_in(const nlohmann::json& json, const char* key, std::string_view otherwise) {
  auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string(otherwise);
}

std::string without_time_stamp(std::string_view line) {
  auto from = line.find("Kernel panic");
  return std::string(from == line.npos ? line : line.substr(from));
}

}  // namespace

Result<std::shared_ptr<Boot>> Boot::create(const std::filesystem::path& stem, ConsoleLog::OnLine on_line, Facts facts) {
  std::shared_ptr<Boot> boot(new Boot());
  boot->facts_ = std::move(facts);
  auto both = [weak = std::weak_ptr(boot), on_line = std::move(on_line)](std::string_view line) {
    if (auto alive = weak.lock()) alive->on_console_line(line);
    if (on_line) on_line(line);
  };
  boot->console_ = TRY(ConsoleLog::create(stem, both));
  return boot;
}

StreamPort::Sink Boot::console_sink() {
  return {.on_bytes = [weak = weak_from_this()](ByteView bytes) { if (auto boot = weak.lock()) boot->console_->append(bytes); },
          .on_end = [weak = weak_from_this()] { if (auto boot = weak.lock()) boot->on_console_end(); }};
}

void Boot::later(int milliseconds, void (Boot::*then)()) {
  call_later(milliseconds, [weak = weak_from_this(), then] {
    if (auto boot = weak.lock()) (boot.get()->*then)();
  });
}

void Boot::agent_answered() {
  std::lock_guard lock(mutex_);
  up_ = true;
}
bool Boot::expect_running(bool running) {
  std::lock_guard lock(mutex_);
  return std::exchange(want_running_, running);
}
void Boot::expect_destroy() {
  std::lock_guard lock(mutex_);
  want_destroyed_ = true;
}

std::optional<MachineEnd> Boot::ended() const {
  std::lock_guard lock(mutex_);
  return end_;
}

std::optional<Error> Boot::error() const {
  std::lock_guard lock(mutex_);
  return end_ ? std::optional(error_of(*end_, up_)) : std::nullopt;
}

Result<MachineEnd> Boot::wait_for_end(const Deadline& deadline) {
  std::unique_lock lock(mutex_);
  if (changed_.wait_until(lock, deadline.stop, deadline.at, [&] { return end_.has_value(); })) return *end_;
  if (deadline.stop.stop_requested()) return fail(ErrorKind::interrupted, "interrupted while waiting for the machine to end");
  return fail(ErrorKind::timeout, "the machine did not end before the deadline");
}

Result<void> Boot::wait_until_stopped(const Deadline& deadline) {
  std::unique_lock lock(mutex_);
  if (changed_.wait_until(lock, deadline.at, [&] { return stopped_ && end_; })) return {};
  return fail(ErrorKind::timeout, "libvirt did not report the end of the machine before the deadline");
}

void Boot::on_console_line(std::string_view line) {
  if (line.find("---[ end Kernel panic") != line.npos) return panic_is_over();
  if (classify_line(line) != ConsoleEventKind::panic) return;
  {
    std::lock_guard lock(mutex_);
    if (!panic_.empty()) return;
    panic_ = without_time_stamp(line);
  }
  later(panic_report_milliseconds, &Boot::panic_is_over);
}

void Boot::panic_is_over() {
  {
    std::lock_guard lock(mutex_);
    if (end_ || panic_.empty()) return;
  }
  finish({EndCause::panic, panic_});
}

void Boot::on_console_end() {
  {
    std::lock_guard lock(mutex_);
    console_over_ = true;
  }
  look();
}

void Boot::on_running() {
  std::lock_guard lock(mutex_);
  suspended_ = false;
}

void Boot::on_suspended() {
  {
    std::lock_guard lock(mutex_);
    suspended_ = true;
    if (!want_running_) return;
  }
  later(suspend_grace_milliseconds, &Boot::still_suspended);
}

void Boot::still_suspended() {
  std::string why;
  {
    std::lock_guard lock(mutex_);
    if (end_ || !suspended_ || !want_running_ || stopped_ || qemu_gone_ || !shutdown_.empty()) return;
    why = disk_error_;
  }
  if (why.empty()) why = last_words(facts_.qemu_log ? facts_.qemu_log() : std::string());
  finish({EndCause::stopped, fmt::format("QEMU stopped the guest: {}", why.empty() ? "an internal error" : why)});
}

void Boot::on_stopped() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  look();
  later(console_grace_milliseconds, &Boot::console_never_ended);
}

void Boot::console_never_ended() {
  on_console_end();
}

void Boot::on_monitor_event(std::string_view name, std::string_view details) {
  auto json = nlohmann::json::parse(details, nullptr, false);
  if (!json.is_object()) return;
  if (name == "VSERPORT_CHANGE") {
    if (agent_) agent_->set_guest_open(flag_in(json, "open"));
  } else if (name == "BLOCK_IO_ERROR") {
    std::lock_guard lock(mutex_);
    bool full = flag_in(json, "nospace");
    disk_error_ = fmt::format("{} ({})", full ? "no space is left for the disk's overlay" : "a disk error", text_in(json, "reason", "no reason given"));
  } else if (name == "SHUTDOWN") {
    {
      std::lock_guard lock(mutex_);
      if (shutdown_.empty() && flag_in(json, "guest")) shutdown_ = text_in(json, "reason", "guest-shutdown");
    }
    look();
    later(console_grace_milliseconds, &Boot::console_never_ended);
  }
}

void Boot::on_qemu_gone() {
  {
    std::lock_guard lock(mutex_);
    qemu_gone_ = true;
  }
  // QEMU's own word on why it ends, if it had one, is on its way.
  later(qemu_grace_milliseconds, &Boot::look);
  later(console_grace_milliseconds, &Boot::console_never_ended);
}

void Boot::on_tpm_gone() {
  later(tpm_grace_milliseconds, &Boot::tpm_still_gone);
}

void Boot::tpm_still_gone() {
  {
    std::lock_guard lock(mutex_);
    if (end_ || stopped_ || want_destroyed_ || !shutdown_.empty() || console_over_) return;
  }
  if (facts_.qemu_lives && !facts_.qemu_lives()) return;
  finish({EndCause::tpm_died, "swtpm is gone: the TPM of the machine died while the machine ran"});
}

void Boot::on_link_lost(const Error& why) {
  finish({EndCause::link_lost, why.to_string()});
}

void Boot::on_silence() {
  finish({EndCause::stopped, "QEMU was there and did not answer: it was killed"});
}

/// Ends the boot when its end is certain and the console has been read.
void Boot::look() {
  MachineEnd end;
  {
    std::lock_guard lock(mutex_);
    if (end_ || !console_over_ || (!stopped_ && !qemu_gone_ && shutdown_.empty())) return;
  }
  complete_console();  // may still find a panic
  finish(conclude());
}

MachineEnd Boot::conclude() const {
  std::unique_lock lock(mutex_);
  if (!panic_.empty()) return {EndCause::panic, panic_};
  if (shutdown_ == "guest-reset") return {EndCause::reset, "the guest reset itself"};
  if (shutdown_ == "guest-panic") return {EndCause::panic, "the guest reported a panic to QEMU"};
  if (!shutdown_.empty()) return {EndCause::shutdown, "the guest powered off"};
  if (want_destroyed_) return {EndCause::destroyed, "the machine was stopped by the harness"};
  lock.unlock();
  std::string words = last_words(facts_.qemu_log ? facts_.qemu_log() : std::string());
  return {EndCause::qemu_died, fmt::format("QEMU died: {}", words.empty() ? "it was killed, and said nothing" : words)};
}

/// A terminal forgets what was not read when QEMU dies; QEMU's own copy does not.
void Boot::complete_console() {
  if (facts_.console_copy.empty()) return;
  auto copy = read_file(facts_.console_copy);
  if (!copy) return;
  std::size_t have = console_->size();
  if (copy->size() > have && copy->starts_with(console_->text())) console_->append(view_of(*copy).subspan(have));
}

void Boot::finish(MachineEnd end) {
  Error why(ErrorKind::infra, {});
  {
    std::lock_guard lock(mutex_);
    if (end_) return;
    why = error_of(end, up_);
    end_ = std::move(end);
    changed_.notify_all();
  }
  console_->close(why);
  if (agent_) agent_->fail_with(why);
}

}  // namespace diglab
