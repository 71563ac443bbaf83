// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/sample_logs.h"

#include "attest/log_builder.h"

namespace diglab {

ImaLog sample_log_of_every_template(ByteOrder byte_order, HashAlgorithm log_digest) {
  ImaLog log;
  log.byte_order = byte_order;
  log.digest_algorithm = log_digest;
  auto add = [&](std::string name, const std::vector<Bytes>& fields) {
    log.entries.push_back(make_entry(10, std::move(name), fields, byte_order, log_digest));
  };
  auto uint = [&](std::uint32_t value, std::size_t size) {
    Bytes bytes;
    for (std::size_t i = 0; i < size; ++i)
      bytes.push_back(static_cast<std::uint8_t>(value >> 8 * (byte_order == ByteOrder::little ? i : size - 1 - i)));
    return bytes;
  };
  const Bytes sha256 = tagged_digest_field("sha256", hash(HashAlgorithm::sha256, {view_of("content")}));
  const Bytes sha512 = tagged_digest_field("ima:sha512", hash(HashAlgorithm::sha512, {view_of("content")}));
  const Bytes verity = tagged_digest_field("verity:sha256", hash(HashAlgorithm::sha256, {view_of("tree")}));
  const Bytes signature{0x03, 0x02, 0x04, 0xaa, 0xbb, 0xcc, 0xdd, 0x00, 0x02, 0x01, 0x02};

  add("ima-ng", {sha256, name_field("boot_aggregate")});
  std::string name = "/bin/legacy";
  add("ima", {hash(HashAlgorithm::sha1, {view_of("content")}), Bytes(name.begin(), name.end())});
  add("ima-ng", {sha256, name_field("/usr/bin/a b c")});
  add("ima-ng", {tagged_digest_field("sha256", Bytes(32, 0)), name_field("/var/log/x")});
  log.entries.back() = as_violation(std::move(log.entries.back()));
  add("ima-sig", {sha256, name_field("/usr/bin/signed"), signature});
  add("ima-sig", {sha256, name_field("/usr/bin/unsigned"), {}});
  add("ima-ngv2", {sha512, name_field("/usr/bin/v2")});
  add("ima-sigv2", {verity, name_field("/usr/bin/verity"), signature});
  add("ima-buf", {sha256, name_field("kexec-cmdline"), {'r', 'o', 'o', 't'}});
  add("ima-modsig",
      {sha256, name_field("/lib/x.ko"), {}, tagged_digest_field("sha512", Bytes(64, 9)), Bytes(70, 0x30)});
  add("ima-modsig", {sha256, name_field("/lib/unsigned.ko"), {}, {}, {}});
  add("evm-sig", {sha256,
                  name_field("/etc/passwd"),
                  signature,
                  name_field("security.ima|security.selinux"),
                  {8, 0, 0, 0, 4, 0, 0, 0},
                  Bytes(12, 0x41),
                  uint(1000, 4),
                  uint(0, 4),
                  uint(0100644, 2)});
  add("d-ng|n-ng|iuid", {sha256, name_field("/custom"), uint(0xfffffffe, 4)});
  add("d-ng|n|sig", {sha256, name_field("/custom/n"), {}});
  return log;
}

}  // namespace diglab
