// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/doctor_findings.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "os/files.h"

namespace diglab {

Finding examine_tool(const Tool& tool, Processes& processes, const Deadline& deadline) {
  RunOptions options;
  options.deadline = deadline;
  auto outcome = processes.run(tool.ask, options);
  std::string advice = fmt::format("apt-get install {}", tool.package);
  if (!outcome) return {Health::problem, tool.subject, outcome.error().to_string(), advice};
  std::string text = outcome->out.empty() ? outcome->err : outcome->out;
  std::string line = text.substr(0, text.find('\n'));
  // From 126 on it is not the program that speaks, but who could not start it.
  const bool ended = outcome->end.exit_status.value_or(126) < 126;
  const bool has_version = std::ranges::any_of(line, [](char c) { return c >= '0' && c <= '9'; });
  if (outcome->end.succeeded() || (ended && has_version)) return {Health::good, tool.subject, line, {}};
  return {Health::problem, tool.subject, fmt::format("{}: {}", outcome->end.to_string(), line), advice};
}

Finding examine_disk(const std::string& subject, const std::filesystem::path& path, std::uintmax_t needed, std::string_view otherwise) {
  constexpr std::uintmax_t mib = 1 << 20;
  auto available = free_space(path);
  if (!available) return {Health::problem, subject, available.error().to_string(), "choose another directory"};
  std::error_code ignored;
  std::filesystem::path existing = std::filesystem::absolute(path, ignored);
  while (!std::filesystem::exists(existing, ignored) && existing.has_relative_path()) existing = existing.parent_path();
  if (::access(existing.c_str(), W_OK | X_OK) != 0)
    return {Health::problem, subject, fmt::format("{} cannot be written to", existing.string()), fmt::format("as the directory's owner, or {}", otherwise)};
  std::string detail = fmt::format("{} MiB free at {}", *available / mib, path.string());
  if (*available >= needed) return {Health::good, subject, detail, {}};
  return {Health::problem, subject, detail, fmt::format("{} MiB are needed: free some, or {}", needed / mib, otherwise)};
}

Finding examine_temporary(std::uintmax_t needed) {
  std::error_code error;
  const auto path = std::filesystem::temp_directory_path(error);
  if (!error) return examine_disk("temporary", path, needed, "set TMPDIR to a directory of another disk");
  const char* named = std::getenv("TMPDIR");
  return {Health::problem, "temporary", fmt::format("{}: {}", named == nullptr ? "the directory for temporary files" : named, error.message()),
          "set TMPDIR to a directory that is there, or unset it"};
}

std::optional<Finding> examine_kvm_access(const std::filesystem::path& device) {
  if (::access(device.c_str(), R_OK | W_OK) == 0 || errno != EACCES) return std::nullopt;
  return Finding{Health::note, "acceleration", fmt::format("{}: no permission, so emulation will be used, some four times slower", device.string()),
                 "sudo usermod -aG kvm $USER, then log in again"};
}

Finding examine_rights(bool root, const Result<void>& access) {
  if (root) return {Health::good, "rights", "root", {}};
  if (access) return {Health::good, "rights", "ordinary user, with a user namespace of many users", {}};
  // What was tried and said, then a line of what to do.
  const std::string why = access.error().to_string();
  const auto end = std::min(why.rfind('\n'), why.size());
  return {Health::problem, "rights", why.substr(0, end), why.substr(std::min(end + 1, why.size()))};
}

}  // namespace diglab
