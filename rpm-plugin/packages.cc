// SPDX-License-Identifier: GPL-2.0-or-later
#include "packages.h"

#include <rpm/header.h>
#include <rpm/rpmdb.h>
#include <rpm/rpmio.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmprob.h>
#include <rpm/rpmtd.h>
#include <rpm/rpmte.h>

#include <cstdlib>
#include <map>
#include <memory>

#include "format/rpm_list.h"
#include "librpm/header_signature.h"
#include "list_directory.h"

namespace diglim {
namespace {

template <auto release>
struct Release {
  template <typename T>
  void operator()(T* handle) const {
    release(handle);
  }
};
using OwnedHeader = std::unique_ptr<headerToken_s, Release<headerFree>>;
using OwnedIterator = std::unique_ptr<rpmdbMatchIterator_s, Release<rpmdbFreeIterator>>;
using OwnedIndex = std::unique_ptr<rpmdbIndexIterator_s, Release<rpmdbIndexIteratorFree>>;
using OwnedText = std::unique_ptr<char, Release<std::free>>;

std::string bytes_of_tag(Header header, rpmTagVal tag) {
  struct rpmtd_s data;
  if (!headerGet(header, tag, &data, HEADERGET_DEFAULT)) return {};
  std::string bytes = data.type == RPM_BIN_TYPE ? std::string(static_cast<const char*>(data.data), data.count) : std::string();
  rpmtdFreeData(&data);
  return bytes;
}

std::string list_name(const std::string& package) { return std::string(ListDirectory::prefix) + package; }

std::string list_name(Header header) { return list_name(OwnedText(headerGetAsString(header, RPMTAG_NVRA)).get()); }

/// Of the package of a list, "<prefix>name-version-release.architecture": only names have dashes in them.
std::string package_name(std::string_view list) {
  std::string_view nvra = list.substr(ListDirectory::prefix.size());
  for (int dashes = 0; dashes < 2; ++dashes) nvra = nvra.substr(0, nvra.rfind('-') == nvra.npos ? 0 : nvra.rfind('-'));
  return std::string(nvra);
}

std::expected<OwnedHeader, std::string> read_package(rpmts transaction, rpmte element) {
  const auto file = static_cast<FD_t>(rpmtsNotify(transaction, element, RPMCALLBACK_INST_OPEN_FILE, 0, 0));
  if (file == nullptr) return std::unexpected(std::string("cannot open the package ") + rpmteNEVRA(element));
  // librpm has verified it, if it was told to, and the kernel will.
  const rpmVSFlags flags = rpmtsSetVSFlags(transaction, RPMVSF_MASK_NODIGESTS | RPMVSF_MASK_NOSIGNATURES | RPMVSF_NEEDPAYLOAD);
  Header header = nullptr;
  const rpmRC result = rpmReadPackageFile(transaction, file, rpmteNEVRA(element), &header);
  rpmtsSetVSFlags(transaction, flags);
  rpmtsNotify(transaction, element, RPMCALLBACK_INST_CLOSE_FILE, 0, 0);
  OwnedHeader owned(header);
  if (!owned || (result != RPMRC_OK && result != RPMRC_NOTTRUSTED && result != RPMRC_NOKEY))
    return std::unexpected(std::string("cannot read the package ") + rpmteNEVRA(element));
  return owned;
}

/// Of all that is installed: librpm leaves out packages whose headers it would not verify now, unless it is told not to look. The kernel does.
OwnedIterator installed(rpmts transaction, rpmDbiTagVal index, const char* key) {
  const rpmVSFlags flags = rpmtsVSFlags(transaction);
  rpmtsSetVSFlags(transaction, static_cast<rpmVSFlags>(flags | RPMVSF_NOHDRCHK));
  OwnedIterator packages(rpmtsInitIterator(transaction, index, key, 0));
  rpmtsSetVSFlags(transaction, flags);
  return packages;
}

/// As the database's index of names has it; each package has one name.
std::size_t count_installed(rpmts transaction) {
  const OwnedIndex names(rpmdbIndexIteratorInit(rpmtsGetRdb(transaction), RPMDBI_NAME));
  std::size_t count = 0, size = 0;
  for (const void* name; rpmdbIndexIteratorNext(names.get(), &name, &size) == 0;) count += rpmdbIndexIteratorNumPkgs(names.get());
  return count;
}

}  // namespace

std::string list_name(rpmte element) {
  return list_name(std::string(rpmteN(element)) + "-" + rpmteV(element) + "-" + rpmteR(element) + "." + (rpmteA(element) != nullptr ? rpmteA(element) : ""));
}

std::expected<std::optional<PackageList>, std::string> list_of(Header header) {
  const std::string_view name = headerGetString(header, RPMTAG_NAME);
  if (name == "gpg-pubkey") return std::nullopt;
  const std::string region = bytes_of_tag(header, RPMTAG_HEADERIMMUTABLE);
  std::string list = list_name(header);
  if (region.empty()) return std::unexpected(list + ": the package's header is of a form that cannot be signed");
  return PackageList{.name = std::move(list), .content = make_rpm_list(region, header_signature(header))};
}

std::expected<std::vector<Change>, std::string> read_changes(
    rpmts transaction, const std::function<std::expected<void, std::string>(const PackageList&)>& take) {
  std::vector<Change> changes;
  const std::unique_ptr<rpmtsi_s, Release<rpmtsiFree>> elements(rpmtsiInit(transaction));
  while (rpmte element = rpmtsiNext(elements.get(), TR_ADDED | TR_REMOVED)) {
    if (rpmteType(element) == TR_REMOVED) {
      changes.push_back({.kind = Change::removed, .list = list_name(element), .database_row = static_cast<unsigned>(rpmteDBOffset(element))});
      continue;
    }
    const auto header = read_package(transaction, element);
    if (!header) return std::unexpected(header.error());
    const auto list = list_of(header->get());
    if (!list) return std::unexpected(list.error());
    // What rpm imports as a key comes by no transaction.
    if (!*list) return std::unexpected(std::string(rpmteNEVRA(element)) + ": a package of this name gets no digest list");
    if (auto taken = take(**list); !taken) return std::unexpected(taken.error());
    changes.push_back({.kind = Change::added, .list = (*list)->name, .nevra = rpmteNEVRA(element)});
  }
  return changes;
}

std::optional<std::string> find_name_twice(rpmts transaction, const std::vector<Change>& changes) {
  std::map<std::string, std::set<unsigned>> removed;  // Rows by the packages' names.
  for (const auto& change : changes)
    if (change.kind == Change::removed) removed[package_name(change.list)].insert(change.database_row);
  // For rpm -i --replacepkgs librpm has no element of what is replaced: the new one takes its row.
  const bool replaces = (rpmtsFilterFlags(transaction) & RPMPROB_FILTER_REPLACEPKG) != 0;
  std::set<std::string> added;
  for (const auto& change : changes) {
    if (change.kind != Change::added) continue;
    const auto is_replaced = [&](Header header) { return replaces && OwnedText(headerGetAsString(header, RPMTAG_NEVRA)).get() == change.nevra; };
    if (!added.insert(change.list).second) return change.list;
    const std::string name = package_name(change.list);
    const auto& leaving = removed[name];
    // Counting is cheap; headers are read only if a package of that name stays.
    if (rpmdbCountPackages(rpmtsGetRdb(transaction), name.c_str()) == static_cast<int>(leaving.size())) continue;
    const OwnedIterator packages = installed(transaction, RPMDBI_NAME, name.c_str());
    while (Header header = rpmdbNextIterator(packages.get()))
      if (!leaving.contains(headerGetInstance(header)) && list_name(header) == change.list && !is_replaced(header)) return change.list;
  }
  return std::nullopt;
}

void for_each_installed_of(rpmts transaction, const std::set<std::string>& lists, const std::function<void(PackageList&&)>& take) {
  // What an upgrade adds and removes has one name: each is looked up once.
  std::set<std::string> names;
  for (const auto& list : lists) names.insert(package_name(list));
  for (const auto& name : names) {
    const OwnedIterator packages = installed(transaction, RPMDBI_NAME, name.c_str());
    while (Header header = rpmdbNextIterator(packages.get())) {
      if (!lists.contains(list_name(header))) continue;
      if (auto found = list_of(header); found && *found) take(std::move(**found));
    }
  }
}

std::expected<void, std::string> for_each_installed(rpmts transaction, const std::function<void(PackageList&&)>& take,
                                                    const std::function<void(const std::string&)>& complain) {
  const OwnedIterator packages = installed(transaction, RPMDBI_PACKAGES, nullptr);
  std::size_t count = 0;
  for (; Header header = rpmdbNextIterator(packages.get()); ++count) {
    auto list = list_of(header);
    if (!list) complain(list.error());
    else if (*list) take(std::move(**list));
  }
  // An iterator that met an error ends as if that had been all, and one that met a damaged header leaves it out.
  if (const auto all = count_installed(transaction); all != count)
    return std::unexpected("of " + std::to_string(all) + " packages in the database of rpm " + std::to_string(count) + " can be read");
  return {};
}

}  // namespace diglim
