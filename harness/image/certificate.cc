// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/certificate.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace diglab {
namespace {

std::unexpected<Error> openssl_failed(std::string_view doing) {
  char text[256] = "no reason given";
  if (const auto code = ERR_get_error()) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return fail(ErrorKind::infra, fmt::format("OpenSSL could not {}: {}", doing, text));
}

bool add_extension(X509* certificate, X509* issuer, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
  if (!extension) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

template <typename Write>
Result<std::string> in_memory(Write write, std::string_view what) {
  std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  if (!bio || write(bio.get()) != 1) return openssl_failed(fmt::format("write a {}", what));
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

Result<PrivateKey> make_private_key() {
  PrivateKey key(EVP_RSA_gen(2048), EVP_PKEY_free);
  if (!key) return openssl_failed("make an RSA key");
  return key;
}

Result<Certificate> make_certificate(const CertificateRequest& request, EVP_PKEY* key) {
  Certificate certificate(X509_new(), X509_free);
  unsigned char serial[16];
  if (!certificate || RAND_bytes(serial, sizeof serial) != 1) return openssl_failed("start a certificate");
  serial[0] &= 0x7f;  // A serial number is positive.
  std::unique_ptr<BIGNUM, decltype(&BN_free)> number(BN_bin2bn(serial, sizeof serial, nullptr), BN_free);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const auto* text = reinterpret_cast<const unsigned char*>(request.common_name.c_str());
  X509* issuer = request.issuer ? request.issuer : certificate.get();
  const bool filled = X509_set_version(certificate.get(), X509_VERSION_3) == 1 && number &&
                      BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())) &&
                      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1 &&
                      X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer)) == 1 &&
                      ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate.get()), "20240101000000Z") == 1 &&
                      ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate.get()), "21231231235959Z") == 1 &&
                      X509_set_pubkey(certificate.get(), key) == 1;
  if (!filled) return openssl_failed("fill in a certificate");
  const bool extended =
      add_extension(certificate.get(), issuer, NID_basic_constraints, request.authority ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
      add_extension(certificate.get(), issuer, NID_key_usage, request.authority ? "critical,keyCertSign" : "critical,digitalSignature") &&
      add_extension(certificate.get(), issuer, NID_subject_key_identifier, "hash") &&
      add_extension(certificate.get(), issuer, NID_authority_key_identifier, "keyid:always");
  if (!extended) return openssl_failed("add a certificate's extensions");
  if (X509_sign(certificate.get(), request.issuer_key ? request.issuer_key : key, EVP_sha256()) == 0)
    return openssl_failed("sign a certificate");
  return certificate;
}

Result<std::string> pem_of(EVP_PKEY* key) {
  return in_memory([&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); }, "key");
}
Result<std::string> pem_of(X509* certificate) {
  return in_memory([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); }, "certificate");
}
Result<std::string> der_of(X509* certificate) {
  return in_memory([&](BIO* bio) { return i2d_X509_bio(bio, certificate); }, "certificate");
}

}  // namespace diglab
