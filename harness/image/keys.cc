// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/keys.h"

#include <fmt/format.h>

#include "image/certificate.h"
#include "image/gpg_home.h"
#include "os/files.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

LabKeys names_in(const fs::path& directory) {
  LabKeys keys;
  keys.directory = directory;
  keys.ca_certificate = directory / "ca.pem";
  keys.ca_key = directory / "ca.key";
  keys.ima_key = directory / "ima.key";
  keys.ima_certificate = directory / "ima.pem";
  keys.ima_certificate_der = directory / "x509_ima.der";
  keys.module_key = directory / "module.pem";
  keys.foreign_key = directory / "foreign.key";
  keys.foreign_certificate_der = directory / "foreign.der";
  keys.gpg_home = directory / "gnupg";
  keys.rpm_public_key = directory / "RPM-GPG-KEY-diglab";
  keys.rpm_public_key_binary = directory / "rpm-key.gpg";
  return keys;
}

/// Only the owner gets into the directory in which this happens, so nobody sees the moment before the permissions.
Result<void> write_private(const fs::path& path, std::string_view content) {
  TRY_VOID(write_file(path, content));
  std::error_code error;
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, error);
  if (error) return fail(ErrorKind::infra, fmt::format("cannot protect {}: {}", path.string(), error.message()));
  return {};
}

Result<void> make_x509(const LabKeys& keys) {
  const auto ca_key = TRY(make_private_key());
  const auto ca = TRY(make_certificate({.common_name = "diglab laboratory CA", .authority = true}, ca_key.get()));
  TRY_VOID(write_private(keys.ca_key, TRY(pem_of(ca_key.get()))));
  TRY_VOID(write_file(keys.ca_certificate, TRY(pem_of(ca.get()))));

  const auto ima_key = TRY(make_private_key());
  const auto ima = TRY(make_certificate({.common_name = "diglab IMA signing key", .issuer = ca.get(), .issuer_key = ca_key.get()},
                                        ima_key.get()));
  TRY_VOID(write_private(keys.ima_key, TRY(pem_of(ima_key.get()))));
  TRY_VOID(write_file(keys.ima_certificate, TRY(pem_of(ima.get()))));
  TRY_VOID(write_file(keys.ima_certificate_der, TRY(der_of(ima.get()))));

  const auto module_key = TRY(make_private_key());
  const auto module = TRY(make_certificate({.common_name = "diglab module signing key"}, module_key.get()));
  TRY_VOID(write_private(keys.module_key, TRY(pem_of(module_key.get())) + TRY(pem_of(module.get()))));

  const auto foreign_key = TRY(make_private_key());
  const auto foreign = TRY(make_certificate({.common_name = "nobody the kernel trusts"}, foreign_key.get()));
  TRY_VOID(write_private(keys.foreign_key, TRY(pem_of(foreign_key.get())) + TRY(pem_of(foreign.get()))));
  return write_file(keys.foreign_certificate_der, TRY(der_of(foreign.get())));
}

/// What a borrowed home has come to have.
Result<void> keep(GpgHome& home, const fs::path& to) {
  home.stop_agent();
  std::error_code error;
  fs::create_directory(to, error);
  if (!error) fs::permissions(to, fs::perms::owner_all, error);
  for (const auto* name : {"pubring.kbx", "trustdb.gpg", "private-keys-v1.d"}) {
    if (!error && fs::exists(home.path() / name)) fs::copy(home.path() / name, to / name, fs::copy_options::recursive, error);
  }
  if (error) return fail(ErrorKind::infra, fmt::format("cannot keep the GnuPG home in {}: {}", to.string(), error.message()));
  return {};
}

Result<void> make_gpg(const LabKeys& keys, Processes& processes, const Deadline& deadline) {
  auto home = TRY(GpgHome::borrow({}, processes));
  const RunOptions options{.deadline = deadline, .input = {}, .on_line = {}};
  (void)TRY(processes.check(home.gpg().add({"--quick-gen-key", "diglab packages <packages@diglab.invalid>", "rsa3072", "sign", "never"}), options),
            "making the packages' signing key");
  const auto armour = TRY(processes.check(home.gpg().add({"--armor", "--export"}), options));
  const auto binary = TRY(processes.check(home.gpg().add("--export"), options));
  TRY_VOID(write_file(keys.rpm_public_key, armour.out));
  TRY_VOID(write_file(keys.rpm_public_key_binary, binary.out));
  return keep(home, keys.gpg_home);
}

Result<std::string> fingerprint_of(const fs::path& public_key, Processes& processes, const Deadline& deadline) {
  auto home = TRY(GpgHome::borrow({}, processes));
  const auto shown = TRY(processes.check(home.gpg().add({"--with-colons", "--show-keys", public_key.string()}),
                                         {.deadline = deadline, .input = {}, .on_line = {}}));
  // "fpr:::::::::<40 digits>:"
  const auto line = shown.out.find("\nfpr:");
  const auto from = line == std::string::npos ? line : shown.out.find_first_of("0123456789ABCDEF", line + 5);
  if (from == std::string::npos || shown.out.size() < from + 40)
    return fail(ErrorKind::infra, fmt::format("gpg shows no fingerprint for {}", public_key.string()));
  return shown.out.substr(from, 40);
}

OwnKey own_key_in(const fs::path& directory) {
  return {.gpg_home = directory / "gnupg", .public_key = directory / "own.gpg", .fingerprint = {}};
}

Result<void> make_own_key(const OwnKey& own, const LabKeys& keys, Processes& processes, const Deadline& deadline) {
  // In a home that has the certifying key as well, and is kept with it: both lie in the same cache.
  auto home = TRY(GpgHome::borrow(keys.gpg_home, processes));
  const RunOptions options{.deadline = deadline, .input = {}, .on_line = {}};
  constexpr const char* name = "an administrator <administrator@diglab.invalid>";
  (void)TRY(processes.check(home.gpg().add({"--quick-gen-key", name, "rsa3072", "sign", "never"}), options), "making an own key");
  const auto fingerprint = [&]() -> Result<std::string> {
    TRY_VOID(write_file(own.public_key, TRY(processes.check(home.gpg().add({"--export", name}), options)).out));
    return fingerprint_of(own.public_key, processes, deadline);
  };
  const auto digits = TRY(fingerprint());
  (void)TRY(processes.check(home.gpg().add({"--cert-digest-algo", "SHA256", "--default-key", keys.rpm_fingerprint, "--quick-sign-key", digits}), options), "certifying an own key");
  TRY_VOID(write_file(own.public_key.parent_path() / "fingerprint", TRY(fingerprint())));
  return keep(home, own.gpg_home);
}

}  // namespace

Result<OwnKey> OwnKey::provide(const LabKeys& keys, Processes& processes, const Deadline& deadline) {
  // Its name says which key certified it.
  const auto place = keys.directory.parent_path() / ("own-key-" + keys.id);
  const auto lock = TRY(FileLock::acquire(keys.directory.parent_path() / "keys.lock", deadline));
  if (!fs::exists(place)) {
    const auto temporary = TRY(TempDir::make(place.parent_path(), "own-key"));
    TRY_VOID(make_own_key(own_key_in(temporary.path()), keys, processes, deadline), "an own key");
    TRY_VOID(publish_directory(temporary.path(), place));
  }
  OwnKey own = own_key_in(place);
  own.fingerprint = TRY(read_file(place / "fingerprint"));
  return own;
}

Result<LabKeys> LabKeys::provide(const fs::path& cache, Processes& processes, const Deadline& deadline) {
  const auto final_place = cache / "keys";
  if (!fs::exists(final_place)) {
    TRY_VOID(make_directories(cache));
    const auto lock = TRY(FileLock::acquire(cache / "keys.lock", deadline));
    if (!fs::exists(final_place)) {
      auto temporary = TRY(TempDir::make(cache, "keys"));
      const auto fresh = names_in(temporary.path());
      TRY_VOID(make_x509(fresh), "making the laboratory's keys");
      TRY_VOID(make_gpg(fresh, processes, deadline), "making the laboratory's keys");
      TRY_VOID(write_file(temporary.path() / "fingerprint", TRY(fingerprint_of(fresh.rpm_public_key, processes, deadline))));
      TRY_VOID(publish_directory(temporary.path(), final_place));
    }
  }
  auto keys = names_in(final_place);
  keys.rpm_fingerprint = TRY(read_file(final_place / "fingerprint"), "the laboratory's keys are incomplete: remove their directory to get new ones");
  std::string all;
  for (const auto& part : {keys.ca_certificate, keys.ima_certificate, keys.foreign_certificate_der, keys.rpm_public_key}) all += TRY(sha256_of_file(part));
  all += TRY(sha256_of_file(keys.module_key));
  keys.id = sha256_of(all).substr(0, 16);
  return keys;
}

}  // namespace diglab
