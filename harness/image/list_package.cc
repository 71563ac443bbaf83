// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/list_package.h"

#include <fmt/format.h>

#include <optional>

#include "image/gpg_home.h"
#include "os/files.h"
#include "packages/digest_list.h"

namespace diglab {
namespace {

namespace fs = std::filesystem;

/// Signs one file after the other as its kind does it.
class Signer {
 public:
  Signer(DigestLists how, const LabKeys& keys, Processes& processes, Deadline deadline)
      : how_(how), keys_(keys), processes_(processes), deadline_(deadline) {}

  Result<std::string> sign(const std::string& list) {
    switch (how_) {
      case DigestLists::pgp: {
        if (!home_) home_.emplace(TRY(GpgHome::borrow(keys_.gpg_home, processes_)));
        auto command = home_->gpg().add({"--digest-algo", "SHA256", "--local-user", keys_.rpm_fingerprint, "--detach-sign", "--output", "-"});
        return append_signature(list, TRY(run(command, list)), AppendedSignature::pgp);
      }
      case DigestLists::pkcs7: {
        // As the kernel's own scripts/sign-file does it: neither certificate nor attributes, which IMA does not look at.
        const Command command{"openssl", "cms", "-sign", "-binary", "-noattr", "-nocerts", "-nosmimecap", "-md", "sha256", "-outform", "DER",
                              "-signer", keys_.ima_certificate.string(), "-inkey", keys_.ima_key.string()};
        return append_signature(list, TRY(run(command, list)), AppendedSignature::pkcs7);
      }
      case DigestLists::unsigned_lists:
      case DigestLists::none: break;
    }
    return list;
  }

 private:
  Result<std::string> run(const Command& command, const std::string& input) {
    return TRY(processes_.check(command, {.deadline = deadline_, .input = input, .on_line = {}}), "signing a digest list").out;
  }

  DigestLists how_;
  const LabKeys& keys_;
  Processes& processes_;
  Deadline deadline_;
  std::optional<GpgHome> home_;
};

/// The package with nothing but its programs in directories called diglim: only there does the kernel look for converters of lists.
Package converters_of(const Package& package) {
  Package converters = package;
  std::erase_if(converters.files, [](const PackagedFile& file) {
    return (file.mode & 0111) == 0 || fs::path(file.path).parent_path().filename() != "diglim";
  });
  return converters;
}

Result<void> put_list(const std::vector<DigestBlock>& blocks, std::string_view type, const Package& package, const fs::path& tree, Signer& signer) {
  if (blocks.empty()) return {};
  const auto name = fmt::format("0-{}_list-compact-{}-{}-{}.{}", type, package.name, package.version, package.release, package.arch);
  const auto place = tree / "usr/lib/diglim" / name;
  TRY_VOID(write_file(place, TRY(signer.sign(TRY(encode_digest_list(blocks))), name)));
  std::error_code error;
  fs::permissions(place, fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read, error);
  if (error) return fail(ErrorKind::infra, fmt::format("{}: {}", place.string(), error.message()));
  return {};
}

}  // namespace

Result<OwnPackage> list_package(const PackageSet& installed, DigestLists how, const LabKeys& keys, const fs::path& tree,
                                Processes& processes, const Deadline& deadline) {
  Signer signer(how, keys, processes, deadline);
  for (const auto& package : installed.packages()) {
    TRY_VOID(put_list(TRY(digest_blocks_of(package)), "file", package, tree, signer));
    TRY_VOID(put_list(TRY(digest_blocks_of(converters_of(package), DigestBlock::parser)), "parser", package, tree, signer));
  }
  return OwnPackage{.name = std::string(list_package_name), .version = "1.0-1", .tree = tree, .requires_names = {}};
}

}  // namespace diglab
