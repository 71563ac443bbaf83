// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <rpm/rpmdb.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmmacro.h>
#include <rpm/rpmts.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>

#include "packages/package_set.h"
#include "packages/rpm_header.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;
using Transaction = std::unique_ptr<rpmts_s, decltype(&rpmtsFree)>;

/// librpm keeps its configuration and macros in globals: one caller at a time.
std::mutex& librpm() {
  static std::mutex mutex;
  return mutex;
}

void configure_once() {
  static const bool done = [] {
    rpmReadConfigFiles(nullptr, nullptr);
    rpmSetVerbosity(RPMLOG_CRIT);
    return true;
  }();
  (void)done;
}

Transaction new_transaction() {
  configure_once();
  Transaction transaction(rpmtsCreate(), rpmtsFree);
  rpmtsSetVSFlags(transaction.get(), static_cast<rpmVSFlags>(RPMVSF_MASK_NODIGESTS | RPMVSF_MASK_NOSIGNATURES | RPMVSF_NOHDRCHK));
  return transaction;
}

Result<Package> read_one(rpmts transaction, const fs::path& file) {
  std::unique_ptr<std::remove_pointer_t<FD_t>, decltype(&Fclose)> fd(Fopen(file.c_str(), "r.ufdio"), Fclose);
  if (!fd || Ferror(fd.get()))
    return fail(errno == ENOENT ? ErrorKind::bad_input : ErrorKind::infra, fmt::format("{}: cannot open: {}", file.string(), std::strerror(errno)));
  Header header = nullptr;
  const auto code = rpmReadPackageFile(transaction, fd.get(), file.c_str(), &header);
  if (!header || (code != RPMRC_OK && code != RPMRC_NOKEY && code != RPMRC_NOTTRUSTED)) {
    if (header) headerFree(header);
    return fail(ErrorKind::bad_input, fmt::format("{} is no RPM package, or a damaged one", file.string()));
  }
  std::unique_ptr<std::remove_pointer_t<Header>, decltype(&headerFree)> owner(header, headerFree);
  auto package = TRY(package_of(header), file.string());
  package.file = file;
  return package;
}

}  // namespace

Result<PackageSet> PackageSet::from_files(const std::vector<fs::path>& files) {
  const std::scoped_lock lock(librpm());
  auto transaction = new_transaction();
  std::vector<Package> packages;
  for (const auto& file : files) packages.push_back(TRY(read_one(transaction.get(), file)));
  return PackageSet(std::move(packages));
}

Result<PackageSet> PackageSet::from_directory(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".rpm") files.push_back(it->path());
  }
  if (error) return fail(ErrorKind::infra, fmt::format("cannot list {}: {}", directory.string(), error.message()));
  std::sort(files.begin(), files.end());
  return from_files(files);
}

Result<PackageSet> PackageSet::from_database(const fs::path& root, std::string_view database) {
  const auto directory = root / fs::path(database).relative_path();
  std::error_code error;
  if (!fs::is_directory(directory, error))
    return fail(ErrorKind::bad_input, fmt::format("{} holds no RPM database: {} is not there", root.string(), directory.string()));
  const std::scoped_lock lock(librpm());
  auto transaction = new_transaction();
  // The path is given whole: with a root, librpm would change it for the process.
  rpmPushMacro(nullptr, "_dbpath", nullptr, directory.c_str(), RMIL_CMDLINE);
  std::vector<Package> packages;
  Result<void> outcome;
  if (rpmtsOpenDB(transaction.get(), 0) != 0) {
    outcome = fail(ErrorKind::bad_input, fmt::format("cannot open the RPM database in {}", directory.string()));
  } else {
    std::unique_ptr<std::remove_pointer_t<rpmdbMatchIterator>, decltype(&rpmdbFreeIterator)> match(
        rpmtsInitIterator(transaction.get(), RPMDBI_PACKAGES, nullptr, 0), rpmdbFreeIterator);
    while (Header header = match ? rpmdbNextIterator(match.get()) : nullptr) {
      auto package = package_of(header);
      if (!package) {
        outcome = fail(std::move(package).error());
        break;
      }
      if (package->name != "gpg-pubkey") packages.push_back(*std::move(package));
    }
  }
  rpmtsCloseDB(transaction.get());
  rpmPopMacro(nullptr, "_dbpath");
  TRY_VOID(std::move(outcome));
  std::sort(packages.begin(), packages.end(), [](const auto& a, const auto& b) { return a.nevra() < b.nevra(); });
  return PackageSet(std::move(packages));
}

}  // namespace diglab
