// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/predict.h"

#include <gmock/gmock.h>

#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <map>
#include <utility>

#include "attest/hash.h"
#include "format/header_builder.h"
#include "os/cpio.h"
#include "tool/boot_parameters.h"
#include "tool/list.h"
#include "tool/load.h"
#include "tool/metadata_digest.h"
#include "tool/test_system.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class Prediction : public TestSystem {
 protected:
  static std::string compact(const std::vector<std::string>& contents, Type type = file) {
    std::vector<std::string> digests;
    for (const auto& content : contents) digests.push_back(tool::digest_of(content, default_algorithm())->bytes);
    return encode({{.type = type, .modifiers = 0, .algorithm = 4, .digests = digests}});
  }
  /// A parser that the kernel takes for one, and a package's header for it.
  void install_parser() {
    put(at(parser_path), "parser", 0755);
    put(at("/etc/diglim/" + parser_list), compact({"parser"}, parser));
    fs::copy_file(sample_list, at("/etc/diglim/" + sample_list_name));
  }
  Result<diglab::ImaLog> foretell(const std::string& command_line) {
    return predict_log(BootParameters::parse(command_line), Root(root()), std::nullopt, attributes_);
  }
  /// What is measured, in order.
  std::vector<std::string> foretold(const std::string& more_words = "") {
    const auto log = foretell("ima_policy=exec_tcb|diglim " + more_words);
    EXPECT_TRUE(log) << log.error().to_string();
    return log ? paths_of(*log) : std::vector<std::string>();
  }
  /// Why nothing is foretold.
  std::string refused(const std::string& command_line) {
    const auto log = foretell(command_line);
    if (log) return "(not refused)";
    EXPECT_EQ(log.error().kind(), ErrorKind::bad_input) << log.error().to_string();
    return log.error().to_string();
  }
  static std::vector<std::string> paths_of(const diglab::ImaLog& log) {
    std::vector<std::string> paths;
    for (const auto& entry : log.entries) paths.push_back(entry.path());
    return paths;
  }
  /// An attribute that only a privileged user could set.
  void label(const std::string& path, const std::string& name, const diglab::Bytes& value) { labels_[{at(path), name}] = value; }
  static diglab::Bytes signature(std::uint8_t algorithm) { return {3, 2, algorithm, 1, 2, 3, 4, 0, 2, 7, 7}; }

  const std::string parser_path = "/usr/libexec/diglim/diglim-parser", parser_list = "0-parser_list-compact-parser";
  std::map<std::pair<fs::path, std::string>, diglab::Bytes> labels_;
  const ReadAttribute attributes_ = [this](const fs::path& file, const std::string& name) -> Result<diglab::Bytes> {
    const auto found = labels_.find({file, name});
    return found == labels_.end() ? diglab::Bytes() : found->second;
  };
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
    return paths_of(*log);
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
  install_parser();
  const auto log = foretell("ima_policy=exec_tcb|diglim");
  ASSERT_TRUE(log) << log.error().to_string();
  EXPECT_THAT(paths_of(*log),
              ElementsAre("/etc/diglim/" + parser_list, parser_path, "/etc/diglim/" + sample_list_name, "add_buffer_" + sample_list_name));
  EXPECT_EQ(log->entries[3].template_name, "ima-buf");
  EXPECT_THAT(foretold("diglim.uploader="), ElementsAre("/etc/diglim/" + parser_list));
}

TEST_F(Prediction, an_uploader_in_a_list_is_not_measured) {
  install_parser();
  put(at("/etc/diglim/0-file_list-compact-p"), compact({"parser"}));
  EXPECT_THAT(foretold(), ElementsAre("/etc/diglim/0-file_list-compact-p", "/etc/diglim/" + parser_list, "/etc/diglim/" + sample_list_name,
                                      "add_buffer_" + sample_list_name));
}

TEST_F(Prediction, an_uploader_that_the_kernel_does_not_know_reads_unseen) {
  install_parser();
  // Its directory has the kernel look at it, and if there is no rule for programs.
  put(at("/etc/diglim/" + parser_list), compact({"another parser"}, parser));
  EXPECT_THAT(foretold(), ElementsAre("/etc/diglim/" + parser_list, parser_path, "add_buffer_" + sample_list_name));
  EXPECT_THAT(paths_of(*foretell("ima_policy=diglim")), testing::SizeIs(3));
  put(at("/etc/diglim/" + parser_list), compact({"parser"}, parser));
  EXPECT_THAT(foretold("lsm=lockdown,apparmor"), ElementsAre("/etc/diglim/" + parser_list, parser_path, "add_buffer_" + sample_list_name));
  EXPECT_THAT(paths_of(*foretell("ima_policy=diglim lsm=lockdown")), ElementsAre("/etc/diglim/" + parser_list, "add_buffer_" + sample_list_name));
  EXPECT_THAT(foretold("lsm=lockdown,diglim"), testing::SizeIs(4));
}

TEST_F(Prediction, an_uploader_is_started_for_what_is_masked_or_not_for_it) {
  put(at(parser_path), "parser", 0755);
  put(at("/etc/diglim/0-file_list-rpm-masked"), "");
  EXPECT_THAT(foretold(), ElementsAre(parser_path));
  put(at("/etc/diglim/0-file_list-rpm-masked"), "no header");
  fs::rename(at("/etc/diglim/0-file_list-rpm-masked"), at("/etc/diglim/0-file_list-deb-other"));
  EXPECT_THAT(foretold(), ElementsAre(parser_path));
}

TEST_F(Prediction, an_uploader_behind_a_link_is_measured_where_it_is) {
  install_parser();
  fs::create_directories(at("/opt/diglim"));
  fs::rename(at(parser_path), at("/opt/diglim/diglim-parser"));
  fs::create_symlink("/opt/diglim/diglim-parser", at(parser_path));
  EXPECT_EQ(foretold()[1], "/opt/diglim/diglim-parser");
}

TEST_F(Prediction, the_parser_as_init_loads_what_the_kernel_left) {
  install_parser();
  const auto header = sample_package({{"/usr/bin/other", std::string(64, 'a'), 0100755}}).header();
  put(at("/usr/lib/diglim/1-file_list-rpm-other-1-1.noarch"), header);
  const std::string list = "/etc/diglim/" + sample_list_name, other = "/usr/lib/diglim/1-file_list-rpm-other-1-1.noarch";
  const auto add = [](const std::string& path) { return "add_buffer_" + fs::path(path).filename().string(); };
  // The kernel's uploader is run for one directory after the other, and init once for all.
  EXPECT_THAT(foretold(), ElementsAre("/etc/diglim/" + parser_list, parser_path, other, add(other), list, add(list)));
  const std::string as_init = "init=" + parser_path + " diglim_init=/usr/sbin/init ";
  EXPECT_THAT(foretold("diglim.uploader= " + as_init), ElementsAre("/etc/diglim/" + parser_list, parser_path, list, add(list), other, add(other)));
  // What is loaded changes nothing.
  EXPECT_THAT(foretold(as_init), ElementsAre("/etc/diglim/" + parser_list, parser_path, other, add(other), list, add(list)));
  // It knows its directories, whatever the kernel was told.
  EXPECT_THAT(foretold("diglim.dirs=/etc/diglim " + as_init), ElementsAre("/etc/diglim/" + parser_list, parser_path, list, add(list), other, add(other)));
  // What is behind "--" is for init.
  EXPECT_THAT(foretold("diglim.uploader= -- " + as_init), ElementsAre("/etc/diglim/" + parser_list));
  fs::create_directories(at("/sbin"));
  fs::create_symlink(parser_path, at("/sbin/init"));
  EXPECT_THAT(foretold("diglim.uploader= diglim_init=/usr/sbin/init"), testing::SizeIs(6));
  EXPECT_THAT(foretold("diglim.uploader= init=/usr/sbin/init"), testing::SizeIs(1));
}

TEST_F(Prediction, a_signature_in_an_attribute_is_logged_as_the_kernel_does) {
  const std::string path = "/etc/diglim/0-file_list-compact-a";
  put(at(path), compact({"a"}));
  const auto sig = [&](const char* words) {
    const auto log = foretell("ima_policy=exec_tcb|diglim " + std::string(words));
    EXPECT_TRUE(log) << log.error().to_string();
    return *log->entries.at(0).field("sig");
  };
  EXPECT_TRUE(sig("ima_template=ima-sig").empty());
  label(path, "security.ima", signature(6));
  EXPECT_EQ(sig("ima_template=ima-sig"), signature(6));
  EXPECT_EQ(sig("ima_template=ima-modsig"), signature(6));
  // Also where the log holds none: the digest is what was signed.
  EXPECT_EQ(foretell("ima_policy=exec_tcb|diglim")->entries.at(0).file_digest()->algorithm, "sha512");
  // A hash is none, but for what is signed of the metadata.
  const diglab::Bytes hash = {4, 5, 1, 2}, portable = {5, 2, 4}, hmac = {2, 1};
  label(path, "security.ima", hash);
  label(path, "security.evm", hmac);
  EXPECT_TRUE(sig("ima_template=ima-sig").empty());
  label(path, "security.evm", portable);
  EXPECT_EQ(sig("ima_template=ima-sig"), portable);
  EXPECT_EQ(foretell("ima_policy=exec_tcb|diglim")->entries.at(0).file_digest()->algorithm, "sha384");
}

TEST_F(Prediction, a_label_says_what_a_file_is_hashed_with) {
  const auto of = [](diglab::Bytes ima) { return (*Label{.ima = std::move(ima), .evm = {}}.algorithm(default_algorithm()))->name; };
  EXPECT_EQ(of({}), "sha256");
  EXPECT_EQ(of(signature(6)), "sha512");
  EXPECT_EQ(of({3, 2, 6}), "sha256");        // without a signature
  EXPECT_EQ(of({3, 1, 6, 0, 0, 0, 0, 0, 0, 0}), "sha256");  // of the first version
  EXPECT_EQ(of({6, 3, 5, 0, 0, 0, 0, 0, 0, 0}), "sha384");
  EXPECT_EQ(of(signature(250)), "sha256");
  EXPECT_EQ(of({4, 6}), "sha512");
  EXPECT_EQ(of({4, 250}), "sha256");
  diglab::Bytes old(21, 9);
  old[0] = 1;
  EXPECT_EQ(of(old), "sha1");
  std::fill(old.end() - 4, old.end(), std::uint8_t{0});
  EXPECT_EQ(of(old), "md5");
  old.resize(17);
  EXPECT_EQ(of(old), "md5");
  EXPECT_EQ(of({1, 1, 1}), "sha256");
}

TEST_F(Prediction, a_list_that_is_hashed_otherwise_is_known_by_that) {
  // The list of lists has the SHA-256 of the second, which the kernel does not calculate.
  const auto second = compact({"b"});
  put(at("/etc/diglim/0-file_list-compact-first"), compact({second}));
  put(at("/etc/diglim/1-file_list-compact-second"), second);
  EXPECT_THAT(foretold(), ElementsAre("/etc/diglim/0-file_list-compact-first", "add_file_1-file_list-compact-second"));
  label("/etc/diglim/1-file_list-compact-second", "security.ima", signature(6));
  EXPECT_THAT(foretold(), ElementsAre("/etc/diglim/0-file_list-compact-first", "/etc/diglim/1-file_list-compact-second"));
}

TEST_F(Prediction, a_label_on_the_file_system_is_found) {
  put(at("/etc/diglim/0-file_list-compact-a"), compact({"a"}));
  const auto value = signature(4);
  if (::setxattr(at("/etc/diglim/0-file_list-compact-a").c_str(), "security.ima", value.data(), value.size(), 0) != 0) GTEST_SKIP() << "not on this machine: for privileged users only";
  const auto log = predict_log(BootParameters::parse("ima_policy=diglim ima_template=ima-sig"), Root(root()));
  ASSERT_TRUE(log) << log.error().to_string();
  EXPECT_EQ(*log->entries.at(0).field("sig"), value);
}

TEST_F(Prediction, under_enforcement_every_list_needs_a_signature) {
  const std::string path = "/etc/diglim/0-file_list-compact-a", words = "ima_policy=exec_tcb|diglim|appraise_exec_tcb|appraise_diglim ";
  put(at(path), compact({"a"}));
  EXPECT_THAT(refused(words), HasSubstr(path + ": has no signature"));
  EXPECT_THAT(refused(words + "ima_appraise=off"), HasSubstr("ima_appraise=off"));
  EXPECT_TRUE(foretell(words + "ima_appraise=log"));
  label(path, "security.ima", signature(4));
  EXPECT_TRUE(foretell(words));
  label(path, "security.ima", {4, 4, 1});
  EXPECT_THAT(refused(words), HasSubstr("has no signature"));
  label(path, "security.evm", {5, 2, 4});
  EXPECT_TRUE(foretell(words));
  // The kernel cannot verify such an appended one (EdDSA), and takes it for none, or refuses the list.
  const std::string eddsa("\xc2\x0a\x04\x00\x16\x08\x00\x00\x00\x00\x00\x00", 12);
  put(at(path), append_signature(compact({"a"}), eddsa, SignatureKind::pgp));
  EXPECT_THAT(refused(words), HasSubstr("cannot verify"));
  EXPECT_TRUE(foretell("ima_policy=exec_tcb|diglim"));
}

TEST_F(Prediction, under_enforcement_the_parser_must_run) {
  install_parser();
  const std::string words = "ima_policy=exec_tcb|diglim|appraise_exec_tcb|appraise_diglim ";
  label("/etc/diglim/" + parser_list, "security.ima", signature(4));
  EXPECT_THAT(refused(words), HasSubstr(parser_path + ": is not signed and in no list"));
  EXPECT_TRUE(foretell(words + "ima_appraise=log"));
  label(parser_path, "security.ima", signature(4));
  EXPECT_TRUE(foretell(words));
  label(parser_path, "security.ima", {});
  put(at("/etc/diglim/0-file_list-compact-parser"), compact({"parser"}));
  label("/etc/diglim/0-file_list-compact-parser", "security.ima", signature(4));
  EXPECT_TRUE(foretell(words));
}

TEST_F(Prediction, metadata_in_a_list_hold_a_file_too) {
  const std::string path = "/etc/diglim/2-file_list-compact-a";
  put(at(path), compact({"a"}));
  const auto metadata_list = [&](const std::string& digest) {
    put(at("/etc/diglim/0-metadata_list-compact-m"), encode({{.type = metadata, .modifiers = 0, .algorithm = 4, .digests = {digest}}}));
  };
  metadata_list(std::string(32, 'x'));
  EXPECT_THAT(foretold(), ElementsAre("/etc/diglim/0-metadata_list-compact-m", path));
  metadata_list(metadata_digest_of(at(path), default_algorithm())->bytes);
  EXPECT_THAT(foretold(), ElementsAre("/etc/diglim/0-metadata_list-compact-m", "add_file_2-file_list-compact-a"));
}

TEST_F(Prediction, a_list_that_is_there_under_two_names_is_measured_once) {
  put(at("/etc/diglim/0-file_list-compact-a"), compact({"a"}));
  fs::create_hard_link(at("/etc/diglim/0-file_list-compact-a"), at("/etc/diglim/1-file_list-compact-a"));
  fs::copy_file(at("/etc/diglim/0-file_list-compact-a"), at("/etc/diglim/2-file_list-compact-a"));
  EXPECT_THAT(foretold(), ElementsAre("/etc/diglim/0-file_list-compact-a", "/etc/diglim/2-file_list-compact-a"));
}

TEST_F(Prediction, a_list_whose_name_the_kernel_cannot_show_is_measured_and_not_loaded) {
  const std::string base = "/etc/diglim/0-file_list-compact-", name(177 - 20, 'n');
  put(at("/etc/diglim/1-file_list-compact-last"), compact({"inner"}));
  put(at(base + name), compact({compact({"inner"})}));
  EXPECT_EQ(foretold().at(1), "add_file_1-file_list-compact-last");
  fs::rename(at(base + name), at(base + name + "n"));
  EXPECT_EQ(foretold().at(1), "/etc/diglim/1-file_list-compact-last");
}

TEST_F(Prediction, of_a_directory_that_is_marked_only_immutable_files_count) {
  const auto hex = [](const char* content) { return to_hex(tool::digest_of(content, default_algorithm())->bytes); };
  put(at("/etc/diglim/0-file_list-rpm-tool-1-1.noarch"),
      sample_package({{"/usr/bin/tool", hex("tool"), 0100755}, {"/etc/tool.conf", hex("setting"), 0100644}}).header());
  put(at(parser_path), "parser", 0755);
  put(at("/usr/bin/tool"), "tool", 0755);
  put(at("/etc/tool.conf"), "setting");
  const auto uploaded = [&] {
    const auto log = predict_log(BootParameters::parse("ima_policy=exec_tcb|diglim"), Root(root()));
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
  install_parser();
  const auto log = foretell("ima_policy=exec_tcb|diglim|appraise_diglim ima_appraise=log ima_template=ima-modsig");
  ASSERT_TRUE(log) << log.error().to_string();
  const auto list = List::read(sample_list);
  const auto& entry = log->entries.at(2);
  EXPECT_EQ(*entry.field("modsig"), diglab::Bytes(list->parts().signature.begin(), list->parts().signature.end()));
  // A signature of version 4 says itself how its digest begins: in the two bytes before the 386 of an RSA number of 3072 bits.
  const auto digest = *entry.field("d-modsig");
  const auto signature = list->parts().signature;
  ASSERT_EQ(digest.size(), 8u + 32u);
  EXPECT_EQ(to_hex(ByteView(digest).subspan(8, 2)), to_hex(signature.subspan(signature.size() - 386 - 2, 2)));
}

TEST_F(Prediction, a_boot_that_cannot_be_foretold_is_refused) {
  const std::string good = "ima_policy=exec_tcb|diglim ";
  EXPECT_TRUE(foretell(good));
  EXPECT_THAT(refused(""), HasSubstr("without 'diglim'"));
  EXPECT_THAT(refused("ima_policy=tcb"), HasSubstr("without 'diglim'"));
  EXPECT_THAT(refused("ima_policy=tcb|diglim"), HasSubstr("what root reads"));
  EXPECT_THAT(refused("ima_tcb " + good), HasSubstr("what root reads"));
  EXPECT_TRUE(foretell(good + "ima_tcb ima_policy=tcb"));  // the first counts
  EXPECT_THAT(refused(good + "ima_template=d|n"), HasSubstr("expected ima-ng"));
  EXPECT_THAT(refused(good + "ima_template_fmt=d-ng|n-ng"), HasSubstr("expected ima-ng"));
  EXPECT_TRUE(foretell(good + "ima_template=ima-sig ima_template=ima"));
  EXPECT_THAT(refused(good + "ima_hash=crc32"), HasSubstr("crc32"));
  EXPECT_THAT(refused(good + "root=UUID=0-1"), HasSubstr("root=UUID=0-1: the boot begins in an initramfs"));
  EXPECT_THAT(refused(good + "initrd=/initrd.img"), HasSubstr("begins in an initramfs"));
  EXPECT_TRUE(foretell(good + "root=/dev/vda rdinit=/none"));
}

TEST_F(Prediction, a_program_or_policy_of_others_is_refused) {
  install_parser();
  put(at("/usr/libexec/diglim/hex_parser"), "program", 0755);
  EXPECT_THAT(refused("ima_policy=diglim diglim.uploader=/usr/libexec/diglim/hex_parser"), HasSubstr("hex_parser: what this program makes of lists"));
  for (const char* policy : {"/etc/ima/ima-policy", "/etc/sysconfig/ima-policy"}) {
    put(at(policy), "");
    EXPECT_THAT(refused("ima_policy=diglim"), HasSubstr(policy));
    fs::remove(at(policy));
  }
}

TEST_F(Prediction, of_lists_that_are_mounted_later_is_refused) {
  const auto elsewhere = diglab::TempDir::make("/dev/shm", "diglim-test");
  struct ::stat here {}, there {};
  if (!elsewhere || ::stat("/", &here) != 0 || ::stat(elsewhere->path().c_str(), &there) != 0 || here.st_dev == there.st_dev)
    GTEST_SKIP() << "not on this machine: /dev/shm is no file system of its own";
  const auto log = predict_log(BootParameters::parse("ima_policy=diglim diglim.dirs=" + elsewhere->path().string()), Root());
  ASSERT_FALSE(log);
  EXPECT_THAT(log.error().to_string(), HasSubstr("on another file system"));
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
  const std::string own = "usr/lib/diglim/" + parser_list;
  EXPECT_THAT(measured({{"usr/lib/diglim/" + sample_list_name, header}, {own, compact({"parser"}, parser)}, {parser_path.substr(1), "parser"}, {dracut_hook, ""}}),
              ElementsAre("/" + own, parser_path, "/usr/lib/diglim/" + sample_list_name, "add_buffer_" + sample_list_name,
                          "/sysroot/usr/lib/diglim/" + sample_list_name, "/sysroot/usr/lib/diglim/0-file_list-rpm-other-1-1.noarch",
                          "add_buffer_0-file_list-rpm-other-1-1.noarch"));
  // The hook needs no word of the kernel's.
  EXPECT_THAT(measured({{parser_path.substr(1), "parser"}, {own, compact({"parser"}, parser)}, {dracut_hook, ""}}, "diglim.uploader="), testing::SizeIs(6));
  // Nobody can convert a list without it.
  const auto boot = BootParameters::parse("ima_policy=diglim");
  EXPECT_FALSE(predict_log(boot, Root(root())));
  EXPECT_TRUE(predict_log(BootParameters::parse("ima_policy=diglim diglim.uploader="), Root(root()))->entries.empty());
  std::optional<EarlyRoot> early = *EarlyRoot::unpack({{initramfs({{dracut_hook, ""}})}}, boot, processes_);
  EXPECT_FALSE(predict_log(boot, Root(root()), early));
  early->converter = "";
  EXPECT_TRUE(predict_log(boot, Root(root()), early)->entries.empty());
}

TEST_F(Prediction, what_only_the_initramfs_has_is_deleted_after_the_switch) {
  put(at(parser_path), "parser", 0755);
  const std::string lists = "/usr/lib/diglim/", old = lists + "0-file_list-compact-old", both = lists + "0-file_list-compact-both",
                    header = lists + sample_list_name, own = lists + parser_list, kept = "/run/diglim/early";
  put(at(both), compact({"both"}));
  put(at(own), compact({"parser"}, parser));
  std::map<std::string, std::string> files = {{both.substr(1), compact({"both"})},
                                              {old.substr(1), compact({"old"})},
                                              {own.substr(1), compact({"parser"}, parser)},
                                              {header.substr(1), get(sample_list)},
                                              {parser_path.substr(1), "parser"},
                                              {dracut_hook, "diglim load"}};
  const std::vector<std::string> without = {both, old, own, parser_path, header, "add_buffer_" + sample_list_name, "/sysroot" + both, "/sysroot" + own};
  EXPECT_EQ(measured(files), without);
  files[dracut_hook] = "diglim load --early /run/diglim/early";
  // As everywhere, a file that is in no list is measured when it is read or executed.
  auto with = without;
  for (const auto& more : {kept + old, std::string("del_file_0-file_list-compact-old"), kept + header, "del_buffer_" + sample_list_name}) with.push_back(more);
  EXPECT_EQ(measured(files), with);
  EXPECT_THAT(measured(files, "rd.diglim=0"), testing::SizeIs(without.size() - 2));
  // What the root has under another name stays.
  put(at(lists + "0-file_list-compact-new"), compact({"old"}));
  EXPECT_THAT(measured(files), testing::Not(testing::Contains(HasSubstr("del_file"))));
}

TEST_F(Prediction, in_an_initramfs_only_what_lists_are_about_is_measured) {
  const auto header = get(sample_list);
  const std::map<std::string, std::string> files = {{parser_path.substr(1), "parser"}, {"usr/lib/diglim/" + sample_list_name, header}};
  // Programs of a tmpfs are measured if the policy says so, but one in such a directory is looked at in any case.
  const auto upload = "add_buffer_" + sample_list_name;
  EXPECT_THAT(measured(files), ElementsAre(parser_path, upload));
  EXPECT_THAT(measured(files, "lsm=lockdown"), ElementsAre(upload));
  EXPECT_THAT(measured(files, "lsm=lockdown ima_policy=tmpfs"), ElementsAre(parser_path, upload));
}

TEST_F(Prediction, the_parser_as_init_comes_after_an_initramfs) {
  install_parser();
  const auto files = std::map<std::string, std::string>{{"usr/lib/diglim/" + parser_list, compact({"parser"}, parser)}};
  const auto early = "/usr/lib/diglim/" + parser_list, list = "/etc/diglim/" + sample_list_name, upload = "add_buffer_" + sample_list_name;
  EXPECT_THAT(measured(files), ElementsAre(early));
  EXPECT_THAT(measured(files, "init=" + parser_path), ElementsAre(early, parser_path, list, upload));
  // What was measured before the switch is not measured again at its new path.
  auto hooked = files;
  hooked[dracut_hook] = "";
  hooked[parser_path.substr(1)] = "parser";
  EXPECT_THAT(measured(hooked, "init=" + parser_path),
              ElementsAre(early, "/sysroot/etc/diglim/" + parser_list, parser_path, "/sysroot" + list, upload));
}

TEST_F(Prediction, an_initramfs_that_does_something_else_is_refused) {
  const auto why = [&](const std::map<std::string, std::string>& files, const std::string& words) {
    const auto boot = BootParameters::parse("ima_policy=exec_tcb|diglim " + words);
    const auto log = predict_log(boot, Root(root()), *EarlyRoot::unpack({{initramfs(files)}}, boot, processes_));
    return log ? "(not refused)" : log.error().to_string();
  };
  EXPECT_THAT(why({}, "rdinit=/bin/sh"), HasSubstr("rdinit=/bin/sh"));
  EXPECT_EQ(why({}, "root=UUID=0-1 initrd=/initrd"), "(not refused)");
  const auto metadata_list = encode({{.type = metadata, .modifiers = 0, .algorithm = 4, .digests = {std::string(32, 'x')}}});
  EXPECT_THAT(why({{"etc/diglim/0-metadata_list-compact-m", metadata_list}, {"etc/diglim/1-file_list-compact-a", compact({"a"})}}, ""),
              HasSubstr("list of metadata"));
  put(at("/etc/diglim/0-file_list-deb-other"), "deb");
  EXPECT_THAT(why({{dracut_hook, ""}, {parser_path.substr(1), "parser"}}, ""), HasSubstr("unknown format"));
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
  EXPECT_EQ(predict({.command_line = "ima_policy=diglim", .initramfs = {outside("none")}}, context()).error().kind(), ErrorKind::bad_input);
}

}  // namespace
}  // namespace diglim::tool
