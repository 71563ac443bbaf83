// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two readers of one format: librpm's and ours, which runs before init.
#include "packages/rpm_header.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/source_directory.h"
#include "format/rpm_header.h"
#include "format/signature.h"
#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

/// By path: mode, size, flags and digest.
using Files = std::map<std::string, std::tuple<std::uint32_t, std::uint64_t, std::uint32_t, std::string>>;

Files by_librpm(std::string_view region) {
  std::unique_ptr<std::remove_pointer_t<Header>, decltype(&headerFree)> header(
      headerImport(const_cast<char*>(region.data()), static_cast<unsigned>(region.size()), HEADERIMPORT_COPY), headerFree);
  if (!header) return {};
  Files files;
  const auto package = package_of(header.get());
  EXPECT_TRUE(package) << package.error().to_string();
  for (const auto& file : package->files) files[file.path] = {file.mode, file.size, file.flags, file.digest};
  return files;
}

Files by_us(std::string_view list) {
  Files files;
  const auto header = diglim::RpmHeader::read(diglim::bytes_of(list));
  EXPECT_TRUE(header) << header.error().to_string();
  auto all = diglim::RpmFiles::read(*header);
  EXPECT_TRUE(all) << all.error().to_string();
  for (auto file = all->next(); file && *file; file = all->next())
    files[std::string((*file)->directory) + std::string((*file)->name)] = {(*file)->mode, (*file)->size, (*file)->flags, std::string((*file)->digest)};
  return files;
}

TEST(EveryRealHeader, says_the_same_to_librpm_and_to_the_reader_of_lists) {
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(source_directory() / "digest-lists/format/testdata/rpm")) {
    const auto bytes = read_file(entry.path());
    ASSERT_TRUE(bytes);
    const auto list = diglim::split_signature(diglim::bytes_of(*bytes));
    ASSERT_TRUE(list);
    const auto content = diglim::text_of(list->content);
    const auto librpm = by_librpm(content.substr(sizeof diglim::RpmHeader::magic));
    EXPECT_EQ(librpm, by_us(content)) << entry.path();
    files += librpm.size();
  }
  EXPECT_GT(files, 10u);
}

}  // namespace
}  // namespace diglab
