// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/certificate.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "attest/printable.h"

namespace diglab {
namespace {

/// Without it OpenSSL asks the terminal when a PEM file claims to be encrypted.
int no_password(char*, int, int, void*) {
  return -1;
}

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

constexpr std::size_t largest = std::size_t{1} << 20;
constexpr std::string_view ek_usage = "2.23.133.8.1";  // tcg-kp-EKCertificate

std::string oid_of(const ASN1_OBJECT* object) {
  char text[128];
  int size = OBJ_obj2txt(text, sizeof(text), object, 1);
  return size > 0 && size < static_cast<int>(sizeof(text)) ? std::string(text) : std::string();
}

std::string text_of_name(const X509_NAME* name) {
  Bio bio(BIO_new(BIO_s_mem()), BIO_free);
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) < 0) return {};
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return printable({data, static_cast<std::size_t>(size)});
}

Certificate parse_one(ByteView bytes) {
  const unsigned char* data = bytes.data();
  if (X509* der = d2i_X509(nullptr, &data, static_cast<long>(bytes.size()))) return {der, X509_free};
  Bio bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())), BIO_free);
  return {PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr), X509_free};
}

Result<void> add_authorities(X509_STORE* store, ByteView bytes) {
  if (bytes.size() > largest) return fail(ErrorKind::bad_input, fmt::format("authorities: {} bytes", bytes.size()));
  const unsigned char* data = bytes.data();
  Certificate der(d2i_X509(nullptr, &data, static_cast<long>(bytes.size())), X509_free);
  int count = 0;
  if (der) {
    count += X509_STORE_add_cert(store, der.get());
  } else {
    Bio bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())), BIO_free);
    while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)) {
      Certificate owner(next, X509_free);
      count += X509_STORE_add_cert(store, next);
    }
  }
  ERR_clear_error();
  if (count == 0) return fail(ErrorKind::bad_input, "authorities: no certificate in PEM or DER");
  return {};
}

/// Whether all critical extensions are known to OpenSSL or to makers of TPMs.
bool extensions_are_a_tpms(const X509* certificate) {
  for (int i = 0; i < X509_get_ext_count(certificate); ++i) {
    X509_EXTENSION* extension = X509_get_ext(certificate, i);
    if (X509_EXTENSION_get_critical(extension) == 0 || X509_supported_extension(extension) != 0) continue;
    std::string oid = oid_of(X509_EXTENSION_get_object(extension));
    if (oid != "2.5.29.9" && !oid.starts_with("2.23.133.")) return false;
  }
  return true;
}

int accept_tpm_extensions(int ok, X509_STORE_CTX* context) {
  if (ok == 0 && X509_STORE_CTX_get_error(context) == X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION &&
      extensions_are_a_tpms(X509_STORE_CTX_get_current_cert(context))) {
    X509_STORE_CTX_set_error(context, X509_V_OK);
    return 1;
  }
  return ok;
}

/// Manufacturer, model and version from the directory name in the subject's alternative name.
std::string tpm_of(const X509* certificate) {
  auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  std::string text;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DIRNAME) text = text_of_name(name->d.directoryName);
  }
  GENERAL_NAMES_free(names);
  return text;
}

/// A certificate that names usages must name this one, or any certificate of the same maker would do.
bool usage_fits(const X509* certificate) {
  auto* usages = static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr));
  bool fits = usages == nullptr;
  for (int i = 0; i < sk_ASN1_OBJECT_num(usages); ++i)
    fits = fits || oid_of(sk_ASN1_OBJECT_value(usages, i)) == ek_usage;
  EXTENDED_KEY_USAGE_free(usages);
  return fits;
}

}  // namespace

Result<void> check_authorities(ByteView bytes) {
  std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(), X509_STORE_free);
  if (!store) return fail(ErrorKind::infra, "OpenSSL: out of memory");
  return add_authorities(store.get(), bytes);
}

Result<ByteView> without_padding(ByteView certificate) {
  const unsigned char* data = certificate.data();
  Certificate parsed(d2i_X509(nullptr, &data, static_cast<long>(certificate.size())), X509_free);
  ERR_clear_error();
  if (!parsed) return fail(ErrorKind::bad_input, "no certificate in DER");
  return certificate.first(static_cast<std::size_t>(data - certificate.data()));
}

Result<EkCertificate> verify_ek_certificate(ByteView bytes, const std::vector<Bytes>& authorities,
                                            std::optional<std::chrono::system_clock::time_point> when) {
  if (bytes.empty()) return fail(ErrorKind::bad_input, "no EK certificate");
  if (bytes.size() > largest)
    return fail(ErrorKind::bad_input, fmt::format("an EK certificate of {} bytes", bytes.size()));
  Certificate certificate = parse_one(bytes);
  ERR_clear_error();
  if (!certificate) return fail(ErrorKind::bad_input, "the EK certificate is neither DER nor PEM of X.509");
  if (authorities.empty())
    return fail(ErrorKind::bad_input, "no certificate authority given to verify the EK certificate with");

  std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(), X509_STORE_free);
  std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> context(X509_STORE_CTX_new(), X509_STORE_CTX_free);
  if (!store || !context) return fail(ErrorKind::infra, "OpenSSL: out of memory");
  for (const Bytes& authority : authorities) TRY_VOID(add_authorities(store.get(), authority));
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  X509_STORE_set_verify_cb(store.get(), accept_tpm_extensions);
  if (X509_STORE_CTX_init(context.get(), store.get(), certificate.get(), nullptr) != 1)
    return fail(ErrorKind::infra, "OpenSSL: cannot start to verify a certificate");
  if (when) X509_STORE_CTX_set_time(context.get(), 0, std::chrono::system_clock::to_time_t(*when));
  int verified = X509_verify_cert(context.get());
  ERR_clear_error();
  if (verified != 1)
    return fail(ErrorKind::bad_input,
                fmt::format("EK certificate (issuer {}): {} (at depth {})",
                            text_of_name(X509_get_issuer_name(certificate.get())),
                            X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())),
                            X509_STORE_CTX_get_error_depth(context.get())));
  if ((X509_get_extension_flags(certificate.get()) & EXFLAG_CA) != 0 ||
      sk_X509_num(X509_STORE_CTX_get0_chain(context.get())) < 2)
    return fail(ErrorKind::bad_input, "the EK certificate is an authority's own, not one that it issued");
  if (!usage_fits(certificate.get()))
    return fail(ErrorKind::bad_input, "the certificate is not for endorsement keys (extended key usage)");

  EkCertificate result;
  result.subject = text_of_name(X509_get_subject_name(certificate.get()));
  result.issuer = text_of_name(X509_get_issuer_name(certificate.get()));
  result.tpm = tpm_of(certificate.get());
  result.key = PublicKey(X509_get_pubkey(certificate.get()), EVP_PKEY_free);
  ERR_clear_error();
  if (!result.key) return fail(ErrorKind::bad_input, "the EK certificate's key is of no kind that OpenSSL knows");
  return result;
}

bool same_key(const PublicKey& a, const PublicKey& b) {
  return a && b && EVP_PKEY_eq(a.get(), b.get()) == 1;
}

}  // namespace diglab
