// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/initramfs.h"

#include <gmock/gmock.h>

#include "format/header_builder.h"
#include "tool/list.h"
#include "tool/test_system.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class MakingAnInitramfs : public TestSystem {
 protected:
  MakingAnInitramfs() { fs::create_directories(tree()); }

  [[nodiscard]] fs::path tree() const { return outside("initramfs"); }
  /// The same content in the system, in the tree, and in a list of the system's.
  void put_listed(const std::string& path, const std::string& list, const std::string& content) {
    put(at(path), content, 0755);
    put(tree() / path.substr(1), content, 0755);
    put_list(list, content);
  }
  void put_list(const std::string& list, const std::string& content, Type type = file) {
    put(at(list), encode({{.type = type, .modifiers = 0, .algorithm = 4, .digests = {digest_of(content, default_algorithm())->bytes}}}));
  }
  Result<Report> add() { return initramfs({.tree = tree()}, context()); }
};

TEST_F(MakingAnInitramfs, takes_the_lists_of_what_is_in_it_and_no_others) {
  put_listed("/usr/bin/mount", "/usr/lib/diglim/0-file_list-compact-mount", "mount");
  put_list("/usr/lib/diglim/0-file_list-compact-game", "game");
  put_list("/etc/diglim/0-file_list-compact-own", "mount");
  put(at("/etc/keys/x509_ima.der"), "certificate");
  const auto done = add();
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(done->status, 0) << done->problems;
  EXPECT_EQ(done->json["lists"], nlohmann::json({"/usr/lib/diglim/0-file_list-compact-mount", "/etc/diglim/0-file_list-compact-own"}));
  for (const char* path : {"usr/lib/diglim/0-file_list-compact-mount", "etc/diglim/0-file_list-compact-own", "etc/keys/x509_ima.der"})
    EXPECT_EQ(get(tree() / path), get(at(std::string("/") + path)));
  EXPECT_FALSE(fs::exists(tree() / "usr/lib/diglim/0-file_list-compact-game"));
  EXPECT_FALSE(fs::exists(tree() / "usr/libexec"));
}

TEST_F(MakingAnInitramfs, finds_its_files_by_whichever_algorithm_their_lists_have) {
  put_listed("/usr/bin/mount", "/usr/lib/diglim/0-file_list-compact-mount", "mount");
  const Algorithm& sha512 = **algorithm_called("sha512");
  for (const char* name : {"umount", "game"})
    put(at("/etc/diglim/0-file_list-compact-" + std::string(name)),
        encode({{.type = file, .modifiers = 0, .algorithm = sha512.number, .digests = {digest_of(name, sha512)->bytes}}}));
  put(tree() / "usr/bin/umount", "umount", 0755);
  put(tree() / "usr/bin/other", "other", 0755);
  const auto done = add();
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(done->json["lists"], nlohmann::json({"/usr/lib/diglim/0-file_list-compact-mount", "/etc/diglim/0-file_list-compact-umount"}));
  EXPECT_EQ(done->problems, "/usr/bin/other: program in no list\n");
}

TEST_F(MakingAnInitramfs, names_what_could_run_and_is_in_no_list) {
  put_listed("/usr/bin/mount", "/usr/lib/diglim/0-file_list-compact-mount", "mount");
  put(tree() / "usr/bin/stripped", "\177ELF without symbols", 0755);
  put(tree() / "etc/conf.d/setting", "a=b\n", 0644);
  const auto done = add();
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(done->status, exit_status::no);
  EXPECT_EQ(done->problems, "/usr/bin/stripped: program in no list\n");
}

TEST_F(MakingAnInitramfs, takes_the_parser_and_its_lists_along_with_headers_of_packages) {
  const std::string header = "/etc/diglim/0-file_list-rpm-tool-1-1.noarch";
  put(at(header), sample_package({{"/usr/bin/tool", to_hex(digest_of("tool", default_algorithm())->bytes), 0100755}}).header());
  put(at("/usr/libexec/diglim/diglim-parser"), "parser", 0755);
  const std::string parser_list = "/usr/lib/diglim/0-parser_list-compact-diglim-parser", file_list = "/usr/lib/diglim/0-file_list-compact-diglim-parser";
  put_list(parser_list, "parser", parser);
  put_list(file_list, "parser");
  put(tree() / "usr/bin/other", "other", 0755);
  auto done = add();
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(done->json["lists"], nlohmann::json::array());
  EXPECT_FALSE(fs::exists(tree() / "usr/libexec"));

  put(tree() / "usr/bin/other", "tool", 0755);
  done = add();
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(done->status, 0) << done->problems;
  EXPECT_EQ(get(tree() / "usr/libexec/diglim/diglim-parser"), "parser");
  EXPECT_THAT(done->json["lists"].get<std::vector<std::string>>(), testing::UnorderedElementsAre(header, parser_list, file_list));
}

TEST_F(MakingAnInitramfs, names_a_parser_that_is_known_by_its_own_package_only) {
  const auto digest = [](const std::string& content) { return to_hex(digest_of(content, default_algorithm())->bytes); };
  const std::string path = "/usr/libexec/diglim/diglim-parser";
  put(at("/etc/diglim/0-file_list-rpm-tool-1-1.noarch"), sample_package({{"/usr/bin/tool", digest("tool"), 0100755}}).header());
  put(at("/etc/diglim/0-file_list-rpm-diglim-parser-1-1.noarch"), sample_package({{path, digest("parser"), 0100755}}).header());
  put(at(path), "parser", 0755);
  put(tree() / "usr/bin/tool", "tool", 0755);
  auto done = add();
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(done->status, exit_status::no);
  EXPECT_THAT(done->problems, HasSubstr(path + ": as parser and file in no list of the kernel's own format"));
  put_list("/etc/diglim/0-file_list-compact-diglim-parser", "parser");
  done = add();
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(done->status, exit_status::no);
  EXPECT_THAT(done->problems, HasSubstr(path + ": as parser in no list"));
}

TEST_F(MakingAnInitramfs, without_the_parser_that_its_lists_need_is_refused) {
  put(at("/etc/diglim/0-file_list-rpm-tool-1-1.noarch"), sample_package({{"/tool", to_hex(digest_of("tool", default_algorithm())->bytes), 0100755}}).header());
  put(tree() / "tool", "tool", 0755);
  EXPECT_THAT(add().error().to_string(), HasSubstr("/usr/libexec/diglim/diglim-parser"));
}

TEST_F(MakingAnInitramfs, links_stay_inside) {
  put_listed("/usr/bin/mount", "/usr/lib/diglim/0-file_list-compact-mount", "mount");
  fs::create_directories(tree() / "elsewhere");
  fs::create_directories(tree() / "usr/lib");
  fs::create_directory_symlink("/elsewhere", tree() / "usr/lib/diglim");
  ASSERT_TRUE(add());
  EXPECT_TRUE(fs::exists(tree() / "elsewhere/0-file_list-compact-mount"));
}

}  // namespace
}  // namespace diglim::tool
