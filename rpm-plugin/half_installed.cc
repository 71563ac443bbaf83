// SPDX-License-Identifier: GPL-2.0-or-later
#include "half_installed.h"

#include <algorithm>

#include "digest.h"
#include "format/rpm_header.h"
#include "format/rpm_list.h"
#include "format/signature.h"
#include "list_directory.h"

namespace diglim {
namespace {

bool is_at_its_path(const RpmFile& file, const std::string& root, const Algorithm& algorithm) {
  const std::string found = digest_of_file(root + std::string(file.directory) + std::string(file.name), file.size, algorithm);
  return !found.empty() && std::ranges::equal(found, file.digest, [](char a, char b) { return a == (b | 0x20) || a == b; });
}

std::string raw(std::string_view hexadecimal) {
  std::string bytes(hexadecimal.size() / 2, '\0');
  from_hex(hexadecimal, reinterpret_cast<std::uint8_t*>(bytes.data()));
  return bytes;
}

}  // namespace

bool is_half_installed(const std::string& list_path, const std::string& root, bool only_immutable,
                       const std::function<const std::set<std::string>&()>& known) {
  const auto content = read_file(list_path);
  if (!content) return false;
  const auto parts = split_signature(bytes_of(*content));
  if (!parts) return false;
  const auto header = RpmHeader::read(parts->content);
  auto files = header ? RpmFiles::read(*header) : Result<RpmFiles>(std::unexpected(header.error()));
  if (!files) return false;
  for (auto file = files->next(); file && *file; file = files->next()) {
    if (only_immutable && !is_immutable(**file)) continue;
    if ((*file)->has_content() && is_at_its_path(**file, root, files->algorithm()) && !known().contains(raw((*file)->digest))) return true;
  }
  return false;
}

}  // namespace diglim
