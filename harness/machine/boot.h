// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "machine/console_log.h"
#include "machine/machine_end.h"
#include "machine/stream_port.h"

namespace diglab {

/// One boot of a machine: gathers what libvirt's events, the console and the processes say, and decides from it that, and
/// how, the boot ended. Knows nothing of libvirt's objects; the event thread calls the on_... methods, anyone the others.
///
/// The signs of one end come apart and in any order: QEMU's SHUTDOWN event, the hang-up of the console, libvirt's STOPPED event,
/// the death of swtpm (which also follows each end of QEMU). So the cause is decided when the console has been read to its end.
class Boot : public std::enable_shared_from_this<Boot> {
 public:
  struct Facts {
    std::function<std::string()> qemu_log;  ///< libvirt's log of this QEMU; empty text where it cannot be read.
    std::function<bool()> qemu_lives;       ///< Whether the process is there; may be empty (far host).
    std::filesystem::path console_copy;     ///< QEMU's own copy of the console, to complete ours from; may be empty.
  };

  static Result<std::shared_ptr<Boot>> create(const std::filesystem::path& stem, ConsoleLog::OnLine on_line, Facts facts);

  [[nodiscard]] ConsoleLog& console() { return *console_; }
  [[nodiscard]] StreamPort& agent() { return *agent_; }
  void set_agent(std::shared_ptr<StreamPort> agent) { agent_ = std::move(agent); }
  /// What the console's stream is connected to.
  [[nodiscard]] StreamPort::Sink console_sink();
  void keep_console_port(std::shared_ptr<StreamPort> port) { console_port_ = std::move(port); }
  [[nodiscard]] StreamPort& console_port() { return *console_port_; }

  void agent_answered();
  /// From now on (not) running is what we want: a stop of the virtual CPUs that we did not ask for is an end. Returns what was wanted.
  bool expect_running(bool running);
  void expect_destroy();

  [[nodiscard]] std::optional<MachineEnd> ended() const;
  /// ended() as what a use of the machine is answered with.
  [[nodiscard]] std::optional<Error> error() const;
  Result<MachineEnd> wait_for_end(const Deadline& deadline);
  /// Waits until libvirt, too, is done with this boot.
  Result<void> wait_until_stopped(const Deadline& deadline);

  void on_running();
  void on_suspended();
  void on_stopped();
  void on_monitor_event(std::string_view name, std::string_view details);
  /// The process is gone, as seen on a near host long before libvirt says so.
  void on_qemu_gone();
  void on_tpm_gone();
  void on_link_lost(const Error& why);
  /// QEMU is there, but was asked for something and did not answer.
  void on_silence();

 private:
  Boot() = default;
  void on_console_line(std::string_view line);
  void on_console_end();
  void later(int milliseconds, void (Boot::*then)());
  void tpm_still_gone();
  void still_suspended();
  void panic_is_over();
  void console_never_ended();
  void look();
  [[nodiscard]] MachineEnd conclude() const;
  void finish(MachineEnd end);
  void complete_console();

  Facts facts_;
  std::unique_ptr<ConsoleLog> console_;
  std::shared_ptr<StreamPort> console_port_;
  std::shared_ptr<StreamPort> agent_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<MachineEnd> end_;
  bool up_ = false;
  bool want_running_ = false;
  bool want_destroyed_ = false;
  bool suspended_ = false;
  bool stopped_ = false;        ///< libvirt said so.
  bool qemu_gone_ = false;
  bool console_over_ = false;
  std::string panic_;           ///< The panic's line.
  std::string shutdown_;        ///< QEMU's reason for its SHUTDOWN event, from the guest.
  std::string disk_error_;
};

}  // namespace diglab
