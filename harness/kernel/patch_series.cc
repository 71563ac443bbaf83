// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/patch_series.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

namespace diglab {
namespace {

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    lines.emplace_back(line);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return lines;
}

}  // namespace

std::string explain_patch_failure(std::string_view output) {
  static const std::regex file_line(R"(patching file (.*?)( \(.*\))?)");
  static const std::regex failed_hunk(R"(Hunk #(\d+) FAILED at (\d+).*)");
  static const std::regex hunk_count(R"((\d+) out of (\d+) hunks? (FAILED|ignored).*)");
  static const std::regex missing_name(R"(\|(?:---|\+\+\+) (\S+).*)");

  std::vector<std::string> reasons;
  std::string file, missing, hunks, first_other;
  auto finish_file = [&](std::string_view of) {
    if (!hunks.empty()) reasons.push_back(fmt::format("{}: {}{}", file, hunks, of));
    hunks.clear();
  };
  for (const std::string& line : lines_of(output)) {
    std::smatch match;
    if (std::regex_match(line, match, file_line)) {
      finish_file("");
      file = match[1];
    } else if (std::regex_match(line, match, failed_hunk)) {
      hunks += fmt::format("{}hunk {} (line {}) does not fit", hunks.empty() ? "" : ", ", match[1].str(), match[2].str());
    } else if (std::regex_match(line, match, hunk_count)) {
      finish_file(fmt::format(", of {} hunks", match[2].str()));
    } else if (std::regex_match(line, match, missing_name)) {
      missing = match[1];
    } else if (line.starts_with("No file to patch")) {
      std::string name = missing.substr(std::min(missing.find('/') + 1, missing.size()));
      reasons.push_back(fmt::format("{}: no such file in the tree", name));
    } else if (line.starts_with("patch: **** ") && first_other.empty()) {
      first_other = line.substr(12);
    } else if (line.starts_with("The next patch would") || line.starts_with("Reversed (or previously applied)")) {
      reasons.push_back(file.empty() ? line : fmt::format("{}: {}", file, line));
    }
  }
  finish_file("");
  if (!first_other.empty()) reasons.push_back(file.empty() ? first_other : fmt::format("{}: {}", file, first_other));
  return reasons.empty() ? "patch(1) gave no reason" : fmt::format("{}", fmt::join(reasons, "; "));
}

Result<void> apply_patches(Processes& processes, const std::filesystem::path& tree, const std::vector<Patch>& patches,
                           const Deadline& deadline) {
  for (const Patch& patch : patches) {
    // patch(1) writes a new file and renames it, so a tree of hard links does not change what it was linked from.
    Command command{"patch",     "--strip=1", "--force", "--forward", "--fuzz=1", "--no-backup-if-mismatch",
                    "--reject-file=-", "--directory", tree.string(), "--input", std::filesystem::absolute(patch.path).string()};
    command.set("LC_ALL", "C");
    ProcessOutcome outcome = TRY(processes.run(command, {.deadline = deadline, .input = {}, .on_line = {}}));
    if (outcome.end.succeeded()) continue;
    if (outcome.end.signal || outcome.err.find("No space left on device") != std::string::npos)
      return fail(ErrorKind::infra, fmt::format("patch '{}': {}: {}", patch.name, outcome.end.to_string(), outcome.err));
    return fail(ErrorKind::bad_input, fmt::format("patch '{}' does not apply: {}", patch.name, explain_patch_failure(outcome.out + outcome.err)));
  }
  return {};
}

}  // namespace diglab
