// SPDX-License-Identifier: GPL-2.0-or-later
#include "format/signature.h"

#include <gtest/gtest.h>

namespace diglim {
namespace {

const std::string key_id("\x01\x23\x45\x67\x89\xab\xcd\xef", 8);

std::string be(std::size_t number, std::size_t size) {
  std::string out;
  while (size-- > 0) out += static_cast<char>(number >> (8 * size) & 0xff);
  return out;
}
std::string packet(const std::string& body) { return "\x89" + be(body.size(), 2) + body; }
std::string issuer() { return std::string("\x09\x10", 2) + key_id; }
std::string version_4(int algorithm, int hash, const std::string& hashed, const std::string& unhashed) {
  std::string body = {4, 0, static_cast<char>(algorithm), static_cast<char>(hash)};
  return packet(body + be(hashed.size(), 2) + hashed + be(unhashed.size(), 2) + unhashed + "\x12\x34" + be(1, 2) + "\x01");
}
std::string version_3(int algorithm) {
  std::string body = {3, 5, 0, 0, 0, 0, 0};
  return packet(body + key_id + static_cast<char>(algorithm) + '\x02' + "\x12\x34");
}
std::string version_6() {
  const std::string fingerprint = std::string("\x22\x21\x06", 3) + key_id + std::string(24, 'f');
  std::string body = {6, 0, 27, 10};
  return packet(body + be(fingerprint.size(), 4) + fingerprint + be(0, 4) + "\x12\x34" + std::string("\x10", 1) + std::string(16, 's') + std::string(64, 'e'));
}
std::string said(const std::string& bytes) {
  const auto signature = read_pgp_signature(bytes_of(bytes));
  return signature ? signature->to_string() : signature.error().to_string();
}

TEST(AnAppendedSignature, ends_in_its_length_and_the_marker) {
  const auto file = append_signature("list", std::string(300, 's'), SignatureKind::pgp);
  EXPECT_EQ(file.size(), 4u + 300 + 12 + 28);
  EXPECT_EQ(to_hex(file.substr(304, 12)), "000000000000000000" "00" "012c");
  EXPECT_TRUE(file.ends_with("~Module signature appended~\n"));
}

TEST(AnAppendedSignature, comes_off_again) {
  for (const auto kind : {SignatureKind::pgp, SignatureKind::pkcs7}) {
    const auto file = append_signature("list", "signature", kind);
    const auto parts = split_signature(bytes_of(file));
    ASSERT_TRUE(parts);
    EXPECT_EQ(text_of(parts->content), "list");
    EXPECT_EQ(text_of(parts->signature), "signature");
    EXPECT_EQ(parts->kind, kind);
  }
}

TEST(AFileWithoutSignature, is_all_content) {
  for (const std::string_view file : {"", "list", "~Module signature appended~", "~Module signature appended~\n "}) {
    const auto parts = split_signature(bytes_of(file));
    ASSERT_TRUE(parts);
    EXPECT_EQ(text_of(parts->content), file);
    EXPECT_FALSE(parts->kind);
  }
}

TEST(AnAppendedSignature, that_claims_more_than_there_is_is_refused) {
  auto file = append_signature("list", "signature", SignatureKind::pgp);
  file[4 + 9 + 11] = 14;
  EXPECT_EQ(split_signature(bytes_of(file)).error().to_string(), "offset 21: expected a signature of at most the 13 bytes before it, found 14 bytes");
  file[4 + 9 + 8] = '\xff';
  EXPECT_FALSE(split_signature(bytes_of(file)));
  EXPECT_FALSE(split_signature(bytes_of("~Module signature appended~\n")));
  EXPECT_FALSE(split_signature(bytes_of("12345678901~Module signature appended~\n")));
}

TEST(AnAppendedSignature, of_another_kind_is_named) {
  auto file = append_signature("list", "signature", SignatureKind::pgp);
  file[4 + 9 + 2] = 1;
  EXPECT_EQ(split_signature(bytes_of(file)).error().to_string(), "offset 15: expected a signature of kind 0 (PGP) or 2 (PKCS#7), found 1 (X.509)");
  file[4 + 9 + 2] = 0;
  file[4 + 9 + 3] = 5;
  EXPECT_EQ(split_signature(bytes_of(file)).error().offset, 16u) << "signer_len";
}

TEST(APgpSignature, is_named_with_its_algorithm_version_and_key) {
  EXPECT_EQ(said(version_4(1, 8, issuer(), "")), "RSA signature, version 4, sha256, by key 0123456789abcdef");
  EXPECT_EQ(said(version_4(17, 8, "", issuer())), "DSA signature, version 4, sha256, by key 0123456789abcdef");
  EXPECT_EQ(said(version_4(19, 9, "", issuer())), "ECDSA signature, version 4, sha384, by key 0123456789abcdef");
  EXPECT_EQ(said(version_4(22, 10, "", "")), "EdDSA signature, version 4, sha512, by a key that it does not name");
  EXPECT_EQ(said(version_4(99, 77, "", issuer())), "algorithm 99 signature, version 4, hash 77, by key 0123456789abcdef");
  EXPECT_EQ(said(version_3(1)), "RSA signature, version 3, sha1, by key 0123456789abcdef");
  EXPECT_EQ(said(version_6()), "Ed25519 signature, version 6, sha512, by key 0123456789abcdef");
}

TEST(APgpSignature, is_supported_if_it_is_rsa_and_not_newer_than_version_4) {
  const auto supported = [](const std::string& bytes) { return read_pgp_signature(bytes_of(bytes)).value().is_supported(); };
  EXPECT_TRUE(supported(version_4(1, 8, issuer(), "")));
  EXPECT_TRUE(supported(version_3(1)));
  EXPECT_FALSE(supported(version_4(17, 8, issuer(), "")));
  EXPECT_FALSE(supported(version_4(22, 8, issuer(), "")));
  EXPECT_FALSE(supported(version_6()));
}

TEST(APgpSignature, finds_the_key_in_the_fingerprint_too) {
  const std::string fingerprint = std::string("\x16\x21\x04", 3) + std::string(12, 'f') + key_id;
  EXPECT_EQ(said(version_4(1, 8, fingerprint, "")), "RSA signature, version 4, sha256, by key 0123456789abcdef");
}

TEST(APgpSignature, in_a_packet_of_the_new_format_is_the_same) {
  const auto old = version_4(1, 8, issuer(), std::string("\xc0\x10\x63", 3) + std::string(207, 'x'));  // a subpacket of two length bytes
  const auto body = old.substr(3);
  EXPECT_EQ(said("\xc2\xff" + be(body.size(), 4) + body), said(old));
  EXPECT_EQ(said("\xc2\xc0" + be(body.size() - 192, 1) + body), said(old));
}

TEST(APgpSignature, that_is_none_or_cut_anywhere_is_refused) {
  EXPECT_EQ(said(""), "offset 0: expected 1 bytes of a packet, found 0");
  EXPECT_EQ(said("x"), "offset 0: expected an OpenPGP packet, found a byte 120");
  EXPECT_EQ(said("\x99\x01"), "offset 0: expected a signature packet (tag 2), found tag 6");
  EXPECT_EQ(said("\x8b"), "offset 0: expected a packet with its length, found a packet without");
  EXPECT_EQ(said("\xc2\xe1x"), "offset 1: expected a packet with its length, found a packet in parts");
  EXPECT_EQ(said(packet(std::string(1, 5))), "offset 3: expected a signature of version 3, 4 or 6, found version 5");
  EXPECT_EQ(said(version_3(1) + "x"), "offset 22: expected the end of the packet, found 1 bytes more");
  const auto whole = version_4(1, 8, issuer(), "");
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(read_pgp_signature(bytes_of(whole.substr(0, size)))) << size;
  for (std::size_t size = 0; size < 17; ++size) EXPECT_FALSE(read_pgp_signature(bytes_of(packet(whole.substr(3, size))))) << "a shorter packet: " << size;
  EXPECT_FALSE(read_pgp_signature(bytes_of(version_4(1, 8, std::string(1, '\0'), "")))) << "a subpacket of no bytes would be read for ever";
}

}  // namespace
}  // namespace diglim
