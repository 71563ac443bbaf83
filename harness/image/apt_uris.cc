// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/bytes.h"
#include "image/apt.h"

namespace diglab {
namespace {

std::string percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' && i + 2 < text.size() ? from_hex(text.substr(i + 1, 2)) : Result<Bytes>(Bytes{});
    if (byte && byte->size() == 1) {
      result += static_cast<char>(byte->front());
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

}  // namespace

Result<std::vector<DebianPackage>> parse_print_uris(std::string_view text) {
  std::vector<DebianPackage> packages;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('\'')) continue;
    std::istringstream words(line);
    std::string uri, file, size, digest;
    words >> uri >> file >> size >> digest;
    if (!digest.starts_with("SHA256:") || digest.size() != 7 + 64)
      return fail(ErrorKind::infra, fmt::format("apt gave no SHA-256 for a package: '{}'", line));
    // name_version_architecture.deb, the version's colon written as %3a.
    const auto first = file.find('_');
    const auto second = file.find('_', first + 1);
    if (first == std::string::npos || second == std::string::npos)
      return fail(ErrorKind::infra, fmt::format("'{}' is no name of a Debian package file", file));
    packages.push_back({.name = file.substr(0, first), .version = percent_decoded(file.substr(first + 1, second - first - 1)),
                        .sha256 = digest.substr(7), .file = file});
  }
  std::sort(packages.begin(), packages.end());
  return packages;
}

}  // namespace diglab
