// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/predict.h"

#include <gmock/gmock.h>

#include "attest/hash.h"
#include "format/header_builder.h"
#include "os/cpio.h"
#include "tool/boot_parameters.h"
#include "tool/list.h"
#include "tool/load.h"
#include "tool/test_system.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class Prediction : public TestSystem {
 protected:
  static std::string compact(const std::vector<std::string>& contents) {
    std::vector<std::string> digests;
    for (const auto& content : contents) digests.push_back(tool::digest_of(content, default_algorithm())->bytes);
    return encode({{.type = file, .modifiers = 0, .algorithm = 4, .digests = digests}});
  }
  /// An initramfs of these files.
  fs::path initramfs(const std::map<std::string, std::string>& files) {
    std::vector<diglab::CpioEntry> entries;
    for (const auto& [path, content] : files) entries.push_back({.path = path, .mode = 0100644, .content = content});
    put(outside("initrd"), *diglab::cpio_of(entries));
    return outside("initrd");
  }
  /// What is measured, in order, in a boot that begins in the initramfs.
  std::vector<std::string> measured(const std::map<std::string, std::string>& files, const std::string& more_words = "",
                                    const std::string& new_root = "") {
    const auto boot = BootParameters::parse("ima_policy=exec_tcb|diglim " + more_words);
    auto early = EarlyRoot::unpack({{initramfs(files)}}, boot, processes_);
    EXPECT_TRUE(early) << early.error().to_string();
    if (!new_root.empty()) early->new_root = new_root;
    const auto log = predict_log(boot, Root(root()), *std::move(early));
    EXPECT_TRUE(log) << log.error().to_string();
    std::vector<std::string> paths;
    for (const auto& entry : log->entries) paths.push_back(entry.path());
    return paths;
  }
};

TEST_F(Prediction, the_pcr_is_predicted_as_the_kernel_extends_it) {
  put(at("/etc/diglim/0-file_list-compact-a"), compact({"a"}));
  const auto boot = BootParameters::parse("ima_policy=exec_tcb|diglim");
  const auto log = predict_log(boot, Root(root()));
  ASSERT_TRUE(log) << log.error().to_string();
  ASSERT_EQ(log->entries.size(), 1u);
  // By hand: little-endian lengths, "sha256:" NUL digest, path NUL.
  const auto digest = tool::digest_of(compact({"a"}), default_algorithm())->bytes;
  const std::string path("/etc/diglim/0-file_list-compact-a\0", 34);
  const auto length = [](std::size_t n) { return std::string{static_cast<char>(n), 0, 0, 0}; };
  const std::string data = length(40) + std::string("sha256:\0", 8) + digest + length(34) + path;
  const auto value =
      tool::digest_of(std::string(32, '\0') + tool::digest_of(data, default_algorithm())->bytes, default_algorithm())->to_string();
  const auto report = predict({.command_line = "ima_policy=exec_tcb|diglim", .bank = "sha256"}, context());
  ASSERT_TRUE(report);
  EXPECT_EQ("sha256-" + report->json["banks"]["sha256"].get<std::string>(), value);
  EXPECT_THAT(report->text, HasSubstr("11: 0x" + value.substr(7)));
}

TEST_F(Prediction, converted_lists_bring_the_uploader_and_what_it_uploads) {
  put(at("/usr/libexec/diglim/p"), "parser", 0755);
  fs::copy_file(sample_list, at("/etc/diglim/" + sample_list_name));
  const auto log = predict_log(BootParameters::parse("ima_policy=exec_tcb|diglim diglim.uploader=/usr/libexec/diglim/p"), Root(root()));
  ASSERT_TRUE(log) << log.error().to_string();
  ASSERT_EQ(log->entries.size(), 3u);
  EXPECT_EQ(log->entries[0].path(), "/usr/libexec/diglim/p");
  EXPECT_EQ(log->entries[1].path(), "/etc/diglim/" + sample_list_name);
  EXPECT_EQ(log->entries[2].path(), "add_buffer_" + sample_list_name);
  EXPECT_EQ(log->entries[2].template_name, "ima-buf");
}

TEST_F(Prediction, an_uploader_in_a_list_is_not_measured) {
  put(at("/usr/libexec/diglim/p"), "parser", 0755);
  put(at("/etc/diglim/0-file_list-compact-p"), compact({"parser"}));
  fs::copy_file(sample_list, at("/etc/diglim/" + sample_list_name));
  const auto log = predict_log(BootParameters::parse("ima_policy=exec_tcb|diglim diglim.uploader=/usr/libexec/diglim/p"), Root(root()));
  ASSERT_TRUE(log) << log.error().to_string();
  ASSERT_EQ(log->entries.size(), 3u);
  EXPECT_EQ(log->entries[0].path(), "/etc/diglim/0-file_list-compact-p");
  EXPECT_EQ(log->entries[1].path(), "/etc/diglim/" + sample_list_name);
}

TEST_F(Prediction, of_a_directory_that_is_marked_only_immutable_files_count) {
  const auto hex = [](const char* content) { return to_hex(tool::digest_of(content, default_algorithm())->bytes); };
  put(at("/etc/diglim/0-file_list-rpm-tool-1-1.noarch"),
      sample_package({{"/usr/bin/tool", hex("tool"), 0100755}, {"/etc/tool.conf", hex("setting"), 0100644}}).header());
  put(at("/usr/libexec/diglim/p"), "parser", 0755);
  put(at("/usr/bin/tool"), "tool", 0755);
  put(at("/etc/tool.conf"), "setting");
  const auto uploaded = [&] {
    const auto log = predict_log(BootParameters::parse("ima_policy=exec_tcb|diglim diglim.uploader=/usr/libexec/diglim/p"), Root(root()));
    return log->entries.back().field("buf")->size();
  };
  const auto is_listed = [&](const char* path) { return !query({.what = {path}}, context())->json[0]["lists"].empty(); };
  EXPECT_EQ(uploaded(), 2 * (16u + 32u));
  EXPECT_TRUE(is_listed("/etc/tool.conf"));
  put(at("/etc/diglim/.immutable"), "");
  EXPECT_EQ(uploaded(), 16u + 32u);
  EXPECT_TRUE(is_listed("/usr/bin/tool"));
  EXPECT_FALSE(is_listed("/etc/tool.conf"));
}

TEST_F(Prediction, under_appraisal_the_log_holds_what_was_signed) {
  fs::copy_file(sample_list, at("/etc/diglim/" + sample_list_name));
  put(at("/usr/libexec/diglim/p"), "parser", 0755);
  const auto log = predict_log(
      BootParameters::parse("ima_policy=exec_tcb|diglim|appraise_diglim ima_template=ima-modsig diglim.uploader=/usr/libexec/diglim/p"),
      Root(root()));
  ASSERT_TRUE(log) << log.error().to_string();
  const auto list = List::read(sample_list);
  const auto& entry = log->entries.at(1);
  EXPECT_EQ(*entry.field("modsig"), diglab::Bytes(list->parts().signature.begin(), list->parts().signature.end()));
  // A signature of version 4 says itself how its digest begins: in the two bytes before the 386 of an RSA number of 3072 bits.
  const auto digest = *entry.field("d-modsig");
  const auto signature = list->parts().signature;
  ASSERT_EQ(digest.size(), 8u + 32u);
  EXPECT_EQ(to_hex(ByteView(digest).subspan(8, 2)), to_hex(signature.subspan(signature.size() - 386 - 2, 2)));
}

TEST_F(Prediction, a_boot_that_cannot_be_foretold_is_refused) {
  for (const char* words :
       {"", "ima_policy=tcb", "ima_policy=exec_tcb|diglim ima_template=d|n", "ima_policy=exec_tcb|diglim ima_hash=crc32"})
    EXPECT_EQ(predict_log(BootParameters::parse(words), Root(root())).error().kind(), ErrorKind::bad_input) << words;
}

const std::string dracut_hook = "usr/lib/dracut/hooks/pre-pivot/10-load-lists.sh", initramfs_tools_hook = "scripts/init-bottom/diglim";

TEST_F(Prediction, lists_of_the_root_come_after_those_of_the_initramfs) {
  put(at("/usr/lib/diglim/0-file_list-compact-both"), compact({"both"}));
  put(at("/usr/lib/diglim/0-file_list-compact-root"), compact({"root"}));
  std::map<std::string, std::string> files = {{"usr/lib/diglim/0-file_list-compact-both", compact({"both"})},
                                              {"usr/lib/diglim/0-file_list-compact-early", compact({"early"})},
                                              {dracut_hook, ""}};
  const std::string both = "/usr/lib/diglim/0-file_list-compact-both", early = "/usr/lib/diglim/0-file_list-compact-early",
                    root = "/usr/lib/diglim/0-file_list-compact-root";
  // A list that is there already is read and so measured, as the file at that path.
  EXPECT_THAT(measured(files), ElementsAre(both, early, "/sysroot" + both, "/sysroot" + root));
  EXPECT_THAT(measured(files, "rd.diglim=0"), ElementsAre(both, early));
  // At the same path it would be the same entry.
  EXPECT_THAT(measured(files, "", "/"), ElementsAre(both, early, root));
  files.erase(dracut_hook);
  EXPECT_THAT(measured(files), ElementsAre(both, early));
  files[initramfs_tools_hook] = "";
  EXPECT_THAT(measured(files), ElementsAre(both, early, "/root" + both, "/root" + root));
}

TEST_F(Prediction, the_converter_in_the_initramfs_uploads_no_list_twice) {
  const auto header = get(sample_list);
  put(at("/usr/lib/diglim/" + sample_list_name), header);
  put(at("/usr/lib/diglim/0-file_list-rpm-other-1-1.noarch"), sample_package({{"/usr/bin/other", std::string(64, 'a'), 0100755}}).header());
  const std::string parser = "/usr/libexec/diglim/diglim-parser";
  EXPECT_THAT(measured({{"usr/lib/diglim/" + sample_list_name, header}, {parser.substr(1), "parser"}, {dracut_hook, ""}}),
              ElementsAre(parser, "/usr/lib/diglim/" + sample_list_name, "add_buffer_" + sample_list_name,
                          "/sysroot/usr/lib/diglim/" + sample_list_name, "/sysroot/usr/lib/diglim/0-file_list-rpm-other-1-1.noarch",
                          "add_buffer_0-file_list-rpm-other-1-1.noarch"));
  // Nobody can convert a list without it.
  const auto boot = BootParameters::parse("ima_policy=diglim");
  EXPECT_FALSE(predict_log(boot, Root(root())));
  EXPECT_TRUE(predict_log(BootParameters::parse("ima_policy=diglim diglim.uploader="), Root(root()))->entries.empty());
  EXPECT_FALSE(predict_log(boot, Root(root()), *EarlyRoot::unpack({{initramfs({{dracut_hook, ""}})}}, boot, processes_)));
}

TEST_F(Prediction, a_list_that_is_in_a_list_itself_is_recorded_by_its_content) {
  const auto inner = compact({"a"});
  put(at("/etc/diglim/0-file_list-compact-first"), compact({inner}));
  put(at("/etc/diglim/1-file_list-compact-second"), inner);
  const auto log = predict_log(BootParameters::parse("ima_policy=exec_tcb|diglim"), Root(root()));
  ASSERT_TRUE(log);
  ASSERT_EQ(log->entries.size(), 2u);
  EXPECT_EQ(log->entries[1].template_name, "ima-buf");
  EXPECT_EQ(log->entries[1].path(), "add_file_1-file_list-compact-second");
}

TEST_F(Prediction, a_list_behind_a_link_is_measured_where_it_is) {
  put(at("/opt/list"), compact({"a"}));
  fs::create_symlink("/opt/list", at("/etc/diglim/0-file_list-compact-linked"));
  const auto log = predict_log(BootParameters::parse("ima_policy=exec_tcb|diglim"), Root(root()));
  ASSERT_TRUE(log);
  EXPECT_EQ(log->entries.at(0).path(), "/opt/list");
}

TEST_F(Prediction, of_the_command_takes_an_initramfs_too) {
  put(at("/usr/lib/diglim/0-file_list-compact-root"), compact({"root"}));
  const auto image = initramfs({{"usr/lib/diglim/0-file_list-compact-early", compact({"early"})}});
  const auto entries = [&](const std::string& new_root) {
    const auto report = predict({.command_line = "ima_policy=diglim", .initramfs = {image}, .new_root = new_root}, context());
    EXPECT_TRUE(report) << report.error().to_string();
    return report->json["entries"].size();
  };
  EXPECT_EQ(entries(""), 1u);
  EXPECT_EQ(entries("/mnt"), 2u);
  EXPECT_EQ(predict({.command_line = "ima_policy=diglim", .initramfs = {outside("none")}}, context()).error().kind(), ErrorKind::infra);
}

}  // namespace
}  // namespace diglim::tool
