// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/rpm_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace diglab {
namespace {

/// A macro's '%' doubled, and no line break: for one-line tags.
std::string tag_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\n' || c == '\r') result += ' ';
    else if (c == '%') result += "%%";
    else result += c;
  }
  return result;
}

std::string files_line(const OwnedPath& path) {
  std::string line;
  if (path.kind == PathKind::directory) line += "%dir ";
  if (path.kind == PathKind::ghost) line += "%ghost ";
  if (path.config) line += "%config(noreplace) ";
  const auto mode = path.kind == PathKind::symlink ? std::string("-") : fmt::format("{:04o}", path.mode & 07777);
  return line + fmt::format("%attr({},{},{}) \"{}\"\n", mode, path.user, path.group, spec_path(path.path));
}

}  // namespace

std::string PackageDescription::file_name() const {
  return fmt::format("{}-{}-{}.{}.rpm", name, version.version, version.release.empty() ? "0" : version.release, architecture);
}

std::string spec_of(const PackageDescription& package) {
  std::string spec = fmt::format("Name: {}\nVersion: {}\nRelease: {}\n", package.name, package.version.version,
                                 package.version.release.empty() ? "0" : package.version.release);
  if (!package.version.epoch.empty()) spec += fmt::format("Epoch: {}\n", package.version.epoch);
  spec += fmt::format("Summary: {}\n", package.summary.empty() ? package.name : tag_text(package.summary));
  spec += "License: see the source package\nAutoReqProv: no\n";
  if (package.architecture == "noarch") spec += "BuildArch: noarch\n";
  for (const auto& item : package.requires_list) spec += fmt::format("Requires: {}\n", tag_text(item));
  for (const auto& item : package.provides) spec += fmt::format("Provides: {}\n", tag_text(item));
  for (const auto& item : package.obsoletes) spec += fmt::format("Obsoletes: {}\n", tag_text(item));
  spec += "%description\n%{summary}.\n%prep\n%build\n%install\n%clean\n%files\n";
  auto paths = package.paths;
  std::sort(paths.begin(), paths.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  for (const auto& path : paths) spec += files_line(path);
  return spec + package.scriptlets;
}

std::string spec_path(std::string_view path) {
  std::string result;
  for (const char c : path) {
    // rpmbuild 4.18 knows no escape before a bracket, but a set of one character means itself.
    if (c == '[' || c == '*' || c == '?' || c == '{') result += fmt::format("[{}]", c);
    else if (c == '%') result += "%%";
    else result += c;
  }
  return result;
}

std::string usr_merged(std::string_view path) {
  for (const std::string_view top : {"/bin", "/sbin", "/lib64", "/lib"}) {
    if (path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/')) return fmt::format("/usr{}", path);
  }
  return std::string(path);
}

bool is_left_out(std::string_view path) {
  static constexpr std::array below = {
      std::string_view{"/usr/share/doc"},      std::string_view{"/usr/share/man"},       std::string_view{"/usr/share/info"},
      std::string_view{"/usr/share/lintian"},  std::string_view{"/usr/share/locale"},    std::string_view{"/usr/share/bug"},
      std::string_view{"/usr/share/doc-base"}, std::string_view{"/usr/share/bash-completion"},
      std::string_view{"/usr/share/zsh"},      std::string_view{"/usr/share/gdb"},
      // Tables of character sets: 9 MB that nothing in the guest converts with.
      std::string_view{"/usr/lib/x86_64-linux-gnu/gconv"}};
  // The base package has these, with the permissions of what is mounted there.
  if (path == "/proc" || path == "/sys") return true;
  return std::any_of(below.begin(), below.end(), [&](std::string_view top) {
    return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
  });
}

}  // namespace diglab
