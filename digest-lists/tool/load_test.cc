// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/load.h"

#include <gmock/gmock.h>

#include "attest/hash.h"
#include "format/header_builder.h"
#include "interface/directory_lock.h"
#include "tool/boot_parameters.h"
#include "tool/diff.h"
#include "tool/list.h"
#include "tool/metadata_digest.h"
#include "tool/policy.h"
#include "tool/test_system.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Loading : public TestSystem {
 protected:
  static std::string compact(std::vector<std::string> contents, std::uint16_t modifiers = 0) {
    std::vector<std::string> digests;
    for (const auto& content : contents) digests.push_back(tool::digest_of(content, default_algorithm())->bytes);
    return encode({{.type = file, .modifiers = modifiers, .algorithm = 4, .digests = digests}});
  }
  /// As if the kernel had it.
  void put_loaded(const std::string& label, const std::string& content, unsigned actions) {
    const auto entry =
        kernel_directory() / "digest_lists_loaded" / (tool::digest_of(content, default_algorithm())->to_string() + "-" + label);
    put(entry, content);
    put(entry.string() + ".ascii",
        "actions: " + std::to_string(actions) + ", version: 1, algo: sha256, type: 1, modifiers: 0, count: 1, datalen: 32\n");
  }
  [[nodiscard]] std::string written(const char* file) const { return get(kernel_directory() / file); }
};

TEST_F(Loading, gives_the_kernel_the_path) {
  put(at("/etc/diglim/0-file_list-compact-a"), compact({"a"}));
  const auto path = at("/etc/diglim/0-file_list-compact-a");
  const auto loaded = load({.lists = {path}}, running());
  ASSERT_TRUE(loaded) << loaded.error().to_string();
  EXPECT_EQ(loaded->text, "1 of 1 lists loaded\n");
  EXPECT_EQ(written("digest_list_add"), path.string() + "\n");
  ASSERT_TRUE(load({.lists = {path}, .unload = true}, running()));
  EXPECT_EQ(written("digest_list_del"), path.string() + "\n");
}

TEST_F(Loading, gives_headers_of_packages_to_the_parser) {
  const auto list = outside(sample_list_name), parser = outside("parser");
  fs::copy_file(sample_list, list);
  put(parser, "#!/bin/sh\necho \"$@\" > " + outside("asked").string() + "\n", 0755);
  const auto loaded = load({.lists = {list}, .parser = parser}, running());
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->status, exit_status::yes);
  EXPECT_EQ(get(outside("asked")), "add " + list.string() + "\n");
  put(parser, "#!/bin/sh\necho no >&2\nexit 1\n", 0755);
  const auto refused = load({.lists = {list}, .parser = parser}, running());
  EXPECT_EQ(refused->status, exit_status::refused);
  EXPECT_EQ(refused->problems, list.string() + ": refused: no\n");
}

TEST_F(Loading, starts_the_parser_once_for_the_headers_of_a_directory) {
  std::vector<fs::path> lists;
  for (const char* name : {"one/0-file_list-rpm-a", "one/0-file_list-rpm-b", "two/0-file_list-rpm-a", "two/0-file_list-rpm-b"}) {
    lists.push_back(outside(name));
    fs::create_directories(lists.back().parent_path());
    fs::copy_file(sample_list, lists.back());
  }
  put(outside("two/0-file_list-compact-c"), compact({"c"}));
  lists.insert(lists.begin() + 3, outside("two/0-file_list-compact-c"));
  const auto parser = outside("parser");
  put(parser, "#!/bin/sh\necho \"$@\" >> " + outside("asked").string() + "\n", 0755);
  for (const bool unload : {false, true}) {
    const auto report = load({.lists = lists, .parser = parser, .unload = unload}, running());
    ASSERT_TRUE(report);
    EXPECT_THAT(report->text, testing::StartsWith("5 of 5 lists "));
  }
  const auto each = [&](const std::string& word) {
    return word + " " + lists[0].string() + " " + lists[1].string() + "\n" + word + " " + lists[2].string() + "\n" + word + " " + lists[4].string() + "\n";
  };
  EXPECT_EQ(get(outside("asked")), each("add") + each("del"));
}

TEST_F(Loading, names_those_of_many_headers_that_the_parser_refuses) {
  std::vector<fs::path> lists;
  for (int i = 0; i < 9; ++i) {
    lists.push_back(outside("0-file_list-rpm-" + std::to_string(i)));
    fs::copy_file(sample_list, lists.back());
  }
  const auto parser = outside("parser");
  // Like the real one it tries all, and is killed over one of them.
  put(parser, "#!/bin/sh\nstatus=0\nfor list; do case $list in *-3) echo \"$list: no\" >&2; status=1;; *-7) kill -9 $$;; *) echo \"$list\" >> " +
                  outside("asked").string() + ";; esac; done\nexit $status\n", 0755);
  const auto report = load({.lists = lists, .parser = parser}, running());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->status, exit_status::refused);
  EXPECT_EQ(report->text, "7 of 9 lists loaded\n");
  EXPECT_EQ(report->problems, lists[3].string() + ": refused: " + lists[3].string() + ": no\n" + lists[7].string() + ": refused: " + parser.string() +
                                  " was killed by signal 9\n");
  EXPECT_EQ(report->json[3]["state"], "refused");
  EXPECT_EQ(report->json[8]["state"], "loaded");
  EXPECT_THAT(get(outside("asked")), HasSubstr(lists[8].string()));
  fs::remove(parser);
  const auto none = load({.lists = {lists[0], lists[1]}, .parser = parser}, running());
  EXPECT_EQ(none->text, "0 of 2 lists loaded\n");
  EXPECT_THAT(none->problems, HasSubstr(lists[1].string() + ": refused: cannot run " + parser.string() + ": No such file"));
}

TEST_F(Loading, has_the_lock_of_rpms_lists_as_long_as_the_parser_runs) {
  const auto list = outside(sample_list_name), parser = outside("parser"), lock = at("/usr/lib/diglim/.rpm/lock");
  fs::copy_file(sample_list, list);
  put(parser, "#!/bin/sh\nreadlink /proc/self/fd/0 > " + outside("asked").string() + "\nflock --nonblock " + lock.string() + " true && echo free >> " +
                  outside("asked").string() + "\nexit 0\n", 0755);
  EXPECT_EQ(load({.lists = {list}, .parser = parser}, context())->text, "1 of 1 lists loaded\n");
  EXPECT_EQ(get(outside("asked")), "/dev/null\n");  // There is no directory that rpm keeps lists in.
  fs::create_directories(lock.parent_path());
  EXPECT_EQ(load({.lists = {list}, .parser = parser}, context())->text, "1 of 1 lists loaded\n");
  EXPECT_EQ(get(outside("asked")), lock.string() + "\n");
  EXPECT_TRUE(DirectoryLock(at("/usr/lib/diglim"), [] { ADD_FAILURE() << "it is still held"; }));
}

TEST_F(Loading, calls_a_list_behind_a_link_by_the_name_of_the_link) {
  put(at("/srv/own"), compact({"own"}));
  const auto link = at("/etc/diglim/0-file_list-compact-own");
  fs::create_symlink(at("/srv/own"), link);
  ASSERT_TRUE(load({.lists = {link}}, running()));
  EXPECT_EQ(written("digest_list_add"), link.string() + "\n");
  ASSERT_TRUE(load({.lists = {link}, .unload = true}, running()));
  EXPECT_EQ(written("digest_list_del"), link.string() + "\n");
  // Other links on the way say nothing of the list.
  fs::create_directory_symlink(at("/etc/diglim"), outside("lists"));
  ASSERT_TRUE(load({.lists = {outside("lists") / link.filename()}}, running()));
  EXPECT_EQ(written("digest_list_add"), link.string() + "\n");
}

TEST_F(Loading, calls_a_list_behind_a_link_of_a_root_by_the_name_of_the_link) {
  const auto parser = outside("parser");
  put(parser, "#!/bin/sh\nshift\nfor list; do basename $list; cmp $list " + at("/srv/header").string() + "; ls -A $(dirname $list); done > " +
                  outside("asked").string() + "\n", 0755);
  put(at("/srv/compact"), compact({"own"}));
  put(at("/srv/header"), get(sample_list));
  put(at("/etc/diglim/.immutable"), "");
  fs::create_symlink("/srv/compact", at("/etc/diglim/0-file_list-compact-own"));
  fs::create_symlink("../../srv/header", at("/etc/diglim/0-file_list-rpm-own"));
  const auto loaded = load({.parser = parser}, context());
  ASSERT_TRUE(loaded) << loaded.error().to_string();
  EXPECT_EQ(loaded->text, "2 of 2 lists loaded\n") << loaded->problems;
  EXPECT_EQ(loaded->json[0]["list"], at("/srv/compact").string());
  EXPECT_THAT(written("digest_list_add"), testing::EndsWith("/0-file_list-compact-own\n"));
  EXPECT_EQ(get(outside("asked")), "0-file_list-rpm-own\n.immutable\n0-file_list-rpm-own\n");
}

TEST_F(Loading, of_no_list_is_no_unloading) {
  EXPECT_EQ(load({.unload = true}, running()).error().kind(), ErrorKind::usage);
}

TEST_F(Loading, tries_every_list_and_says_which_was_refused) {
  put(outside("a"), compact({"a"}));
  put(outside("b"), compact({"b"}));
  // A directory in the place of the kernel's file refuses writes.
  fs::remove(kernel_directory() / "digest_list_add");
  fs::create_directory(kernel_directory() / "digest_list_add");
  const auto refused = load({.lists = {outside("a"), outside("b")}}, running());
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, exit_status::refused);
  EXPECT_EQ(refused->text, "0 of 2 lists loaded\n");
  EXPECT_THAT(refused->problems, testing::AllOf(HasSubstr("/a: refused"), HasSubstr("/b: refused")));
  EXPECT_EQ(load({.lists = {outside("none")}}, running()).error().kind(), ErrorKind::bad_input);
}

TEST_F(Loading, without_diglim_in_the_kernel_says_so) {
  fs::remove_all(kernel_directory());
  put(outside("a"), compact({"a"}));
  EXPECT_THAT(load({.lists = {outside("a")}}, running()).error().to_string(), HasSubstr("no DIGLIM"));
  EXPECT_THAT(query({.what = {outside("a").string()}}, running()).error().to_string(), HasSubstr("no DIGLIM"));
}

TEST_F(Loading, status_names_what_is_not_as_it_should_be) {
  put_loaded("0-file_list-compact-gone", compact({"gone"}), 5);
  const auto report = status(running());
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->status, exit_status::no);
  EXPECT_THAT(report->text,
              testing::AllOf(HasSubstr("1 parser, 2 file, 3 metadata and 4 list digests"),
                             HasSubstr("-0-file_list-compact-gone: loaded (measured, signature verified), but not installed")));
}

TEST_F(Loading, status_knows_a_list_by_its_content_under_any_name) {
  // The kernel keeps the first name: of a package before its upgrade, or of one of two packages with the same files.
  put_loaded("0-file_list-compact-a-1", compact({"same"}), 5);
  put(at("/etc/diglim/0-file_list-compact-a-2"), compact({"same"}));
  put(at("/usr/lib/diglim/0-file_list-compact-b"), compact({"same"}));
  const auto same = status_of({}, true, context());
  ASSERT_TRUE(same) << same.error().to_string();
  EXPECT_EQ(same->status, exit_status::yes) << same->text;
  put_loaded("0-file_list-compact-b", compact({"other"}), 5);
  const auto differs = status_of({}, true, context());
  ASSERT_TRUE(differs) << differs.error().to_string();
  EXPECT_EQ(differs->status, exit_status::no);
  EXPECT_THAT(differs->json["different"].dump(), HasSubstr("-0-file_list-compact-b"));
  EXPECT_FALSE(differs->json.contains("not_loaded")) << differs->text;
  put(at("/etc/diglim/0-file_list-compact-c"), compact({"missing"}));
  EXPECT_EQ(status_of({}, true, context())->json["not_loaded"], nlohmann::json({"/etc/diglim/0-file_list-compact-c"}));
}

TEST_F(Loading, status_of_a_root_is_about_its_files) {
  put(at("/etc/diglim/0-file_list-compact-a"), compact({"a"}));
  put(at("/etc/diglim/0-file_list-compact-bad"), "bad");
  const auto report = status(context());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->json["installed"], 2);
  EXPECT_EQ(report->status, exit_status::no);
  EXPECT_THAT(report->text, HasSubstr("0-file_list-compact-bad: "));
}

TEST_F(Loading, a_directory_of_lists_that_cannot_be_read_is_named) {
  put(at("/etc/diglim/0-file_list-compact-a"), compact({"a"}));
  fs::permissions(at("/etc/diglim"), fs::perms::none);
  fs::permissions(outside(""), fs::perms(0755));
  const OtherUser other;
  if (!other) GTEST_SKIP() << "not on this machine: no other user";
  for (const auto& refused : {status(context()), load({}, {.root = Root(root()), .kernel = running().kernel, .processes = processes_})}) {
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().to_string(), HasSubstr("/etc/diglim: cannot be listed: Permission denied"));
  }
  EXPECT_EQ(written("digest_list_add"), "");
}

TEST_F(Loading, a_query_of_a_root_is_answered_from_its_lists) {
  put(at("/usr/bin/known"), "known", 0755);
  put(at("/usr/bin/unsigned"), "unsigned", 0755);
  put(at("/usr/bin/unknown"), "unknown", 0755);
  put(at("/usr/lib/diglim/0-file_list-compact-signed"), append_signature(compact({"known"}, immutable), "signature", SignatureKind::pkcs7));
  put(at("/usr/lib/diglim/0-file_list-compact-not"), compact({"unsigned"}));
  const auto runs = query({.what = {"/usr/bin/known", tool::digest_of("known", default_algorithm())->to_string()}}, context());
  ASSERT_TRUE(runs) << runs.error().to_string();
  EXPECT_EQ(runs->status, exit_status::yes);
  EXPECT_THAT(runs->text, HasSubstr("as file, immutable, in /usr/lib/diglim/0-file_list-compact-signed"));
  EXPECT_EQ(runs->json.size(), 2u);
  EXPECT_EQ(query({.what = {"/usr/bin/unsigned"}}, context())->json[0]["why"], "no list that it is in has a verified signature");
  EXPECT_EQ(query({.what = {"/usr/bin/unknown"}}, context())->json[0]["why"], "it is in no list");
  EXPECT_EQ(query({.what = {"neither"}}, context()).error().kind(), ErrorKind::bad_input);
}

TEST_F(Loading, a_query_looks_for_metadata_as_the_kernel_does) {
  put(at("/opt/program"), "program", 0755);
  put(at("/opt/writable"), "program", 0775);
  const auto digest = metadata_digest_of(at("/opt/program"), default_algorithm());
  ASSERT_TRUE(digest) << digest.error().to_string();
  const auto list = encode({{.type = metadata, .modifiers = 0, .algorithm = 4, .digests = {digest->bytes}}});
  const auto path = at("/etc/diglim/0-metadata_list-compact-own");
  put(path, append_signature(list, "signature", SignatureKind::pkcs7));
  const auto answers = query({.what = {"/opt/program", "/opt/writable", digest->to_string()}}, context());
  ASSERT_TRUE(answers) << answers.error().to_string();
  EXPECT_TRUE(answers->json[0]["runs"].get<bool>()) << answers->text;
  EXPECT_FALSE(answers->json[0]["measured"].get<bool>());
  EXPECT_THAT(answers->text, HasSubstr("as metadata in /etc/diglim/0-metadata_list-compact-own"));
  EXPECT_EQ(answers->json[1]["why"], "it is in no list");
  EXPECT_TRUE(answers->json[1]["measured"].get<bool>());
  // Of a content with that digest nothing is said.
  EXPECT_EQ(answers->json[2]["why"], "it is listed, but not as a file");
  put(path, list);
  EXPECT_EQ(query({.what = {"/opt/program"}}, context())->json[0]["why"], "no list that it is in has a verified signature");
}

TEST_F(Loading, a_difference_has_a_sign_and_a_path_if_it_is_known) {
  put(outside("a"), compact({"same", "old", "fixed"}));
  put(outside("b"),
      encode({{.type = file,
               .modifiers = 0,
               .algorithm = 4,
               .digests = {tool::digest_of("same", default_algorithm())->bytes, tool::digest_of("new", default_algorithm())->bytes}},
              {.type = file, .modifiers = immutable, .algorithm = 4, .digests = {tool::digest_of("fixed", default_algorithm())->bytes}}}));
  const auto differ = diff({.before = outside("a").string(), .after = outside("b").string()}, context());
  ASSERT_TRUE(differ);
  EXPECT_EQ(differ->status, exit_status::no);
  EXPECT_EQ(differ->json["removed"].size(), 1u);
  EXPECT_EQ(differ->json["added"].size(), 1u);
  EXPECT_EQ(differ->json["changed"][0]["modifiers"], immutable);
  const auto same = diff({.before = outside("a").string(), .after = outside("a").string()}, context());
  EXPECT_EQ(same->status, exit_status::yes);
  EXPECT_EQ(same->text, "");
  // A directory is what all lists in it allow.
  fs::create_directories(outside("lists"));
  fs::copy_file(sample_list, outside("lists") / sample_list_name);
  EXPECT_EQ(diff({.before = outside("lists").string(), .after = sample_list.string()}, context())->status, exit_status::yes);
  EXPECT_THAT(diff({.before = outside("a").string(), .after = sample_list.string()}, context())->text, HasSubstr("libgcc_s.so.1"));
}

TEST_F(Loading, of_a_marked_directory_a_difference_knows_what_counts) {
  const auto digest = [](const std::string& content) { return to_hex(tool::digest_of(content, default_algorithm())->bytes); };
  const auto header =
      sample_package({{"/usr/bin/program", digest("program"), 0100755}, {"/etc/settings", digest("settings"), 0100644}}).header();
  for (const char* directory : {"all", "marked"}) put(outside(directory) / "0-file_list-rpm-package-1-1.noarch", header);
  put(outside("marked/.immutable"), "");
  const auto differ = diff({.before = outside("all").string(), .after = outside("marked").string()}, context());
  ASSERT_TRUE(differ) << differ.error().to_string();
  EXPECT_EQ(differ->text, "- file sha256-" + digest("settings") + " /etc/settings\n");
}

TEST(BootParameters, are_read_as_the_kernel_does) {
  const auto boot = BootParameters::parse(
      "root=/dev/vda \"ima_policy=exec_tcb|tmpfs diglim\" ima_template=ima-modsig diglim.dirs=/a,/b ima_diglim_pcr=12 ima_hash=sha512 "
      "ima_appraise=log");
  EXPECT_TRUE(boot.has("exec_tcb") && boot.has("tmpfs") && boot.measures_by_lists());
  EXPECT_FALSE(boot.appraises_by_lists());
  EXPECT_THAT(boot.directories, testing::ElementsAre("/a", "/b"));
  EXPECT_EQ(boot.pcr, 12u);
  EXPECT_EQ(boot.file_hash, "sha512");
  EXPECT_TRUE(boot.loads_of_root);
  EXPECT_FALSE(BootParameters::parse("rd.diglim=0").loads_of_root);
  for (const char* wrong : {"ima_diglim_pcr=24", "ima_diglim_pcr=10", "ima_diglim_pcr=x", "ima_diglim_pcr="})
    EXPECT_EQ(BootParameters::parse(wrong).pcr, 11u) << wrong;
  EXPECT_TRUE(BootParameters::parse("diglim.dirs=").directories.empty());
  for (const char* wrong : {"diglim.dirs=/a,b", "diglim.dirs=/a,", "diglim.dirs=/a,,/b", "diglim.dirs=/1,/2,/3,/4,/5,/6,/7,/8,/9"})
    EXPECT_EQ(BootParameters::parse(wrong).directories, BootParameters().directories) << wrong;
  EXPECT_EQ(BootParameters::parse("diglim.uploader=p").uploader, BootParameters().uploader);
  EXPECT_EQ(BootParameters::parse("diglim.uploader=").uploader, "");
  EXPECT_EQ(BootParameters::parse("ima_hash=sha384 ima_hash=sha512").file_hash, "sha384");
  EXPECT_FALSE(BootParameters::parse("-- ima_policy=diglim").measures_by_lists());
  EXPECT_FALSE(BootParameters::parse("lsm=lockdown,ima").has_lsm);
  EXPECT_TRUE(BootParameters::parse("lsm=lockdown,diglim").has_lsm);
}

TEST(APolicy, is_told_from_rules_and_from_the_command_line) {
  const auto rules = Policy::of_rules("measure func=BPRM_CHECK use_diglim pcr=11\nappraise func=MODULE_CHECK use_diglim\n");
  EXPECT_TRUE(rules.measures);
  EXPECT_FALSE(rules.appraises);
  EXPECT_TRUE(Policy::of_rules("appraise func=BPRM_CHECK fowner=0 use_diglim appraise_type=imasig\n").appraises);
  EXPECT_TRUE(Policy::of_rules("appraise func=BPRM_CHECK use_diglim appraise_type=imasig|modsig\n").wants_signatures);
  EXPECT_FALSE(Policy::of_rules("appraise func=BPRM_CHECK use_diglim\nappraise func=MODULE_CHECK use_diglim appraise_type=imasig\n").wants_signatures);
  EXPECT_FALSE(Policy::of(BootParameters::parse("ima_policy=appraise_tcb|appraise_diglim")).wants_signatures);
  EXPECT_FALSE(Policy::of(BootParameters::parse("ima_policy=appraise_diglim")).appraises);
  EXPECT_TRUE(Policy::of(BootParameters::parse("ima_policy=appraise_exec_tcb|appraise_diglim")).appraises);
}

}  // namespace
}  // namespace diglim::tool
