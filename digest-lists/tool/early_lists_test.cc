// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/early_lists.h"

#include <gmock/gmock.h>

#include "format/header_builder.h"
#include "tool/boot_parameters.h"
#include "tool/load.h"
#include "tool/test_system.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class EarlyLists : public TestSystem {
 protected:
  static std::string compact(const std::string& content) {
    return encode({{.type = file, .modifiers = 0, .algorithm = 4, .digests = {digest_of(content, default_algorithm())->bytes}}});
  }
  static std::string header(const std::string& content) {
    const auto digest = [](const std::string& each) { return to_hex(digest_of(each, default_algorithm())->bytes); };
    return sample_package({{"/usr/bin/tool", digest(content), 0100755}, {"/etc/tool.conf", digest(content + " settings"), 0100644}}).header();
  }
  /// Where a path of the initramfs is.
  [[nodiscard]] fs::path early(const std::string& path) const { return outside("initramfs") / path.substr(1); }
  [[nodiscard]] std::vector<std::string> outdated() const {
    const auto lists = outdated_lists(Root(outside("initramfs")), Root(root()), BootParameters().directories);
    EXPECT_TRUE(lists) << lists.error().to_string();
    std::vector<std::string> paths;
    if (lists)
      for (const auto& list : *lists) paths.push_back(list.path);
    return paths;
  }
  /// As the hook does it, and then the unit.
  Result<Report> keep() { return load({.parser = parser_, .early = kept_, .initramfs = Root(outside("initramfs"))}, context()); }
  Result<Report> drop() { return load({.parser = parser_, .unload = true, .early = kept_}, context()); }

  const fs::path kept_ = outside("run/diglim/early"), parser_ = outside("parser");
};

TEST_F(EarlyLists, are_outdated_if_the_root_has_not_their_content) {
  const std::string lists = "/usr/lib/diglim/0-file_list-compact-";
  put(early(lists + "same"), compact("same"));
  put(at(lists + "same"), compact("same"));
  put(early(lists + "tool-1"), compact("old"));
  put(at(lists + "tool-2"), compact("new"));
  put(early(lists + "rebuilt"), compact("before"));
  put(at(lists + "rebuilt"), compact("after"));
  put(early("/etc/diglim/0-file_list-compact-own"), compact("own"));
  put(early(lists + "masked"), compact("masked"));
  put(at(lists + "masked"), compact("masked"));
  fs::create_symlink("/dev/null", at("/etc/diglim/0-file_list-compact-masked"));
  // The kernel has that once, and so it must stay.
  put(early(lists + "renamed-1"), compact("renamed"));
  put(at(lists + "renamed-2"), compact("renamed"));
  put(early(lists + "damaged"), "damaged");
  put(early("/etc/diglim/0-file_list-compact-empty"), "");
  EXPECT_THAT(outdated(), ElementsAre(lists + "masked", "/etc/diglim/0-file_list-compact-own", lists + "rebuilt", lists + "tool-1"));
}

TEST_F(EarlyLists, are_not_called_outdated_where_the_root_cannot_be_listed) {
  put(early("/etc/diglim/0-file_list-compact-a"), compact("a"));
  fs::permissions(at("/etc/diglim"), fs::perms::none);
  fs::permissions(outside(""), fs::perms(0755));
  const OtherUser other;
  if (!other) GTEST_SKIP() << "not on this machine: no other user";
  EXPECT_FALSE(outdated_lists(Root(outside("initramfs")), Root(root()), BootParameters().directories));
}

TEST_F(EarlyLists, survive_the_switch_and_leave_the_kernel_after_it) {
  const std::string list = "/usr/lib/diglim/0-file_list-compact-tool-1";
  put(early(list), compact("old"));
  put(at("/usr/lib/diglim/0-file_list-compact-tool-2"), compact("new"));
  const auto kept = keep();
  ASSERT_TRUE(kept) << kept.error().to_string();
  EXPECT_EQ(kept->status, exit_status::yes);
  EXPECT_EQ(kept->text, "1 of 1 lists loaded\n");
  EXPECT_THAT(kept->problems, HasSubstr("this initramfs has 1 list that the system has not any more"));
  EXPECT_EQ(get(kernel_directory() / "digest_list_del"), "");
  fs::remove_all(outside("initramfs"));

  // Not as long as the kernel refuses it.
  fs::rename(kernel_directory() / "digest_list_del", outside("file"));
  fs::create_directory(kernel_directory() / "digest_list_del");
  EXPECT_EQ(drop()->status, exit_status::refused);
  EXPECT_EQ(get(kept_ / list.substr(1)), compact("old"));
  fs::remove(kernel_directory() / "digest_list_del");
  fs::rename(outside("file"), kernel_directory() / "digest_list_del");

  const auto dropped = drop();
  ASSERT_TRUE(dropped) << dropped.error().to_string();
  EXPECT_EQ(dropped->text, "1 of 1 lists unloaded\n");
  EXPECT_EQ(get(kernel_directory() / "digest_list_del"), (kept_ / list.substr(1)).string() + "\n");
  EXPECT_FALSE(fs::exists(kept_));
  EXPECT_EQ(drop()->text, "0 of 0 lists unloaded\n");
}

TEST_F(EarlyLists, stay_in_the_kernel_if_they_were_installed_again_meanwhile) {
  const std::string list = "/usr/lib/diglim/0-file_list-compact-tool-1";
  put(early(list), compact("old"));
  ASSERT_TRUE(keep());
  put(at(list), compact("old"));
  const auto dropped = drop();
  ASSERT_TRUE(dropped) << dropped.error().to_string();
  EXPECT_EQ(dropped->text, "0 of 0 lists unloaded\n");
  EXPECT_EQ(get(kernel_directory() / "digest_list_del"), "");
}

TEST_F(EarlyLists, of_packages_are_deleted_as_their_directory_says) {
  const std::string list = "/usr/lib/diglim/0-file_list-rpm-tool-1-1.noarch";
  put(early(list), header("tool"));
  put(early("/usr/lib/diglim/.immutable"), "");
  put(at(list), header("tool"));
  // Of the whole package the kernel has less than the root says, and that under the same name.
  EXPECT_THAT(outdated(), ElementsAre(list));
  fs::remove(early("/usr/lib/diglim/.immutable"));
  EXPECT_THAT(outdated(), IsEmpty());
  put(early("/usr/lib/diglim/.immutable"), "");
  put(parser_, "#!/bin/sh\necho \"$@\" >> " + outside("asked").string() + "\n", 0755);
  ASSERT_TRUE(keep());
  EXPECT_TRUE(fs::exists(kept_ / "usr/lib/diglim/.immutable"));
  ASSERT_TRUE(drop());
  EXPECT_EQ(get(outside("asked")), "add " + at(list).string() + "\ndel " + (kept_ / list.substr(1)).string() + "\n");
}

}  // namespace
}  // namespace diglim::tool
