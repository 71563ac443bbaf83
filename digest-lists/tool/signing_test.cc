// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/signing.h"

#include <gmock/gmock.h>

#include "tool/list.h"
#include "tool/test_system.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// A list, and keys of two people.
class Signing : public TestSystem {
 protected:
  Signing() { put(list_, content_); }

  ~Signing() override {
    if (fs::exists(gpg_home_)) run({"gpgconf", "--homedir", gpg_home_.string(), "--kill", "all"});
  }

  /// Key and certificate in <name>.key and <name>.pem.
  void make_certificate(const std::string& name) {
    run({"openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "30", "-subj", "/CN=" + name, "-keyout",
         outside(name + ".key").string(), "-out", outside(name + ".pem").string()});
  }
  /// In gpg's home, and its public half in <name>.asc.
  void make_pgp_key(const std::string& name, const std::string& algorithm) {
    fs::create_directories(gpg_home_);
    fs::permissions(gpg_home_, fs::perms::owner_all);
    run({"gpg", "--homedir", gpg_home_.string(), "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", name, algorithm,
         "sign"});
    put(outside(name + ".asc"), run({"gpg", "--homedir", gpg_home_.string(), "--armor", "--export", name}));
  }

  [[nodiscard]] Sign by_certificate(const std::string& name) const {
    return {.lists = {list_}, .pgp_key = {}, .gpg_home = {}, .key = outside(name + ".key"), .certificate = outside(name + ".pem")};
  }
  [[nodiscard]] Sign by_pgp(const std::string& name) const {
    return {.lists = {list_}, .pgp_key = name, .gpg_home = gpg_home_, .key = {}, .certificate = {}};
  }

  /// What verify() says of the list.
  std::string state(const fs::path& key, int status) {
    const auto report = verify({.lists = {list_}, .keys = {key}}, context());
    EXPECT_TRUE(report) << report.error().to_string();
    if (!report) return "";
    EXPECT_EQ(report->status, status) << report->text;
    text_ = report->text;
    return report->json[0].value("state", "");
  }
  /// One bit of the list's first digest.
  void damage() {
    auto bytes = get(list_);
    bytes[20] ^= 1;
    put(list_, bytes);
  }

  fs::path list_ = outside("0-file_list-compact-mine"), gpg_home_ = outside("gpg");
  std::string content_ = encode({{.type = file, .modifiers = 0, .algorithm = 4, .digests = {std::string(32, 'd')}}});
  std::string text_;
};

TEST_F(Signing, pkcs7_is_verified_by_its_certificate_only) {
  make_certificate("me");
  make_certificate("other");
  const auto done = sign(by_certificate("me"), context());
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(state(outside("me.pem"), exit_status::yes), "good");
  EXPECT_THAT(text_, HasSubstr("CN = me"));
  EXPECT_EQ(state(outside("other.pem"), exit_status::no), "unknown key");
  EXPECT_THAT(text_, HasSubstr("CN=me"));
  damage();
  EXPECT_EQ(state(outside("me.pem"), exit_status::no), "bad");
}

TEST_F(Signing, pkcs7_is_what_openssl_verifies) {
  make_certificate("me");
  ASSERT_TRUE(sign(by_certificate("me"), context()));
  const auto list = List::read(list_);
  put(outside("content"), text_of(list->parts().content));
  put(outside("signature"), text_of(list->parts().signature));
  EXPECT_EQ(get(outside("content")), content_);
  run({"openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", outside("signature").string(), "-content",
       outside("content").string(), "-certfile", outside("me.pem").string(), "-noverify", "-out", "/dev/null"});
}

TEST_F(Signing, pgp_is_verified_by_its_key_only) {
  make_pgp_key("me", "rsa2048");
  make_pgp_key("other", "rsa2048");
  const auto done = sign(by_pgp("me"), context());
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(state(outside("me.asc"), exit_status::yes), "good");
  EXPECT_THAT(text_, HasSubstr("RSA signature, version 4"));
  EXPECT_EQ(state(outside("other.asc"), exit_status::no), "unknown key");
  damage();
  EXPECT_EQ(state(outside("me.asc"), exit_status::no), "bad");
}

TEST_F(Signing, a_key_that_the_kernel_has_no_use_for_is_refused_before_anything_is_written) {
  make_pgp_key("modern", "ed25519");
  const auto refused = sign(by_pgp("modern"), context());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::bad_input);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("EdDSA"));
  EXPECT_EQ(get(list_), content_);
}

TEST_F(Signing, a_signature_is_replaced_only_if_that_was_asked_for) {
  make_certificate("me");
  make_certificate("other");
  ASSERT_TRUE(sign(by_certificate("me"), context()));
  const auto once = get(list_);
  EXPECT_EQ(sign(by_certificate("other"), context()).error().kind(), ErrorKind::bad_input);
  EXPECT_EQ(get(list_), once);
  auto wish = by_certificate("other");
  wish.replace = true;
  ASSERT_TRUE(sign(wish, context()));
  EXPECT_EQ(state(outside("other.pem"), exit_status::yes), "good");
}

TEST_F(Signing, needs_keys_that_fit_together) {
  make_certificate("me");
  make_certificate("other");
  auto wish = by_certificate("me");
  wish.key = outside("other.key");
  EXPECT_EQ(sign(wish, context()).error().kind(), ErrorKind::bad_input);
  wish.key = list_;
  EXPECT_EQ(sign(wish, context()).error().kind(), ErrorKind::bad_input);
  wish = by_pgp("nobody");
  EXPECT_THAT(sign(wish, context()).error().to_string(), HasSubstr("nobody"));
  wish.pgp_key.clear();
  EXPECT_EQ(sign(wish, context()).error().kind(), ErrorKind::usage);
  EXPECT_EQ(get(list_), content_);
}

TEST_F(Signing, what_is_no_list_is_not_signed) {
  make_certificate("me");
  put(list_, "not a list");
  EXPECT_EQ(sign(by_certificate("me"), context()).error().kind(), ErrorKind::bad_input);
  auto without_key = by_certificate("me");
  without_key.key = outside("none.key");
  put(list_, content_);
  EXPECT_EQ(sign(without_key, context()).error().to_string(), outside("none.key").string() + ": No such file or directory");
}

TEST_F(Signing, verify_says_what_is_missing_and_what_is_damaged) {
  make_certificate("me");
  EXPECT_EQ(state(outside("me.pem"), exit_status::no), "missing");
  put(list_, content_.substr(0, 20));
  EXPECT_EQ(state(outside("me.pem"), exit_status::bad_input), "");
  EXPECT_THAT(text_, HasSubstr("offset"));
  EXPECT_EQ(verify({.lists = {list_}, .keys = {list_}}, context()).error().kind(), ErrorKind::bad_input);
  EXPECT_THAT(verify({.lists = {list_}, .keys = {outside("none")}}, context()).error().to_string(), HasSubstr("No such file"));
}

TEST_F(Signing, signatures_of_kinds_that_the_kernel_does_not_verify_are_named) {
  put(outside("content"), content_);
  for (const auto& [algorithm, name] : {std::pair{"ed25519", "EdDSA signature, version 4"}, {"nistp256", "ECDSA signature, version 4"}}) {
    make_pgp_key(algorithm, algorithm);
    run({"gpg", "--homedir", gpg_home_.string(), "--batch", "--yes", "--local-user", algorithm, "--detach-sign", outside("content").string()});
    put(list_, append_signature(content_, get(outside("content.sig")), SignatureKind::pgp));
    EXPECT_EQ(state(outside("ed25519.asc"), exit_status::no), "unsupported");
    EXPECT_THAT(text_, HasSubstr(name));
  }
}

TEST_F(Signing, on_a_full_disk_leaves_the_list_as_it_was) {
  make_certificate("me");
  const auto refused = [&] {
    const FullFileSystem full(content_.size() + 10);
    return sign(by_certificate("me"), context());
  }();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::infra);
  EXPECT_EQ(get(list_), content_);
}

TEST_F(Signing, a_directory_gives_the_keys_that_are_in_it) {
  make_certificate("me");
  ASSERT_TRUE(sign(by_certificate("me"), context()));
  fs::create_directories(outside("keys"));
  fs::copy(outside("me.pem"), outside("keys/me.pem"));
  put(outside("keys/README"), "nothing");
  EXPECT_EQ(state(outside("keys"), exit_status::yes), "good");
}

TEST_F(Signing, of_a_real_package_is_by_a_key_that_is_not_given) {
  make_certificate("me");
  list_ = sample_list;
  EXPECT_EQ(state(outside("me.pem"), exit_status::no), "unknown key");
  EXPECT_THAT(text_, HasSubstr("RSA signature"));
}

}  // namespace
}  // namespace diglim::tool
