// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

namespace diglim {

/// One line for the administrator: what was refused and why, or what was done.
class Log {
 public:
  virtual ~Log() = default;
  virtual void error(std::string_view line) = 0;
  virtual void notice(std::string_view line) = 0;
};

/// Errors go to standard error, and notices nowhere. A process that the kernel started has no standard error: then everything goes to the
/// kernel's log, and nowhere if that cannot be opened. Bytes that are not printable are shown as question marks.
class SystemLog final : public Log {
 public:
  enum class To { standard_error, kernel };

  explicit SystemLog(To to);
  SystemLog(const SystemLog&) = delete;
  SystemLog& operator=(const SystemLog&) = delete;
  ~SystemLog() override;
  void error(std::string_view line) override { write(3, line); }
  void notice(std::string_view line) override {
    if (to_ == To::kernel) write(6, line);
  }

 private:
  /// `level` as syslog has it.
  void write(int level, std::string_view line);

  To to_;
  int devices_ = -1;  ///< The directory with the kernel's log in it.
};

}  // namespace diglim
