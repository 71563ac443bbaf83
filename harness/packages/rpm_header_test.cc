// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two readers of one format: librpm's and ours, which runs before init.
#include "packages/rpm_header.h"

#include <gtest/gtest.h>
#include <rpm/rpmbase64.h>
#include <rpm/rpmtd.h>

#include <cstdlib>
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

/// A header as rpm 6 writes it: its signatures are strings of base64 in one tag, which librpm before it has no name for.
Bytes signature_with(const std::vector<std::string>& packets) {
  const std::unique_ptr<std::remove_pointer_t<Header>, decltype(&headerFree)> header(headerNew(), headerFree);
  headerPutString(header.get(), RPMTAG_NAME, "tool");
  std::vector<std::string> texts;
  for (const auto& packet : packets) {
    const std::unique_ptr<char, decltype(&std::free)> text(rpmBase64Encode(packet.data(), packet.size(), 0), std::free);
    texts.emplace_back(text.get());
  }
  std::vector<const char*> pointers;
  for (const auto& text : texts) pointers.push_back(text.c_str());
  rpmtd_s data{};
  data.tag = 278;
  data.type = RPM_STRING_ARRAY_TYPE;
  data.data = static_cast<void*>(pointers.data());
  data.count = static_cast<rpm_count_t>(pointers.size());
  EXPECT_TRUE(pointers.empty() || headerPut(header.get(), &data, HEADERPUT_DEFAULT));
  const auto package = package_of(header.get());
  EXPECT_TRUE(package) << package.error().to_string();
  return package->header_signature;
}

TEST(HeaderOfRpm6, has_the_signature_that_the_kernel_can_verify) {
  const auto bytes = read_file(source_directory() / "digest-lists/format/testdata/rpm/0-file_list-rpm-diglab-without-minimal-1-1.noarch");
  ASSERT_TRUE(bytes);
  const std::string rsa(diglim::text_of(diglim::split_signature(diglim::bytes_of(*bytes))->signature));
  const std::string eddsa("\xc2\x0a\x04\x00\x16\x08\x00\x00\x00\x00\xaa\xbb", 12);
  ASSERT_FALSE(diglim::read_pgp_signature(diglim::bytes_of(eddsa))->is_supported());
  const auto bytes_of = [](const std::string& text) { return Bytes(text.begin(), text.end()); };
  EXPECT_EQ(signature_with({rsa}), bytes_of(rsa));
  EXPECT_EQ(signature_with({eddsa, rsa}), bytes_of(rsa));
  EXPECT_EQ(signature_with({"no packet", eddsa}), bytes_of("no packet"));
  EXPECT_EQ(signature_with({}), Bytes());
}

}  // namespace
}  // namespace diglab
