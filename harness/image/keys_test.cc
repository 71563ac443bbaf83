// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/keys.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "os/files.h"

namespace diglab {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

Deadline soon() { return Deadline::in(std::chrono::seconds(60)); }

class KeysTest : public testing::Test {
 protected:
  std::string openssl(std::initializer_list<std::string> words) {
    Command command{"openssl"};
    command.add(words);
    const auto outcome = processes_.check(command, {.deadline = soon(), .input = {}, .on_line = {}});
    return outcome ? outcome->out : outcome.error().to_string();
  }
  static mode_t mode(const std::filesystem::path& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
  }
  static void SetUpTestSuite() { cache_ = new TempDir(*TempDir::make()); }
  static void TearDownTestSuite() { delete cache_; }
  SystemProcesses processes_;
  static inline TempDir* cache_ = nullptr;
};

TEST_F(KeysTest, are_made_once_and_then_stay_the_same) {
  const auto first = LabKeys::provide(cache_->path(), processes_, soon());
  ASSERT_TRUE(first) << first.error().to_string();
  const auto second = LabKeys::provide(cache_->path(), processes_, soon());
  ASSERT_TRUE(second);
  EXPECT_EQ(first->id, second->id);
  EXPECT_EQ(first->rpm_fingerprint, second->rpm_fingerprint);
  EXPECT_THAT(first->rpm_fingerprint, SizeIs(40));
}

TEST_F(KeysTest, let_the_authority_vouch_for_the_ima_key_and_nobody_for_the_foreign_one) {
  const auto keys = LabKeys::provide(cache_->path(), processes_, soon());
  ASSERT_TRUE(keys) << keys.error().to_string();
  EXPECT_THAT(openssl({"verify", "-CAfile", keys->ca_certificate, keys->ima_certificate}), HasSubstr(": OK"));
  EXPECT_THAT(openssl({"verify", "-CAfile", keys->ca_certificate, keys->foreign_key}), HasSubstr("self-signed"));
  const auto text = openssl({"x509", "-inform", "DER", "-in", keys->ima_certificate_der, "-noout", "-text"});
  EXPECT_THAT(text, HasSubstr("CA:FALSE"));
  EXPECT_THAT(text, HasSubstr("Digital Signature"));
  EXPECT_THAT(text, HasSubstr("Subject Key Identifier"));
  EXPECT_THAT(text, HasSubstr("Authority Key Identifier"));
}

TEST_F(KeysTest, certify_an_own_key_that_is_made_when_it_is_asked_for) {
  const auto keys = LabKeys::provide(cache_->path(), processes_, soon());
  ASSERT_TRUE(keys) << keys.error().to_string();
  const auto own = OwnKey::provide(*keys, processes_, soon());
  ASSERT_TRUE(own) << own.error().to_string();
  EXPECT_THAT(own->fingerprint, SizeIs(40));
  EXPECT_NE(own->fingerprint, keys->rpm_fingerprint);
  EXPECT_EQ(OwnKey::provide(*keys, processes_, soon())->fingerprint, own->fingerprint);
  const auto packets = processes_.check({"gpg", "--list-packets", own->public_key.string()}, {.deadline = soon(), .input = {}, .on_line = {}});
  ASSERT_TRUE(packets) << packets.error().to_string();
  EXPECT_THAT(packets->out, HasSubstr("keyid " + own->fingerprint.substr(24)));
  EXPECT_THAT(packets->out, HasSubstr("keyid " + keys->rpm_fingerprint.substr(24)));
}

TEST_F(KeysTest, keep_their_private_halves_private) {
  const auto keys = LabKeys::provide(cache_->path(), processes_, soon());
  ASSERT_TRUE(keys) << keys.error().to_string();
  for (const auto& path : {keys->ca_key, keys->ima_key, keys->module_key, keys->foreign_key}) EXPECT_EQ(mode(path), 0600u) << path;
  EXPECT_EQ(mode(keys->gpg_home), 0700u);
}

TEST_F(KeysTest, cannot_be_made_after_the_deadline) {
  const auto keys = LabKeys::provide(cache_->path() / "late", processes_, Deadline::in(std::chrono::seconds(0)));
  ASSERT_FALSE(keys);
  EXPECT_FALSE(std::filesystem::exists(cache_->path() / "late" / "keys"));
}

}  // namespace
}  // namespace diglab
