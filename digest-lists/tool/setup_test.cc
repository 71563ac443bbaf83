// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/setup.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/xattr.h>

#include "format/header_builder.h"
#include "tool/boot_loader.h"
#include "tool/list.h"
#include "tool/test_system.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class SettingUp : public TestSystem {
 protected:
  static constexpr std::string_view words =
      "ima_policy=exec_tcb ima_policy=tmpfs ima_policy=diglim ima_policy=appraise_exec_tcb ima_policy=appraise_tmpfs "
      "ima_policy=appraise_diglim ima_appraise=log ima_template=ima-modsig";

  /// No program is run: the commands are kept.
  [[nodiscard]] Context recording() { return {.root = Root(root()), .kernel = Interface(kernel_directory().string()), .processes = fake_}; }
  [[nodiscard]] std::vector<std::string> asked() const {
    std::vector<std::string> commands;
    for (const auto& command : fake_.asked) commands.push_back(command.to_shell());
    return commands;
  }
  [[nodiscard]] std::string in_root(const std::string& command) const { return "chroot " + root().string() + " " + command; }

  void make_entry(const std::string& options = "root=/dev/sda1 quiet") {
    put(at("/boot/loader/entries/linux.conf"), "title Linux\nlinux /vmlinuz\noptions  " + options + "\ninitrd /initrd\n");
    put(at("/etc/kernel/cmdline"), options + "\n");
  }

  static std::string list_of(const std::vector<std::string>& contents, Type type = file) {
    std::vector<std::string> digests;
    for (const auto& content : contents) digests.push_back(tool::digest_of(content, default_algorithm())->bytes);
    return encode({{.type = type, .modifiers = 0, .algorithm = 4, .digests = digests}});
  }
  void put_signed_list(const std::vector<std::string>& contents, Type type = file) {
    put(at(fmt::format("/etc/diglim/0-{}_list-compact-own", to_string(type))), append_signature(list_of(contents, type), "signature", SignatureKind::pkcs7));
  }
  static diglab::ProcessOutcome ends(int status, std::string out = {}) {
    return {.end = {.exit_status = status, .signal = {}}, .out = std::move(out), .err = {}};
  }

  diglab::FakeProcesses fake_;
};

TEST_F(SettingUp, entries_of_the_specification_get_the_words_and_lose_them_again) {
  make_entry();
  const auto done = setup({}, recording());
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(get(at("/boot/loader/entries/linux.conf")),
            "title Linux\nlinux /vmlinuz\noptions  root=/dev/sda1 quiet " + std::string(words) + "\ninitrd /initrd\n");
  EXPECT_EQ(get(at("/etc/kernel/cmdline")), "root=/dev/sda1 quiet " + std::string(words) + "\n");
  // A kernel that was installed in between took the words over.
  fs::copy_file(at("/boot/loader/entries/linux.conf"), at("/boot/loader/entries/newer.conf"));
  ASSERT_TRUE(setup({.undo = true}, recording()));
  for (const char* entry : {"/boot/loader/entries/linux.conf", "/boot/loader/entries/newer.conf"})
    EXPECT_EQ(get(at(entry)), "title Linux\nlinux /vmlinuz\noptions  root=/dev/sda1 quiet\ninitrd /initrd\n");
  EXPECT_FALSE(fs::exists(at("/var/lib/diglim/setup.json")));
  EXPECT_EQ(setup({.undo = true}, recording()).error().kind(), ErrorKind::bad_input);
}

TEST_F(SettingUp, another_mode_replaces_the_first) {
  make_entry();
  ASSERT_TRUE(setup({}, recording()));
  ASSERT_TRUE(setup({.mode = "measure"}, recording()));
  EXPECT_EQ(get(at("/etc/kernel/cmdline")), "root=/dev/sda1 quiet ima_policy=exec_tcb ima_policy=tmpfs ima_policy=diglim\n");
  EXPECT_EQ(setup({.mode = "strict"}, recording()).error().kind(), ErrorKind::usage);
}

TEST_F(SettingUp, an_entry_without_options_gets_some_and_loses_them_again) {
  const std::string without = "title Linux\nlinux /vmlinuz\ninitrd /initrd\n", shell = "title Shell\nefi /shell.efi\n";
  put(at("/boot/loader/entries/linux.conf"), without);
  put(at("/boot/loader/entries/shell.conf"), shell);
  put(at("/etc/kernel/cmdline"), "");
  const auto done = setup({}, recording());
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(get(at("/boot/loader/entries/linux.conf")), without + "options " + std::string(words) + "\n");
  EXPECT_EQ(get(at("/boot/loader/entries/shell.conf")), shell);
  EXPECT_EQ(get(at("/etc/kernel/cmdline")), std::string(words) + "\n");
  ASSERT_TRUE(setup({.mode = "measure"}, recording()));
  EXPECT_EQ(get(at("/boot/loader/entries/linux.conf")), without + "options ima_policy=exec_tcb ima_policy=tmpfs ima_policy=diglim\n");
  ASSERT_TRUE(setup({.undo = true}, recording()));
  EXPECT_EQ(get(at("/boot/loader/entries/linux.conf")), without);
  EXPECT_EQ(get(at("/etc/kernel/cmdline")), "");
  // Where nothing can have the words, the next boot is without them.
  fs::remove(at("/boot/loader/entries/linux.conf"));
  const auto refused = setup({}, recording());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("nor a boot loader entry that starts a kernel"));
}

TEST_F(SettingUp, words_of_somebody_else_are_not_touched) {
  make_entry("root=/dev/sda1 ima_policy=tcb");
  const auto refused = setup({}, recording());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("'ima_policy=tcb'"));
  EXPECT_EQ(get(at("/etc/kernel/cmdline")), "root=/dev/sda1 ima_policy=tcb\n");
  EXPECT_FALSE(fs::exists(at("/var/lib/diglim/setup.json")));
}

TEST_F(SettingUp, a_dry_run_says_everything_and_does_nothing) {
  make_entry();
  put(at("/usr/sbin/update-initramfs"), "");
  put(at("/boot/initrd.img-6.12"), "");
  const auto said = setup({.dry_run = true}, recording());
  ASSERT_TRUE(said) << said.error().to_string();
  EXPECT_THAT(said->text,
              testing::AllOf(HasSubstr("change /boot/loader/entries/linux.conf"),
                             HasSubstr("+options  root=/dev/sda1 quiet ima_policy=exec_tcb"), HasSubstr("-options  root=/dev/sda1 quiet\n"),
                             HasSubstr("update-initramfs -u -k all"), HasSubstr("nothing was changed")));
  EXPECT_THAT(asked(), ElementsAre());
  EXPECT_EQ(get(at("/etc/kernel/cmdline")), "root=/dev/sda1 quiet\n");
  EXPECT_FALSE(fs::exists(at("/var/lib/diglim")));
}

TEST_F(SettingUp, grub_gets_a_file_of_its_own) {
  put(at("/etc/default/grub"), "GRUB_CMDLINE_LINUX=\"quiet\"\n");
  put(at("/usr/sbin/update-grub"), "");
  ASSERT_TRUE(setup({}, recording()));
  EXPECT_THAT(get(at("/etc/default/grub.d/diglim.cfg")),
              HasSubstr("GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX " + std::string(words) + "\"\n"));
  EXPECT_THAT(asked(), ElementsAre(in_root("update-grub")));
  ASSERT_TRUE(setup({.undo = true}, recording()));
  EXPECT_FALSE(fs::exists(at("/etc/default/grub.d/diglim.cfg")));
  put(at("/etc/default/grub"), "GRUB_CMDLINE_LINUX=\"ima_appraise=fix\"\n");
  EXPECT_THAT(setup({}, recording()).error().to_string(), HasSubstr("/etc/default/grub: has 'ima_appraise=fix'"));
}

TEST_F(SettingUp, grubby_is_asked_where_it_is) {
  put(at("/usr/sbin/grubby"), "");
  put(at("/usr/bin/dracut"), "");
  put(at("/boot/0123/6.12/initrd"), "");
  ASSERT_TRUE(setup({.mode = "measure"}, recording()));
  EXPECT_THAT(asked(), ElementsAre(in_root("grubby --info=ALL"),
                                   in_root("grubby --update-kernel=ALL '--args=ima_policy=exec_tcb ima_policy=tmpfs ima_policy=diglim'"),
                                   in_root("dracut --force --regenerate-all")));
}

TEST_F(SettingUp, words_of_somebody_else_that_grubby_knows_are_not_touched) {
  put(at("/usr/sbin/grubby"), "");
  const auto kernels = [](const std::string& parameters) {
    return ends(0, "index=0\nkernel=\"/boot/vmlinuz-6.12\"\nargs=\"ro quiet\"\nroot=\"/dev/sda1\"\nindex=1\nkernel=\"/boot/vmlinuz-6.1\"\nargs=\"ro " + parameters +
                       "\"\nroot=\"/dev/sda1\"\ntitle=\"args of ima_policy=none\"\nnon linux entry\n");
  };
  // grubby would replace it, and --undo could not bring it back.
  fake_.answers = {kernels("ima_policy=tcb")};
  const auto refused = setup({}, recording());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("has 'ima_policy=tcb' already"));
  EXPECT_THAT(asked(), ElementsAre(in_root("grubby --info=ALL")));
  EXPECT_FALSE(fs::exists(at("/var/lib/diglim/setup.json")));
  // What an earlier setup put there is not somebody else's.
  fake_.answers = {kernels("dyndbg=\"a b\"")};
  ASSERT_TRUE(setup({}, recording()));
  fake_.answers = {kernels(std::string(words))};
  EXPECT_TRUE(setup({.mode = "measure"}, recording()));
  fake_.answers = {ends(1)};
  EXPECT_FALSE(setup({.mode = "enforce", .force = true}, recording()));
  EXPECT_EQ(asked().back(), in_root("grubby --info=ALL"));
}

TEST_F(SettingUp, a_command_that_fails_leaves_what_undo_needs) {
  put(at("/usr/sbin/grubby"), "");
  const auto fails_to_update = [&] {
    fake_.answers = {ends(0), diglab::ProcessOutcome{.end = {.exit_status = 1, .signal = {}}, .out = "", .err = "no kernels"}};
  };
  fails_to_update();
  const auto failed = setup({}, recording());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), ErrorKind::infra);
  EXPECT_THAT(failed.error().to_string(), HasSubstr("no kernels"));
  // Another one that fails, too: what may be there of both is taken back.
  fails_to_update();
  ASSERT_FALSE(setup({.mode = "enforce"}, recording()));
  ASSERT_TRUE(setup({.undo = true}, recording()));
  EXPECT_THAT(asked().back(), testing::AllOf(HasSubstr("--remove-args=ima_policy=exec_tcb"), HasSubstr("ima_appraise=log"),
                                             HasSubstr("ima_appraise=enforce")));
}

TEST_F(SettingUp, without_a_boot_loader_says_what_to_do) {
  for (const bool dry : {false, true})
    EXPECT_THAT(setup({.dry_run = dry}, recording()).error().to_string(),
                testing::AllOf(HasSubstr("neither grubby"), HasSubstr("by hand: ima_policy=exec_tcb "), HasSubstr("ima_appraise=log")));
  // Nothing is remembered that was not done.
  EXPECT_THAT(setup({.undo = true}, recording()).error().to_string(), HasSubstr("nothing was set up here"));
}

TEST_F(SettingUp, enforcing_is_refused_if_init_would_not_run) {
  make_entry();
  put(at("/sbin/init"), "init", 0755);
  EXPECT_THAT(setup({.mode = "enforce"}, recording()).error().to_string(), HasSubstr("/sbin/init would not run: it is in no list"));
  ASSERT_TRUE(setup({.mode = "enforce", .force = true}, recording()));
  put_signed_list({"init"});
  const auto done = setup({.mode = "enforce"}, recording());
  EXPECT_TRUE(done) << done.error().to_string();
  EXPECT_THAT(get(at("/etc/kernel/cmdline")), HasSubstr("ima_appraise=enforce"));
}

TEST_F(SettingUp, enforcing_is_refused_if_a_library_of_init_would_not_run) {
  make_entry();
  for (const char* path : {"/sbin/init", "/bin/sh", "/lib64/ld-linux-x86-64.so.2", "/lib/libc.so.6", "/opt/lib/libown.so"})
    put(at(path), fs::path(path).filename().string(), 0755);
  put_signed_list({"init", "sh", "ld-linux-x86-64.so.2", "libc.so.6"});
  const std::string libc = "\tlinux-vdso.so.1 (0x00007ffc)\n\tlibc.so.6 => /lib/libc.so.6 (0x00007f37)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f38)\n";
  const auto enforce = [&](const std::string& others) {
    fake_.asked.clear();
    // Of a shell without libraries none are asked for.
    fake_.answers = {ends(0), ends(0, libc + others), ends(1)};
    return setup({.mode = "enforce"}, recording());
  };
  const auto refused = enforce("\tlibown.so => /opt/lib/libown.so (0x00007f39)\n");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("/opt/lib/libown.so would not run: it is in no list"));
  EXPECT_EQ(get(at("/etc/kernel/cmdline")), "root=/dev/sda1 quiet\n");
  const auto done = enforce("");
  EXPECT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(fake_.asked.at(1).argv, (std::vector<std::string>{"chroot", root().string(), "/lib64/ld-linux-x86-64.so.2", "--list", "/sbin/init"}));
  // Who may not even ask does not know.
  fake_.answers = {ends(125), ends(125)};
  EXPECT_THAT(setup({.mode = "enforce"}, recording()).error().to_string(), HasSubstr("libraries of /sbin/init are not known"));
}

TEST_F(SettingUp, enforcing_is_refused_if_the_uploader_is_known_by_its_own_package_only) {
  make_entry();
  put(at("/usr/libexec/diglim/diglim-parser"), "parser", 0755);
  // Nothing could convert this one before something is converted.
  const auto header = sample_package({{"/usr/libexec/diglim/diglim-parser", to_hex(tool::digest_of("parser", default_algorithm())->bytes), 0100755}}).header();
  put(at("/usr/lib/diglim/0-file_list-rpm-diglim-parser-1-1.noarch"), append_signature(header, "signature", SignatureKind::pgp));
  const auto refused = [&] {
    const auto done = setup({.mode = "enforce"}, recording());
    return done ? std::string("done") : done.error().to_string();
  };
  EXPECT_THAT(refused(), testing::AllOf(HasSubstr("/usr/libexec/diglim/diglim-parser would not convert the headers of packages"), HasSubstr("as parser and file"),
                                        HasSubstr("diglim generate rpm --compact --type parser diglim-parser")));
  put_signed_list({"parser"});
  EXPECT_THAT(refused(), HasSubstr("as parser,"));
  // Who may convert is for a signature to say.
  put(at("/usr/lib/diglim/0-parser_list-compact-unsigned"), list_of({"parser"}, parser));
  EXPECT_THAT(refused(), HasSubstr("as parser,"));
  put_signed_list({"another"}, parser);
  EXPECT_THAT(refused(), HasSubstr("as parser,"));
  put_signed_list({"parser"}, parser);
  EXPECT_EQ(refused(), "done");
  fs::remove(at("/etc/diglim/0-file_list-compact-own"));
  EXPECT_THAT(refused(), HasSubstr("as file,"));
  // Masked, it is none.
  put(at("/usr/lib/diglim/0-file_list-compact-own"), append_signature(list_of({"parser"}), "signature", SignatureKind::pkcs7));
  EXPECT_EQ(refused(), "done");
  put(at("/etc/diglim/0-file_list-compact-own"), "");
  EXPECT_THAT(refused(), HasSubstr("as file,"));
}

TEST_F(SettingUp, libraries_are_those_that_the_loader_of_the_root_finds) {
  const std::string loader = "/lib64/ld-linux-x86-64.so.2";
  if (::geteuid() != 0 || !fs::exists(loader)) GTEST_SKIP() << "not on this machine: for privileged users, and this loader, only";
  make_entry();
  for (const auto& path : {std::string("/bin/sh"), loader}) put(at(path), get(path), 0755);
  put(at("/usr/lib/libc.so.6"), get("/lib/x86_64-linux-gnu/libc.so.6"));
  put_signed_list({get("/bin/sh"), get(loader)});
  const auto refused = setup({.mode = "enforce", .dry_run = true}, context());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("/usr/lib/libc.so.6 would not run: it is in no list"));
}

TEST_F(SettingUp, enforcing_is_refused_if_a_hash_of_its_own_keeps_init_from_its_list) {
  make_entry();
  put(at("/sbin/init"), "init", 0755);
  put_signed_list({"init"});
  const auto label = [&](const std::string& value) { return ::setxattr(at("/sbin/init").c_str(), "security.ima", value.data(), value.size(), 0) == 0; };
  // As ima_appraise=fix writes it, right as it is.
  if (!label(std::string("\4\4", 2) + tool::digest_of("init", default_algorithm())->bytes)) GTEST_SKIP() << "not on this machine: for privileged users only";
  const auto refused = setup({.mode = "enforce"}, recording());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().to_string(),
              testing::AllOf(HasSubstr("/sbin/init would not run: its security.ima holds no signature"), HasSubstr("setfattr -x security.ima")));
  // Whether the kernel has its key is not known here.
  ASSERT_TRUE(label(std::string("\3\2\4\0\0\0\0\0\1\0", 10)));
  const auto done = setup({.mode = "enforce"}, recording());
  EXPECT_TRUE(done) << done.error().to_string();
}

TEST_F(SettingUp, headers_of_packages_need_the_uploader) {
  make_entry();
  fs::copy_file(sample_list, at("/etc/diglim/" + sample_list_name));
  ASSERT_TRUE(setup({}, recording()));
  EXPECT_THAT(get(at("/etc/kernel/cmdline")), HasSubstr("diglim.uploader=/usr/libexec/diglim/diglim-parser"));
}

TEST_F(SettingUp, a_certificate_goes_where_the_kernel_looks_and_no_other_is_replaced) {
  make_entry();
  run({"openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=me", "-keyout", outside("key").string(), "-out",
       outside("me.pem").string()});
  ASSERT_TRUE(setup({.key = outside("me.pem")}, recording()));
  EXPECT_TRUE(fs::exists(at("/etc/keys/x509_ima.der")));
  ASSERT_TRUE(setup({.undo = true}, recording()));
  EXPECT_FALSE(fs::exists(at("/etc/keys/x509_ima.der")));
  put(at("/etc/keys/x509_ima.der"), "theirs");
  EXPECT_THAT(setup({.key = outside("me.pem")}, recording()).error().to_string(), HasSubstr("another key"));
  EXPECT_EQ(get(at("/etc/keys/x509_ima.der")), "theirs");
}

TEST_F(SettingUp, keys_of_an_interrupted_setup_are_taken_back) {
  make_entry();
  for (const char* name : {"first", "second"})
    run({"openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=me", "-keyout", outside("key").string(), "-out",
         outside(name).string()});
  const auto key = at("/etc/keys/x509_ima.der");
  put(at("/var/lib/diglim/.keep"), "");
  fs::permissions(at("/var/lib/diglim"), fs::perms(0777));
  fs::permissions(outside(""), fs::perms(0755));
  // Nobody but who owns the directory of keys can go on behind what is remembered.
  const auto interrupted = [&](const tool::Setup& wish) {
    fs::permissions(at("/etc/keys"), fs::perms(0555));
    bool stopped = false;
    {
      const OtherUser other;
      const auto done = setup(wish, recording());
      stopped = other && !done && done.error().to_string().find(key.parent_path().string()) != std::string::npos;
    }
    fs::permissions(at("/etc/keys"), fs::perms(0755));
    return stopped;
  };
  ASSERT_TRUE(setup({.key = outside("first")}, recording()));
  fs::permissions(at("/var/lib/diglim/setup.json"), fs::perms(0666));
  const auto before = get(key);
  if (!interrupted({.undo = true})) GTEST_SKIP() << "not on this machine: no other user";
  EXPECT_EQ(get(key), before);
  ASSERT_TRUE(setup({.undo = true}, recording()));
  EXPECT_FALSE(fs::exists(key));

  for (const bool once_more : {false, true}) {
    ASSERT_TRUE(setup({.key = outside("first")}, recording()));
    EXPECT_TRUE(interrupted({.key = outside("second")}));
    EXPECT_EQ(get(key), before);
    if (once_more) {
      const auto done = setup({.key = outside("second")}, recording());
      ASSERT_TRUE(done) << done.error().to_string();
      EXPECT_NE(get(key), before);
    }
    ASSERT_TRUE(setup({.undo = true}, recording()));
    EXPECT_FALSE(fs::exists(key));
    EXPECT_FALSE(fs::exists(at("/var/lib/diglim/setup.json")));
  }
}

TEST_F(SettingUp, an_openpgp_key_goes_there_without_its_armour) {
  make_entry();
  const auto home = outside("gpg");
  fs::create_directories(home);
  fs::permissions(home, fs::perms(0700));
  const std::string gpg = "gpg --batch --quiet --homedir " + home.string() + " ";
  run({"sh", "-c", gpg + "--passphrase '' --quick-generate-key me@example.invalid rsa2048 sign never && " + gpg + "--export --armor > " +
                       outside("me.asc").string() + " && " + gpg + "--export > " + outside("me.gpg").string() + "; gpgconf --homedir " + home.string() +
                       " --kill all"});
  const auto done = setup({.key = outside("me.asc")}, recording());
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(get(at("/etc/keys/x509_ima.der")), get(outside("me.gpg")));
  put(outside("two.gpg"), get(outside("me.gpg")) + get(outside("me.gpg")));
  EXPECT_THAT(setup({.key = outside("two.gpg")}, recording()).error().to_string(), HasSubstr("found 2"));
}

TEST_F(SettingUp, without_an_initramfs_none_is_made) {
  make_entry();
  put(at("/usr/bin/dracut"), "");
  ASSERT_TRUE(setup({}, recording()));
  EXPECT_THAT(asked(), ElementsAre());
}

TEST(WordsOfTheKernel, are_replaced_and_quotes_of_others_stay) {
  EXPECT_EQ(replace_words("a \"b=c d\" x=1", {"x=1"}, {"y=2"}), "a \"b=c d\" y=2");
  EXPECT_EQ(replace_words("", {}, {"y=2"}), "y=2");
}

}  // namespace
}  // namespace diglim::tool
