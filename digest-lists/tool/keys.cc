// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool/keys.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmpgp.h>

#include <algorithm>
#include <cstdlib>

#include "format/bytes.h"
#include "os/files.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

std::string subject_of(::X509* certificate) {
  std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new(BIO_s_mem()), BIO_free);
  X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

/// The packets of an armoured or binary file of keys.
std::string packets_of(const std::string& content) {
  if (content.find("-----BEGIN PGP PUBLIC KEY BLOCK-----") == std::string::npos) return content;
  std::uint8_t* packets = nullptr;
  std::size_t size = 0;
  std::string bytes;
  if (pgpParsePkts(content.c_str(), &packets, &size) == PGPARMOR_PUBKEY) bytes = text_of({packets, size});
  std::free(packets);
  return bytes;
}

std::string id_of(rpmPubkey key) {
  const std::uint8_t* id = pgpDigParamsSignID(rpmPubkeyPgpDigParams(key));
  return id ? to_hex(ByteView{id, 8}) : std::string();
}

}  // namespace

Result<void> Keys::add(const fs::path& path) {
  std::error_code error;
  std::vector<fs::path> files;
  if (fs::is_directory(path, error)) {
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error))
      if (it->is_regular_file(error)) files.push_back(it->path());
  } else if (fs::exists(path, error)) {
    files.push_back(path);
  } else if (!error) {
    error = std::make_error_code(std::errc::no_such_file_or_directory);
  }
  if (error) return fail(ErrorKind::bad_input, fmt::format("{}: {}", path.string(), error.message()));
  std::ranges::sort(files);
  bool found = false;
  for (const auto& file : files) found |= TRY(add_file(file));
  if (!found) return fail(ErrorKind::bad_input, fmt::format("{}: expected an OpenPGP public key or an X.509 certificate", path.string()));
  return {};
}

Result<bool> Keys::add_file(const fs::path& file) {
  const auto content = TRY(diglab::read_file(file, 16 << 20));
  return add_x509(file, content) || add_pgp(file, content);
}

bool Keys::add_x509(const fs::path& file, const std::string& content) {
  const auto before = x509_.size();
  const auto keep = [&](::X509* certificate) {
    if (certificate != nullptr) x509_.push_back({.from = file, .owner = subject_of(certificate), .certificate = {certificate, X509_free}});
  };
  const auto* der = reinterpret_cast<const unsigned char*>(content.data());
  if (const auto* end = der; ::X509* certificate = d2i_X509(nullptr, &end, static_cast<long>(content.size()))) keep(certificate);
  std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())), BIO_free);
  while (::X509* certificate = PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)) keep(certificate);
  ERR_clear_error();
  return x509_.size() > before;
}

bool Keys::add_pgp(const fs::path& file, const std::string& content) {
  rpmInitCrypto();
  const auto before = pgp_.size();
  const auto all = packets_of(content);
  ByteView packets = bytes_of(all);
  while (!packets.empty()) {
    std::size_t size = 0;
    if (pgpPubKeyCertLen(packets.data(), packets.size(), &size) != 0 || size == 0 || size > packets.size()) break;
    rpmPubkey main = rpmPubkeyNew(packets.data(), size);
    std::string exported(text_of(packets.first(size)));
    packets = packets.subspan(size);
    if (main == nullptr) continue;
    const char* user = pgpDigParamsUserID(rpmPubkeyPgpDigParams(main));
    const std::string owner = user ? user : "";
    pgp_.push_back({.from = file, .id = id_of(main), .owner = owner, .key = {main, rpmPubkeyFree}, .packets = std::move(exported)});
    int count = 0;
    rpmPubkey* subkeys = rpmGetSubkeys(main, &count);
    for (int i = 0; i < count; ++i)
      pgp_.push_back({.from = file, .id = id_of(subkeys[i]), .owner = owner, .key = {subkeys[i], rpmPubkeyFree}, .packets = {}});
    std::free(static_cast<void*>(subkeys));
  }
  return pgp_.size() > before;
}

}  // namespace diglim::tool
