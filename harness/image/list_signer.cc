// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/list_signer.h"

#include <array>
#include <utility>

#include "format/signature.h"

namespace diglab {

std::optional<ListKey> list_key_named(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, ListKey>, 5> names{
      {{"none", ListKey::none}, {"packages", ListKey::packages}, {"ima", ListKey::ima}, {"own", ListKey::own}, {"foreign", ListKey::foreign}}};
  for (const auto& [known, key] : names)
    if (known == name) return key;
  return std::nullopt;
}

Result<std::string> ListSigner::sign(const std::string& list) {
  switch (key_) {
    case ListKey::packages: return sign_pgp(list, keys_.gpg_home, keys_.rpm_fingerprint);
    case ListKey::own: {
      const OwnKey own = TRY(OwnKey::provide(keys_, processes_, deadline_));
      return sign_pgp(list, own.gpg_home, own.fingerprint);
    }
    case ListKey::ima: return sign_pkcs7(list, keys_.ima_certificate, keys_.ima_key);
    case ListKey::foreign: return sign_pkcs7(list, keys_.foreign_key, keys_.foreign_key);
    case ListKey::none: break;
  }
  return list;
}

Result<std::string> ListSigner::sign_pgp(const std::string& list, const std::filesystem::path& home, const std::string& fingerprint) {
  if (!home_) home_.emplace(TRY(GpgHome::borrow(home, processes_)));
  const auto command = home_->gpg().add({"--digest-algo", "SHA256", "--local-user", fingerprint, "--detach-sign", "--output", "-"});
  return diglim::append_signature(list, TRY(run(command, list)), diglim::SignatureKind::pgp);
}

Result<std::string> ListSigner::sign_pkcs7(const std::string& list, const std::filesystem::path& certificate, const std::filesystem::path& key) {
  // As the kernel's own scripts/sign-file does it: neither certificate nor attributes, which IMA does not look at.
  const Command command{"openssl", "cms", "-sign", "-binary", "-noattr", "-nocerts", "-nosmimecap", "-md", "sha256", "-outform", "DER",
                        "-signer", certificate.string(), "-inkey", key.string()};
  return diglim::append_signature(list, TRY(run(command, list)), diglim::SignatureKind::pkcs7);
}

Result<std::string> ListSigner::run(const Command& command, const std::string& input) {
  return TRY(processes_.check(command, {.deadline = deadline_, .input = input, .on_line = {}}), "signing a digest list").out;
}

}  // namespace diglab
