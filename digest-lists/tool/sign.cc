// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <cerrno>
#include <cstring>

#include "os/files.h"
#include "tool/list.h"
#include "tool/signing.h"

namespace diglim::tool {
namespace {

namespace fs = std::filesystem;

std::string last_openssl_error() {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
  ERR_clear_error();
  return text.data();
}

std::string without_newline(std::string text) {
  text.erase(text.find_last_not_of('\n') + 1);
  return text;
}

/// Makes signatures of one kind.
class Signer {
 public:
  virtual ~Signer() = default;
  [[nodiscard]] virtual SignatureKind kind() const = 0;
  virtual Result<std::string> sign(ByteView content) = 0;
};

class PgpSigner final : public Signer {
 public:
  PgpSigner(const Sign& wish, diglab::Processes& processes) : wish_(wish), processes_(processes) {}

  [[nodiscard]] SignatureKind kind() const override { return SignatureKind::pgp; }

  Result<std::string> sign(ByteView content) override {
    diglab::Command gpg{"gpg", "--no-options", "--digest-algo", wish_.hash, "--local-user", wish_.pgp_key};
    if (!wish_.gpg_home.empty()) gpg.add({"--homedir", wish_.gpg_home.string()});
    gpg.add({"--no-armor", "--detach-sign", "--output", "-"});
    const auto outcome = TRY(processes_.run(gpg, {.deadline = {}, .input = std::string(text_of(content)), .on_line = {}}));
    if (!outcome.end.succeeded())
      return fail(ErrorKind::infra, fmt::format("gpg could not sign with the key '{}': {}", wish_.pgp_key,
                                                outcome.err.empty() ? outcome.end.to_string() : without_newline(outcome.err)));
    const auto signature = read_pgp_signature(bytes_of(outcome.out));
    if (!signature) return fail_format("what gpg made", signature.error());
    if (!signature->is_supported())
      return fail(ErrorKind::bad_input, fmt::format("the key '{}' makes a {}; the kernel verifies RSA signatures of version 3 and 4",
                                                    wish_.pgp_key, signature->to_string()));
    return outcome.out;
  }

 private:
  const Sign& wish_;
  diglab::Processes& processes_;
};

class Pkcs7Signer final : public Signer {
 public:
  static Result<std::unique_ptr<Signer>> open(const Sign& wish) {
    std::unique_ptr<Pkcs7Signer> signer(new Pkcs7Signer);
    Keys certificates;
    TRY_VOID(certificates.add(wish.certificate));
    if (certificates.x509().empty())
      return fail(ErrorKind::bad_input, fmt::format("{}: not an X.509 certificate", wish.certificate.string()));
    signer->certificate_ = certificates.x509().front().certificate;
    const std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(wish.key.c_str(), "r"), BIO_free);
    if (!file) return fail(ErrorKind::bad_input, fmt::format("{}: {}", wish.key.string(), std::strerror(errno)));
    signer->key_.reset(PEM_read_bio_PrivateKey(file.get(), nullptr, nullptr, nullptr));
    if (!signer->key_)
      return fail(ErrorKind::bad_input, fmt::format("{}: not a private key in PEM: {}", wish.key.string(), last_openssl_error()));
    if (X509_check_private_key(signer->certificate_.get(), signer->key_.get()) != 1)
      return fail(ErrorKind::bad_input,
                  fmt::format("{}: not the private key of {}: {}", wish.key.string(), wish.certificate.string(), last_openssl_error()));
    signer->hash_ = EVP_get_digestbyname(wish.hash.c_str());
    if (signer->hash_ == nullptr) return fail(ErrorKind::bad_input, fmt::format("OpenSSL has no hash called '{}'", wish.hash));
    return signer;
  }

  [[nodiscard]] SignatureKind kind() const override { return SignatureKind::pkcs7; }

  /// As scripts/sign-file of the kernel does it: neither certificate nor attributes, which IMA does not look at.
  Result<std::string> sign(ByteView content) override {
    constexpr unsigned flags = CMS_BINARY | CMS_NOCERTS | CMS_DETACHED;
    const std::unique_ptr<BIO, decltype(&BIO_free)> data(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())), BIO_free);
    const std::unique_ptr<CMS_ContentInfo, decltype(&CMS_ContentInfo_free)> cms(
        CMS_sign(nullptr, nullptr, nullptr, nullptr, flags | CMS_PARTIAL | CMS_STREAM), CMS_ContentInfo_free);
    std::uint8_t* der = nullptr;
    int size = 0;
    if (cms &&
        CMS_add1_signer(cms.get(), certificate_.get(), key_.get(), hash_, CMS_BINARY | CMS_NOCERTS | CMS_NOATTR | CMS_NOSMIMECAP) !=
            nullptr &&
        CMS_final(cms.get(), data.get(), nullptr, flags) == 1)
      size = i2d_CMS_ContentInfo(cms.get(), &der);
    if (size <= 0) return fail(ErrorKind::infra, "signing failed: " + last_openssl_error());
    std::string signature(text_of({der, static_cast<std::size_t>(size)}));
    OPENSSL_free(der);
    return signature;
  }

 private:
  Pkcs7Signer() = default;

  std::shared_ptr<::X509> certificate_;
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_{nullptr, EVP_PKEY_free};
  const EVP_MD* hash_ = nullptr;
};

Result<std::unique_ptr<Signer>> make_signer(const Sign& wish, diglab::Processes& processes) {
  const bool pgp = !wish.pgp_key.empty(), pkcs7 = !wish.key.empty() && !wish.certificate.empty();
  if (pgp == pkcs7) return fail(ErrorKind::usage, "expected either --pgp-key, or --key and --certificate");
  if (pgp) return std::make_unique<PgpSigner>(wish, processes);
  return Pkcs7Signer::open(wish);
}

}  // namespace

Result<Report> sign(const Sign& wish, const Context& context) {
  const auto signer = TRY(make_signer(wish, context.processes));
  // All of them are looked at before the first is signed.
  std::vector<List> lists;
  for (const auto& path : wish.lists) {
    lists.push_back(TRY(List::read(path)));
    if (lists.back().parts().kind && !wish.replace)
      return fail(ErrorKind::bad_input, fmt::format("{}: is signed already; --replace drops that signature", path.string()));
  }
  Report report;
  report.json = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < lists.size(); ++i) {
    const auto content = lists[i].parts().content;
    const auto signature = TRY(signer->sign(content), wish.lists[i].string());
    // A link stays one.
    std::error_code ignored;
    TRY_VOID(diglab::write_file(fs::canonical(wish.lists[i], ignored), append_signature(text_of(content), signature, signer->kind())));
    const std::string_view kind = signer->kind() == SignatureKind::pgp ? "PGP" : "PKCS#7";
    report.text += fmt::format("{}: signed ({})\n", wish.lists[i].string(), kind);
    report.json.push_back({{"list", wish.lists[i].string()}, {"signature", kind}});
  }
  return report;
}

}  // namespace diglim::tool
