// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/list_package.h"

#include <fmt/format.h>

#include "format/rpm_list.h"
#include "image/list_signer.h"
#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

ListKey key_of(DigestLists lists) {
  switch (lists) {
    case DigestLists::pgp:
    case DigestLists::rpm: return ListKey::packages;
    case DigestLists::pkcs7: return ListKey::ima;
    case DigestLists::unsigned_lists:
    case DigestLists::none: break;
  }
  return ListKey::none;
}

/// What stands behind the format in the name of each list of `package`.
std::string subject_of(const Package& package) { return fmt::format("{}-{}-{}.{}", package.name, package.version, package.release, package.arch); }

/// Programs in directories called diglim: only there does the kernel look for converters of lists.
bool is_converter(const diglim::RpmFile& file) { return (file.mode & 0111) != 0 && file.directory.ends_with("/diglim/"); }

constexpr diglim::Conversion of_converters{.type = diglim::parser, .wanted = is_converter};

Result<void> put_list(std::string_view list, std::string_view type, std::string_view format, const Package& package, const fs::path& tree) {
  const auto name = fmt::format("0-{}_list-{}-{}", type, format, subject_of(package));
  const auto place = tree / "usr/lib/diglim" / name;
  TRY_VOID(write_file(place, list));
  std::error_code error;
  fs::permissions(place, fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read, error);
  if (error) return fail(ErrorKind::infra, fmt::format("{}: {}", place.string(), error.message()));
  return {};
}

/// A compact list of the package's files; empty if none of them counts.
Result<std::string> compact_list_of(const Package& package, const diglim::Conversion& conversion) {
  const auto bytes = diglim::make_rpm_list(text_of(package.header_region), {});
  std::vector<std::uint8_t> list;
  const auto header = diglim::RpmHeader::read(diglim::bytes_of(bytes));
  const auto converted = header ? diglim::convert(*header, conversion, list) : std::unexpected(header.error());
  if (!converted) return fail(ErrorKind::bad_input, fmt::format("the header of {}: {}", package.nevra(), converted.error().to_string()));
  return std::string(text_of(list));
}

Result<void> put_compact(const std::string& list, diglim::Type type, const Package& package, const fs::path& tree, ListSigner& signer) {
  if (list.empty()) return {};
  const auto what = diglim::to_string(type);
  return put_list(TRY(signer.sign(list), fmt::format("the {} list of {}", what, package.nevra())), what, "compact", package, tree);
}

}  // namespace

bool is_list_of(std::string_view path, const Package& package) {
  // <number>-<type>_list-<format>-<subject>
  std::string_view name = path.substr(path.rfind('/') + 1);
  for (int part = 0; part < 3; ++part) name.remove_prefix(std::min(name.size(), name.find('-')) + (name.contains('-') ? 1 : 0));
  return name == subject_of(package);
}

Result<OwnPackage> list_package(const PackageSet& installed, DigestLists how, const LabKeys& keys, const fs::path& tree,
                                Processes& processes, const Deadline& deadline) {
  ListSigner signer(key_of(how), keys, processes, deadline);
  for (const auto& package : installed.packages()) {
    const auto converters = TRY(compact_list_of(package, of_converters));
    if (how == DigestLists::rpm && converters.empty()) {
      TRY_VOID(put_list(diglim::make_rpm_list(text_of(package.header_region), text_of(package.header_signature)), "file", "rpm", package, tree));
      continue;
    }
    TRY_VOID(put_compact(TRY(compact_list_of(package, {})), diglim::file, package, tree, signer));
    TRY_VOID(put_compact(converters, diglim::parser, package, tree, signer));
  }
  return OwnPackage{.name = std::string(list_package_name), .version = "1.0-1", .tree = tree, .requires_names = {}};
}

}  // namespace diglab
