// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/owned_processes.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "os/files.h"

namespace diglab {
namespace {

std::optional<HypervisorProcess> look_at(pid_t pid, std::string_view mark) {
  HypervisorProcess process;
  process.pid = pid;
  // First the descriptor, then the look: what is looked at is then what will be signalled.
  process.pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (process.pidfd < 0) return std::nullopt;
  auto text = read_file(fmt::format("/proc/{}/cmdline", pid), std::size_t{4} << 20);
  if (text) {
    for (std::size_t at = 0, end; (end = text->find('\0', at)) != std::string::npos; at = end + 1)
      process.command.push_back(text->substr(at, end - at));
    if (!process.command.empty()) process.program = std::filesystem::path(process.command.front()).filename();
  }
  if (is_hypervisor_process(process.program, process.command, mark)) return process;
  ::close(process.pidfd);
  return std::nullopt;
}

}  // namespace

bool is_hypervisor_process(std::string_view program, const std::vector<std::string>& command, std::string_view mark) {
  if (mark.size() < 8) return false;
  if (!program.starts_with("qemu-system-") && program != "swtpm") return false;
  return std::ranges::any_of(command, [&](const std::string& argument) { return argument.find(mark) != std::string::npos; });
}

std::vector<HypervisorProcess> find_hypervisor_processes(std::string_view mark) {
  std::vector<HypervisorProcess> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    std::string name = entry.path().filename();
    pid_t pid = 0;
    auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (bad != std::errc() || end != name.data() + name.size()) continue;
    if (auto process = look_at(pid, mark)) found.push_back(*std::move(process));
  }
  return found;
}

void close_all(std::vector<HypervisorProcess>& processes) {
  for (auto& process : processes) ::close(std::exchange(process.pidfd, -1));
}

std::vector<std::string> kill_hypervisor_processes(std::string_view mark) {
  std::vector<std::string> killed;
  auto processes = find_hypervisor_processes(mark);
  for (const auto& process : processes) {
    if (::syscall(SYS_pidfd_send_signal, process.pidfd, SIGKILL, nullptr, 0) != 0) continue;
    killed.push_back(fmt::format("process {} ({})", process.pid, process.program));
  }
  for (const auto& process : processes) {
    pollfd gone{.fd = process.pidfd, .events = POLLIN, .revents = 0};
    ::poll(&gone, 1, 10'000);
  }
  close_all(processes);
  return killed;
}

}  // namespace diglab
