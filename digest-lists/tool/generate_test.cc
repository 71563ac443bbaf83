// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/generate.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tool/list.h"
#include "tool/load.h"
#include "tool/test_system.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class Generate : public TestSystem {
 protected:
  /// The paths' digests in the list, in its order.
  static std::vector<std::string> digests_in(const fs::path& list) {
    std::vector<std::string> digests;
    const auto read = List::read(list);
    EXPECT_TRUE(read) << read.error().to_string();
    if (read)
      for (const auto& listed : read->digests()) digests.push_back(listed.digest.to_string() + (listed.modifiers != 0 ? "!" : ""));
    return digests;
  }
  static std::string digest(std::string_view content) { return tool::digest_of(content, default_algorithm())->to_string(); }

  [[nodiscard]] GenerateFiles files(std::vector<std::string> paths) const {
    GenerateFiles wish;
    wish.paths = std::move(paths);
    wish.list.name = "mine";
    return wish;
  }
  [[nodiscard]] fs::path list() const { return at("/etc/diglim/0-file_list-compact-mine"); }

  /// A real package, made by rpmbuild: /usr/bin/toy and /etc/toy.conf.
  fs::path make_package(const std::string& program = "program") {
    put(outside("toy.spec"),
        "Name: toy\nVersion: 1\nRelease: 2\nSummary: t\nLicense: x\nBuildArch: noarch\n%description\n%install\n"
        "mkdir -p %{buildroot}/usr/bin %{buildroot}/etc\nprintf " + program + " > %{buildroot}/usr/bin/toy\nprintf conf > "
        "%{buildroot}/etc/toy.conf\n"
        "%files\n%attr(0755,root,root) /usr/bin/toy\n/etc/toy.conf\n");
    run({"rpmbuild", "-bb", "--quiet", "--define", "_topdir " + outside("build").string(), "--define",
         "_rpmdir " + outside("rpms").string(), outside("toy.spec").string()});
    return outside("rpms") / "noarch" / "toy-1-2.noarch.rpm";
  }
  void install(const fs::path& package) {
    run({"rpm", "--dbpath", at("/var/lib/rpm").string(), "--justdb", "--nodeps", "--nosignature", "--install", package.string()});
  }
};

TEST_F(Generate, a_list_of_files_has_two_blocks) {
  put(at("/opt/b"), "data");
  put(at("/opt/sub/program"), "program", 0755);
  const auto made = generate_files(files({"/opt"}), context());
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_THAT(digests_in(list()), ElementsAre(digest("data"), digest("program") + "!"));
  EXPECT_EQ(made->json["files"][0]["path"], "/opt/b");
  EXPECT_EQ(fs::status(list()).permissions(), fs::perms(0644));
}

TEST_F(Generate, the_same_list_again_is_not_written) {
  put(at("/opt/b"), "data");
  ASSERT_TRUE(generate_files(files({"/opt/b"}), context()));
  const auto before = fs::last_write_time(list());
  const auto again = generate_files(files({"/opt/b"}), context());
  EXPECT_FALSE(again->json["written"].get<bool>());
  EXPECT_EQ(fs::last_write_time(list()), before);
}

TEST_F(Generate, patterns_and_a_file_of_paths_are_taken) {
  put(at("/opt/a.so"), "a");
  put(at("/opt/b.so"), "b");
  put(at("/opt/c.txt"), "c");
  auto wish = files({"/opt/*.so"});
  wish.from = outside("paths");
  wish.nul_separated = true;
  put(outside("paths"), std::string_view("/opt/c.txt\0", 11));
  wish.list.immutable = true;
  const auto made = generate_files(wish, context());
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_EQ(digests_in(list()).size(), 3u);
}

TEST_F(Generate, a_list_of_parsers_of_another_algorithm_says_so) {
  put(at("/usr/libexec/diglim/p"), "parser", 0755);
  auto wish = files({"/usr/libexec/diglim/p"});
  wish.list.type = parser;
  wish.list.algorithm = "sha3-512";
  wish.list.number = 7;
  ASSERT_TRUE(generate_files(wish, context()));
  const auto read = List::read(at("/etc/diglim/7-parser_list-compact-mine"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->digests().front().type, parser);
  EXPECT_EQ(read->digests().front().digest.algorithm->name, "sha3-512");
}

TEST_F(Generate, what_cannot_be_listed_makes_no_list) {
  put(at("/opt/empty"), "");
  EXPECT_EQ(generate_files(files({"/opt/empty"}), context()).error().kind(), ErrorKind::bad_input);
  EXPECT_EQ(generate_files(files({"/opt/none"}), context()).error().kind(), ErrorKind::bad_input);
  EXPECT_EQ(generate_files(files({}), context()).error().kind(), ErrorKind::bad_input);
  EXPECT_EQ(files_in(at("/etc/diglim")), 0u);
}

TEST_F(Generate, a_full_disk_leaves_the_old_list_and_nothing_else) {
  put(at("/opt/b"), "data");
  ASSERT_TRUE(generate_files(files({"/opt/b"}), context()));
  const auto before = get(list());
  for (int i = 0; i < 200; ++i) put(at("/opt/" + std::to_string(i)), "file " + std::to_string(i));
  const auto refused = [&] {
    const FullFileSystem full(1000);
    return generate_files(files({"/opt"}), context());
  }();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::infra);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("0-file_list-compact-mine"));
  EXPECT_EQ(get(list()), before);
  EXPECT_EQ(files_in(at("/etc/diglim")), 1u);
}

TEST_F(Generate, packages_of_one_name_and_different_content_are_refused) {
  const auto other = outside("other.rpm");
  fs::rename(make_package("other"), other);
  const auto package = make_package();
  const auto refused = generate_rpm({.packages = {package.string(), other.string()}, .output = {}}, context());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("0-file_list-rpm-toy-1-2.noarch: two packages"));
  EXPECT_EQ(files_in(at("/etc/diglim")), 0u);
  // One that is named twice makes one list.
  const auto twice = generate_rpm({.packages = {package.string(), package.string()}, .output = {}}, context());
  ASSERT_TRUE(twice) << twice.error().to_string();
  EXPECT_THAT(twice->text, HasSubstr(": 1 lists of 2 packages written, 0 unchanged\n"));
  EXPECT_THAT(generate_rpm({.packages = {package.string()}, .output = {}}, context())->text, HasSubstr(": 0 lists of 1 packages written, 1 unchanged\n"));
}

TEST_F(Generate, a_full_disk_leaves_nothing_of_a_header) {
  const auto package = make_package();
  const auto refused = [&] {
    const FullFileSystem full(100);
    return generate_rpm({.packages = {package.string()}, .output = {}}, context());
  }();
  ASSERT_FALSE(refused);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("0-file_list-rpm-toy-1-2.noarch"));
  EXPECT_EQ(files_in(at("/etc/diglim")), 0u);
}

TEST_F(Generate, a_directory_that_cannot_be_written_stays_as_it_is) {
  put(at("/opt/b"), "data");
  fs::permissions(outside(""), fs::perms(0755));
  const OtherUser other;
  if (!other) GTEST_SKIP() << "not on this machine: no other user";
  const auto refused = generate_files(files({"/opt/b"}), context());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::infra);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("Permission denied"));
  EXPECT_EQ(files_in(at("/etc/diglim")), 0u);
}

TEST_F(Generate, a_directory_that_cannot_be_read_makes_no_list) {
  put(at("/opt/a"), "data");
  put(at("/opt/secret/b"), "data");
  fs::permissions(at("/opt/secret"), fs::perms::none);
  fs::permissions(outside(""), fs::perms(0755));
  fs::permissions(at("/etc/diglim"), fs::perms(0777));
  const OtherUser other;
  if (!other) GTEST_SKIP() << "not on this machine: no other user";
  const auto refused = generate_files(files({"/opt"}), context());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("Permission denied"));
  EXPECT_EQ(files_in(at("/etc/diglim")), 0u);
}

TEST_F(Generate, directories_behind_links_are_read_and_written) {
  put(at("/srv/programs/b"), "data");
  fs::create_directory_symlink("/srv/programs", at("/opt"));
  fs::remove(at("/etc/diglim"));
  fs::create_directories(at("/srv/lists"));
  fs::create_directory_symlink("../srv/lists", at("/etc/diglim"));
  const auto made = generate_files(files({"/opt"}), context());
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_THAT(digests_in(at("/srv/lists/0-file_list-compact-mine")), ElementsAre(digest("data")));
  EXPECT_TRUE(fs::is_symlink(at("/etc/diglim")));
  // Links inside are not followed: there is no end to where they can lead.
  fs::create_directory_symlink("/srv", at("/srv/programs/loop"));
  EXPECT_TRUE(generate_files(files({"/opt"}), context()));
  EXPECT_THAT(digests_in(at("/srv/lists/0-file_list-compact-mine")), ElementsAre(digest("data")));
}

TEST_F(Generate, a_package_file_becomes_its_header) {
  const auto package = make_package();
  GenerateRpm wish{.packages = {package.string()}, .output = outside("lists")};
  const auto made = generate_rpm(wish, context());
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_THAT(made->problems, HasSubstr("not signed"));
  const auto list = outside("lists") / "0-file_list-rpm-toy-1-2.noarch";
  EXPECT_THAT(digests_in(list), ElementsAre(digest("conf"), digest("program") + "!"));
  wish.compact = true;
  ASSERT_TRUE(generate_rpm(wish, context()));
  EXPECT_EQ(List::read(outside("lists") / "0-file_list-compact-toy-1-2.noarch")->uploaded(), List::read(list)->uploaded());
}

TEST_F(Generate, the_database_of_a_root_gives_a_list_of_each_package_and_drops_old_ones) {
  install(make_package());
  const auto stale = at("/etc/diglim/0-file_list-rpm-gone-1-1.noarch"), own = at("/etc/diglim/0-file_list-compact-own");
  put(stale, "old");
  put(own, "own");
  const auto made = generate_rpm({.packages = {}, .output = {}, .prune = true}, context());
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_TRUE(fs::exists(at("/etc/diglim/0-file_list-rpm-toy-1-2.noarch")));
  EXPECT_FALSE(fs::exists(stale));
  EXPECT_TRUE(fs::exists(own));
  EXPECT_EQ(generate_rpm({.packages = {"absent"}, .output = {}}, context()).error().kind(), ErrorKind::bad_input);
}

TEST_F(Generate, nothing_is_pruned_that_is_for_the_plugin_to_settle) {
  install(make_package());
  const auto gone = at("/usr/lib/diglim/0-file_list-rpm-gone-1-1.noarch");
  put(gone, "half installed");
  put(at("/usr/lib/diglim/.rpm/journal"), "+0-file_list-rpm-gone-1-1.noarch\n");
  const GenerateRpm wish{.packages = {}, .output = at("/usr/lib/diglim"), .prune = true};
  const auto refused = generate_rpm(wish, context());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::infra);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("diglim-reconcile"));
  EXPECT_TRUE(fs::exists(gone));
  fs::remove(at("/usr/lib/diglim/.rpm/journal"));
  EXPECT_THAT(generate_rpm(wish, context())->text, HasSubstr(gone.string() + ": removed, no such package is installed\n"));
  EXPECT_FALSE(fs::exists(gone));
}

TEST_F(Generate, lists_of_installed_packages_are_not_pruned_for_what_is_in_them) {
  put(outside("meta.spec"), "Name: meta\nVersion: 1\nRelease: 2\nSummary: t\nLicense: x\nBuildArch: noarch\n%description\n%files\n");
  run({"rpmbuild", "-bb", "--quiet", "--define", "_topdir " + outside("build").string(), "--define", "_rpmdir " + outside("rpms").string(),
       outside("meta.spec").string()});
  install(make_package());
  install(outside("rpms") / "noarch" / "meta-1-2.noarch.rpm");
  // As the plugin writes it, whatever it has of files, and one that goes before others.
  const auto list = at("/usr/lib/diglim/0-file_list-rpm-meta-1-2.noarch"), other = at("/usr/lib/diglim/7-file_list-rpm-toy-1-2.noarch");
  put(list, "header");
  put(other, "header");
  const auto made = generate_rpm({.packages = {}, .output = at("/usr/lib/diglim"), .prune = true}, context());
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_THAT(made->text, HasSubstr("1 without files"));
  EXPECT_FALSE(made->json.contains("removed")) << made->text;
  EXPECT_TRUE(fs::exists(list) && fs::exists(other));
}

TEST_F(Generate, what_a_package_left_behind_is_named_by_status) {
  install(make_package());
  ASSERT_TRUE(generate_rpm({.packages = {}, .output = at("/usr/lib/diglim")}, context()));
  put(at("/etc/diglim/0-file_list-rpm-mine-1-1.noarch"), get(sample_list));
  EXPECT_EQ(status(context())->status, exit_status::yes) << status(context())->text;
  const std::string list = "/usr/lib/diglim/" + sample_list_name;
  put(at(list), get(sample_list));
  const auto stale = status(context());
  EXPECT_EQ(stale->status, exit_status::no);
  EXPECT_EQ(stale->json.value("lists_without_package", nlohmann::json()), nlohmann::json({list}));
  fs::remove(at(list));
  put(at("/usr/lib/diglim/.rpm/journal"), "");
  const auto interrupted = status(context());
  EXPECT_EQ(interrupted->status, exit_status::no);
  EXPECT_EQ(interrupted->json.value("interrupted", nlohmann::json()), nlohmann::json({"/usr/lib/diglim"}));
  EXPECT_THAT(interrupted->text, HasSubstr("diglim-reconcile"));
}

TEST_F(Generate, a_mask_of_the_administrator_stays) {
  const auto package = make_package();
  const auto mask = at("/etc/diglim/0-file_list-rpm-toy-1-2.noarch");
  fs::create_symlink("/dev/null", mask);
  const auto made = generate_rpm({.packages = {package.string()}, .output = {}}, context());
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_THAT(made->problems, HasSubstr("masked"));
  EXPECT_EQ(fs::read_symlink(mask), "/dev/null");
  put(list(), "");
  put(at("/opt/b"), "data");
  EXPECT_EQ(generate_files(files({"/opt/b"}), context()).error().kind(), ErrorKind::bad_input);
  EXPECT_EQ(get(list()), "");
}

TEST_F(Generate, without_a_database_is_told) {
  const auto refused = generate_rpm({}, context());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::bad_input);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("no RPM database"));
}

TEST_F(Generate, unpackaged_finds_what_could_run_and_nobody_knows) {
  install(make_package());
  put(at("/usr/bin/toy"), "program", 0755);    // packaged
  put(at("/etc/toy.conf"), "#!/bin/changed");  // other content at a packaged path
  put(at("/usr/local/bin/script"), "#!/bin/sh\n");
  put(at("/usr/local/bin/mine"), "mine", 0755);
  put(at("/usr/local/lib/libmine.so.1"), "\177ELF...");
  put(at("/lib/modules/6/extra/m.ko.xz"), "xz");
  put(at("/usr/share/data"), "data");
  put(at("/usr/local/bin/listed"), "listed", 0755);
  put(at("/tmp/junk"), "junk", 0755);
  ASSERT_TRUE(generate_files(files({"/usr/local/bin/listed"}), context()));

  GenerateUnpackaged wish;
  wish.dry_run = true;
  const auto found = generate_unpackaged(wish, context());
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_EQ(
      found->text,
      "/etc/toy.conf: script, other content than in toy-1-2.noarch\n/lib/modules/6/extra/m.ko.xz: module\n/usr/local/bin/mine: program\n"
      "/usr/local/bin/script: script\n/usr/local/lib/libmine.so.1: library\n5 files in no list and no package\n");
  EXPECT_EQ(found->status, exit_status::no);

  wish.dry_run = false;
  EXPECT_EQ(generate_unpackaged(wish, context()).error().kind(), ErrorKind::usage);
  wish.ask = [](const Unpackaged& file) { return std::optional(file.kind == "script" && file.owner.empty()); };
  ASSERT_TRUE(generate_unpackaged(wish, context()));
  EXPECT_THAT(digests_in(at("/etc/diglim/0-file_list-compact-unpackaged")), ElementsAre(digest("#!/bin/sh\n")));
  wish.ask = nullptr;
  wish.yes = true;
  const auto rest = generate_unpackaged(wish, context());
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->json["found"].size(), 4u);
  // Where a list is expected, there is nothing else.
  wish.list.output = "-";
  const auto none = generate_unpackaged(wish, context());
  ASSERT_TRUE(none);
  EXPECT_EQ(none->text, "");
  EXPECT_EQ(none->problems, "0 files in no list and no package\n");
  // The list of before is extended, not replaced.
  EXPECT_EQ(digests_in(at("/etc/diglim/0-file_list-compact-unpackaged")).size(), 5u);
}

TEST_F(Generate, unpackaged_looks_at_a_file_as_it_does_at_those_in_a_directory) {
  put(at("/opt/program"), "program", 0755);
  put(at("/opt/notes"), "notes");
  fs::create_symlink("program", at("/opt/link"));
  GenerateUnpackaged wish;
  wish.dry_run = true;
  for (const char* path : {"/opt/program", "/opt/link"}) {
    wish.below = {path};
    const auto found = generate_unpackaged(wish, context());
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_EQ(found->text, "/opt/program: program\n1 file in no list and no package\n");
    EXPECT_EQ(found->status, exit_status::no);
  }
  wish.below = {"/opt/notes"};
  const auto none = generate_unpackaged(wish, context());
  ASSERT_TRUE(none) << none.error().to_string();
  EXPECT_EQ(none->text, "0 files in no list and no package\n");
  EXPECT_EQ(none->status, exit_status::yes);
  EXPECT_EQ(none->problems, "");
}

TEST_F(Generate, unpackaged_does_not_call_a_place_clean_that_it_cannot_look_at) {
  put(at("/opt/secret/program"), "program", 0755);
  ASSERT_EQ(::mkfifo(at("/opt/pipe").c_str(), 0644), 0);
  fs::permissions(at("/opt/secret"), fs::perms::none);
  fs::permissions(outside(""), fs::perms(0755));
  GenerateUnpackaged wish;
  wish.dry_run = true;
  wish.below = {"/opt/pipe"};
  const auto pipe = generate_unpackaged(wish, context());
  ASSERT_FALSE(pipe);
  EXPECT_EQ(pipe.error().kind(), ErrorKind::bad_input);
  const OtherUser other;
  if (!other) GTEST_SKIP() << "not on this machine: no other user";
  wish.below = {"/opt/secret"};
  const auto refused = generate_unpackaged(wish, context());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("Permission denied"));
}

}  // namespace
}  // namespace diglim::tool
