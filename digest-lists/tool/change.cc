// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/change.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "os/files.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> present(const FileChange& change, const Root& root) {
  const auto content = diglab::read_file(root(change.path));
  return content ? std::optional(*content) : std::nullopt;
}

std::vector<std::string> lines_of(const std::optional<std::string>& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text.value_or(""));
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// Lines of `a` that `b` has not, each behind `sign`.
std::string only_in(const std::vector<std::string>& a, const std::vector<std::string>& b, char sign) {
  std::string text;
  for (const auto& line : a)
    if (std::ranges::find(b, line) == b.end()) text += fmt::format("  {}{}\n", sign, line);
  return text;
}

std::string describe(const FileChange& change, const Root& root) {
  const auto old = present(change, root);
  if (old == change.content) return {};
  const auto before = lines_of(old), after = lines_of(change.content);
  const bool is_text = (old.value_or("") + change.content.value_or("")).find('\0') == std::string::npos;
  return fmt::format("{} {}\n{}",
                     !change.content ? "remove"
                     : old           ? "change"
                                     : "create",
                     change.path, is_text ? only_in(before, after, '-') + only_in(after, before, '+') : "");
}

Result<void> apply(const FileChange& change, const Context& context) {
  if (present(change, context.root) == change.content) return {};
  const auto place = context.root(change.path);
  if (change.content) return diglab::write_file(place, *change.content);
  std::error_code error;
  fs::remove(place, error);
  if (error) return fail(ErrorKind::infra, fmt::format("{}: cannot be removed: {}", place.string(), error.message()));
  return {};
}

Result<void> apply(const ProgramRun& run, const Context& context) {
  const auto outcome = TRY(context.processes.check(command_in(context.root, run.command), {}), run.why);
  (void)outcome;
  return {};
}

}  // namespace

diglab::Command command_in(const Root& root, diglab::Command command) {
  if (!root.is_running_system()) command.argv.insert(command.argv.begin(), {"chroot", root.directory().string()});
  return command;
}

std::string describe(const Change& change, const Root& root) {
  if (const auto* run = std::get_if<ProgramRun>(&change))
    return fmt::format("run {}   # {}\n", command_in(root, run->command).to_shell(), run->why);
  return describe(std::get<FileChange>(change), root);
}

Result<void> apply(const Change& change, const Context& context) {
  return std::visit([&](const auto& each) { return apply(each, context); }, change);
}

}  // namespace diglim::tool
