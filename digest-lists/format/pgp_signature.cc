// SPDX-License-Identifier: GPL-2.0-or-later
#include "format/algorithm.h"
#include "format/signature.h"

namespace diglim {
namespace {

constexpr unsigned signature_tag = 2;
constexpr unsigned issuer_subpacket = 16, issuer_fingerprint_subpacket = 33;

/// Reads from front to back; what is not there is refused by its name.
class Reader {
 public:
  Reader(ByteView bytes, std::size_t base) : bytes_(bytes), base_(base) {}

  [[nodiscard]] std::size_t offset() const { return base_ + at_; }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }

  Result<ByteView> take(std::size_t count, const char* what) {
    if (count > left()) return refuse(offset(), std::to_string(count) + " bytes of " + what, std::to_string(left()));
    at_ += count;
    return bytes_.subspan(at_ - count, count);
  }
  /// A big-endian number of `size` bytes, at most 4.
  Result<std::uint32_t> number(std::size_t size, const char* what) {
    const auto bytes = take(size, what);
    if (!bytes) return std::unexpected(bytes.error());
    std::uint32_t value = 0;
    for (const std::uint8_t byte : *bytes) value = value << 8 | byte;
    return value;
  }

 private:
  ByteView bytes_;
  std::size_t base_;
  std::size_t at_ = 0;
};

/// Lengths of packets of the new format and of subpackets; they differ in what the first byte means from 224 on.
Result<std::uint32_t> read_length(Reader& reader, const char* what, bool may_be_partial) {
  const std::size_t start = reader.offset();
  const auto first = reader.number(1, what);
  if (!first || *first < 192) return first;
  if (*first == 255) return reader.number(4, what);
  if (may_be_partial && *first >= 224) return refuse(start, "a packet with its length", "a packet in parts");
  const auto second = reader.number(1, what);
  if (!second) return second;
  return ((*first - 192) << 8) + *second + 192;
}

Result<ByteView> body_of_packet(Reader& reader) {
  const auto header = reader.number(1, "a packet");
  if (!header) return std::unexpected(header.error());
  const bool new_format = (*header & 0x40) != 0;
  if ((*header & 0x80) == 0) return refuse(0, "an OpenPGP packet", "a byte " + std::to_string(*header));
  const unsigned tag = new_format ? *header & 0x3f : *header >> 2 & 0xf;
  if (tag != signature_tag) return refuse(0, "a signature packet (tag 2)", "tag " + std::to_string(tag));
  if (!new_format && (*header & 3) == 3) return refuse(0, "a packet with its length", "a packet without");
  const auto length = new_format ? read_length(reader, "the packet's length", true)
                                 : reader.number(std::size_t{1} << (*header & 3), "the packet's length");
  if (!length) return std::unexpected(length.error());
  const auto body = reader.take(*length, "the packet");
  if (body && reader.left() != 0) return refuse(reader.offset(), "the end of the packet", std::to_string(reader.left()) + " bytes more");
  return body;
}

/// The id is a part of the fingerprint: the end of those of version 4, the beginning of later ones.
std::string id_of_fingerprint(ByteView version_and_fingerprint) {
  if (version_and_fingerprint.size() < 1 + 20) return {};
  return to_hex(version_and_fingerprint[0] == 4 ? version_and_fingerprint.last(8) : version_and_fingerprint.subspan(1, 8));
}

Result<void> read_subpackets(Reader& reader, std::size_t length_size, PgpSignature& signature) {
  const auto length = reader.number(length_size, "the length of the subpackets");
  if (!length) return std::unexpected(length.error());
  const std::size_t base = reader.offset();
  const auto all = reader.take(*length, "subpackets");
  if (!all) return std::unexpected(all.error());
  Reader area(*all, base);
  while (area.left() != 0) {
    const std::size_t start = area.offset();
    const auto size = read_length(area, "a subpacket's length", false);
    if (!size) return std::unexpected(size.error());
    if (*size == 0) return refuse(start, "a subpacket", "one of no bytes");
    const auto body = area.take(*size, "a subpacket");
    if (!body) return std::unexpected(body.error());
    const unsigned type = (*body)[0] & 0x7f;
    if (type == issuer_subpacket && body->size() == 9) signature.issuer = to_hex(body->subspan(1));
    if (type == issuer_fingerprint_subpacket && signature.issuer.empty()) signature.issuer = id_of_fingerprint(body->subspan(1));
  }
  return {};
}

Result<void> read_version_3(Reader& reader, PgpSignature& signature) {
  const std::size_t start = reader.offset();
  const auto length = reader.number(1, "the length of what is hashed");
  if (!length) return std::unexpected(length.error());
  if (*length != 5) return refuse(start, "5 bytes that are hashed", std::to_string(*length));
  const auto fixed = reader.take(15, "type, time, key, and algorithms");
  if (!fixed) return std::unexpected(fixed.error());
  signature.type = (*fixed)[0];
  signature.issuer = to_hex(fixed->subspan(5, 8));
  signature.algorithm = (*fixed)[13];
  signature.hash = (*fixed)[14];
  signature.hashed = text_of(fixed->first(*length));
  return {};
}

/// `body` is what `reader` reads, of which the version is behind it.
Result<void> read_version_4_or_6(ByteView body, Reader& reader, PgpSignature& signature) {
  const auto fixed = reader.take(3, "type and algorithms");
  if (!fixed) return std::unexpected(fixed.error());
  signature.type = (*fixed)[0];
  signature.algorithm = (*fixed)[1];
  signature.hash = (*fixed)[2];
  const std::size_t length_size = signature.version == 6 ? 4 : 2;
  if (const auto hashed = read_subpackets(reader, length_size, signature); !hashed) return hashed;
  const auto size = static_cast<std::uint32_t>(body.size() - reader.left());
  std::uint8_t end[6] = {static_cast<std::uint8_t>(signature.version), 0xff};
  store(end + 2, size, std::endian::big);
  signature.hashed = std::string(text_of(body.first(size))) + std::string(text_of(end));
  return read_subpackets(reader, length_size, signature);
}

const char* name_of(unsigned algorithm) {
  switch (algorithm) {
    case 1: case 2: case 3: return "RSA";
    case 16: case 20: return "ElGamal";
    case 17: return "DSA";
    case 19: return "ECDSA";
    case 22: return "EdDSA";
    case 27: return "Ed25519";
    case 28: return "Ed448";
    default: return nullptr;
  }
}

}  // namespace

Result<PgpSignature> read_pgp_signature(ByteView packet) {
  Reader outer(packet, 0);
  const auto body = body_of_packet(outer);
  if (!body) return std::unexpected(body.error());
  const auto start = static_cast<std::size_t>(body->data() - packet.data());
  Reader reader(*body, start);
  const auto version = reader.number(1, "a signature");
  if (!version) return std::unexpected(version.error());
  PgpSignature signature{.version = *version, .issuer = {}};
  if (signature.version != 3 && signature.version != 4 && signature.version != 6)
    return refuse(start, "a signature of version 3, 4 or 6", "version " + std::to_string(signature.version));
  const auto rest = signature.version == 3 ? read_version_3(reader, signature) : read_version_4_or_6(*body, reader, signature);
  if (!rest) return std::unexpected(rest.error());
  return signature;
}

std::string PgpSignature::to_string() const {
  const char* name = name_of(algorithm);
  const Algorithm* digest = algorithm_of_pgp(hash);
  return (name ? std::string(name) : "algorithm " + std::to_string(algorithm)) + " signature, version " + std::to_string(version) + ", " +
         (digest ? std::string(digest->name) : "hash " + std::to_string(hash)) + ", by " + (issuer.empty() ? "a key that it does not name" : "key " + issuer);
}

}  // namespace diglim
