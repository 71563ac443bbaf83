// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/list.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "tool/installed_lists.h"
#include "tool/kernel_lists.h"
#include "tool/test_system.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

using AList = TestSystem;

std::string one_digest_list(char filler, Type type = file) {
  return encode({{.type = type, .modifiers = 0, .algorithm = 4, .digests = {std::string(32, filler)}}});
}

TEST_F(AList, of_a_real_package_names_its_files) {
  const auto list = List::read(sample_list);
  ASSERT_TRUE(list) << list.error().to_string();
  EXPECT_TRUE(list->is_rpm());
  EXPECT_EQ(list->parts().kind, SignatureKind::pgp);
  ASSERT_FALSE(list->digests().empty());
  const auto library = std::ranges::find_if(list->digests(), [](const Listed& listed) { return listed.path.ends_with("libgcc_s.so.1"); });
  ASSERT_NE(library, list->digests().end());
  EXPECT_EQ(library->type, file);
  // What the kernel is given has the same digests.
  const auto uploaded = decode(list->uploaded());
  ASSERT_TRUE(uploaded);
  std::size_t count = 0;
  for (const auto& block : *uploaded) count += block.digests.size();
  EXPECT_EQ(count, list->digests().size());
}

TEST_F(AList, says_where_it_is_wrong) {
  const auto whole = get(sample_list);
  put(outside(sample_list_name), whole.substr(0, whole.size() / 2));
  const auto cut = List::read(outside(sample_list_name));
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().kind(), ErrorKind::bad_input);
  EXPECT_THAT(cut.error().to_string(), HasSubstr("offset"));
  EXPECT_EQ(List::read(outside("none")).error().kind(), ErrorKind::bad_input);
  EXPECT_EQ(List::read(root()).error().kind(), ErrorKind::bad_input);
}

TEST_F(AList, of_a_name_that_says_nothing_is_known_by_its_first_bytes) {
  put(outside("header"), get(sample_list));
  EXPECT_TRUE(List::read(outside("header"))->is_rpm());
  put(outside("compact"), one_digest_list('a'));
  EXPECT_FALSE(List::read(outside("compact"))->is_rpm());
}

TEST_F(AList, has_a_name_that_kernel_and_file_system_can_hold) {
  EXPECT_EQ(*list_name(0, "file", "rpm", "bash-5.2-1.x86_64"), "0-file_list-rpm-bash-5.2-1.x86_64");
  for (const std::string subject : {"", "../../etc/passwd", "a b", "a\nb", "\xc3\xa4"})
    EXPECT_EQ(list_name(0, "file", "rpm", subject).error().kind(), ErrorKind::bad_input) << subject;
  EXPECT_TRUE(list_name(0, "file", "rpm", std::string(161, 'x')));
  EXPECT_FALSE(list_name(0, "file", "rpm", std::string(162, 'x')));
}

TEST_F(AList, of_the_administrator_replaces_the_vendors_or_masks_it) {
  for (const char* name : {"0-file_list-compact-a-1.10", "0-file_list-compact-a-1.9", "0-file_list-compact-masked",
                           "0-file_list-compact-null", "0-file_list-rpm-b", "README"})
    put(at(std::string("/usr/lib/diglim/") + name), "vendor");
  put(at("/etc/diglim/0-file_list-compact-a-1.9"), "administrator");
  put(at("/etc/diglim/0-file_list-compact-masked"), "");
  put(at("/etc/diglim/0-file_list-rpm-a"), "administrator");
  fs::create_symlink("/dev/null", at("/etc/diglim/0-file_list-compact-null"));
  put(at("/etc/diglim/10-file_list-compact-last"), "administrator");
  const std::vector<std::string> directories{"/usr/lib/diglim", "/etc/diglim"};
  const auto lists = installed_lists(Root(root()), directories);
  ASSERT_TRUE(lists);
  std::vector<std::string> loaded, masked;
  for (const auto& list : *lists) (list.masked ? masked : loaded).push_back(list.path);
  EXPECT_THAT(loaded,
              ElementsAre("/etc/diglim/0-file_list-compact-a-1.9", "/usr/lib/diglim/0-file_list-compact-a-1.10",
                          "/etc/diglim/10-file_list-compact-last", "/usr/lib/diglim/0-file_list-rpm-b", "/etc/diglim/0-file_list-rpm-a"));
  EXPECT_THAT(masked, ElementsAre("/etc/diglim/0-file_list-compact-masked", "/etc/diglim/0-file_list-compact-null"));
}

TEST_F(AList, of_the_kernel_is_known_by_its_entry) {
  const std::string hex(64, '0');
  EXPECT_EQ(parse_entry("sha256-" + hex + "-0-file_list-rpm-bash")->label, "0-file_list-rpm-bash");
  EXPECT_EQ(parse_entry("sha3-256-" + hex + "-a-b")->digest.algorithm->name, "sha3-256");
  EXPECT_FALSE(parse_entry("sha256-" + hex));
  EXPECT_FALSE(parse_entry("sha256-" + hex.substr(1) + "-x"));
}

TEST_F(AList, is_found_by_a_query_line_by_line) {
  const std::string entry = "sha256-" + std::string(64, '1') + "-odd (actions: 9) name";
  const auto hits = parse_hits(entry + " (actions: 5): version: 1, algo: sha256, type: 1, modifiers: 1, count: 2, datalen: 64\n" + entry +
                               " (actions: 0): type: 3, size: 48\nnonsense\n");
  ASSERT_EQ(hits.size(), 2u);
  EXPECT_EQ(hits[0].list.label, "odd (actions: 9) name");
  EXPECT_EQ(hits[0].actions.to_string(), "measured, signature verified");
  EXPECT_EQ(hits[0].modifiers, immutable);
  EXPECT_EQ(hits[1].type, digest_list);
}

}  // namespace
}  // namespace diglim::tool
