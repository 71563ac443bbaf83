// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/debian_control.h"

#include <fmt/format.h>

#include <algorithm>

namespace diglab {
namespace {

std::string_view trim(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(separator);
    if (const auto part = trim(text.substr(0, end)); !part.empty()) parts.push_back(part);
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.' || c == '_';
}

/// Debian's doubled signs are RPM's single ones.
Result<std::string> rpm_operator(std::string_view debian) {
  if (debian == "<<") return std::string("<");
  if (debian == ">>") return std::string(">");
  if (debian == "<=" || debian == ">=" || debian == "=") return std::string(debian);
  return fail(ErrorKind::bad_input, fmt::format("'{}' is no relation between versions", debian));
}

Result<std::string> one_dependency(std::string_view text) {
  const auto name_end = std::find_if_not(text.begin(), text.end(), is_name_character);
  std::string name(text.begin(), name_end);
  if (name.empty()) return fail(ErrorKind::bad_input, fmt::format("no package name in the dependency '{}'", text));
  auto rest = trim(text.substr(name.size()));
  if (rest.starts_with(':')) {  // ":any" and ":native" say which architecture; there is only one here.
    const auto end = rest.find_first_of(" (");
    rest = end == std::string_view::npos ? std::string_view{} : trim(rest.substr(end));
  }
  if (rest.empty()) return name;
  if (!rest.starts_with('(') || !rest.ends_with(')'))
    return fail(ErrorKind::bad_input, fmt::format("expected '(relation version)' after the name in '{}'", text));
  const auto inside = trim(rest.substr(1, rest.size() - 2));
  const auto sign_end = inside.find_first_not_of("<>=");
  if (sign_end == std::string_view::npos)
    return fail(ErrorKind::bad_input, fmt::format("no version in the dependency '{}'", text));
  auto sign = TRY(rpm_operator(inside.substr(0, sign_end)));
  const auto version = TRY(rpm_version_of(trim(inside.substr(sign_end))));
  // For Debian every revision of 2.36 comes after 2.36; for RPM they are the same until both name one.
  if (sign == ">" && version.release.empty()) sign = ">=";
  return fmt::format("{} {} {}", name, sign, version.to_string());
}

}  // namespace

std::string RpmVersion::to_string() const {
  return fmt::format("{}{}{}{}{}", epoch, epoch.empty() ? "" : ":", version, release.empty() ? "" : "-", release);
}

Result<RpmVersion> rpm_version_of(std::string_view text) {
  RpmVersion result;
  if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    result.epoch = text.substr(0, colon);
    text.remove_prefix(colon + 1);
    if (result.epoch.find_first_not_of("0123456789") != std::string::npos)
      return fail(ErrorKind::bad_input, fmt::format("'{}' is no epoch", result.epoch));
  }
  if (const auto dash = text.rfind('-'); dash != std::string_view::npos) {
    result.release = text.substr(dash + 1);
    text = text.substr(0, dash);
  }
  result.version = text;
  // Debian allows '-' and ':' inside the upstream version, RPM does not.
  std::replace_if(result.version.begin(), result.version.end(), [](char c) { return c == '-' || c == ':'; }, '.');
  const auto odd = (result.version + result.release).find_first_not_of(
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+~");
  if (result.version.empty() || odd != std::string::npos)
    return fail(ErrorKind::bad_input, fmt::format("'{}' is no Debian version", text));
  return result;
}

Result<std::vector<std::string>> rpm_dependencies_of(std::string_view field) {
  std::vector<std::string> result;
  for (const auto clause : split(field, ',')) {
    std::string together;
    const auto alternatives = split(clause, '|');
    for (const auto alternative : alternatives) {
      if (!together.empty()) together += " or ";
      together += TRY(one_dependency(alternative));
    }
    if (alternatives.size() > 1) together = fmt::format("({})", together);
    result.push_back(std::move(together));
  }
  return result;
}

Result<DebianControl> parse_debian_control(std::string_view text) {
  std::map<std::string, std::string, std::less<>> fields;
  std::string* current = nullptr;
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    ++number;
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    at = end + 1;
    if (trim(line).empty()) {
      if (fields.empty()) continue;
      break;
    }
    if (line.starts_with(' ') || line.starts_with('\t')) {
      if (!current) return fail(ErrorKind::bad_input, fmt::format("control file, line {}: a continuation of nothing", number));
      *current += '\n';
      *current += trim(line);
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0)
      return fail(ErrorKind::bad_input, fmt::format("control file, line {}: expected 'Field: value', found '{}'", number, line));
    current = &fields[std::string(line.substr(0, colon))];
    *current = trim(line.substr(colon + 1));
  }

  DebianControl control;
  control.name = fields["Package"];
  control.version = fields["Version"];
  control.architecture = fields["Architecture"];
  if (control.name.empty() || control.version.empty())
    return fail(ErrorKind::bad_input, "control file without Package or Version");
  const auto& description = fields["Description"];
  control.summary = description.substr(0, description.find('\n'));
  const auto& before = fields["Pre-Depends"];
  const auto& depends = fields["Depends"];
  control.depends = before + (before.empty() || depends.empty() ? "" : ", ") + depends;
  control.provides = fields["Provides"];
  return control;
}

}  // namespace diglab
