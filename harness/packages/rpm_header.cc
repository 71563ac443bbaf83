// SPDX-License-Identifier: GPL-2.0-or-later
#include "packages/rpm_header.h"

#include <fmt/format.h>
#include <rpm/rpmfi.h>
#include <rpm/rpmfiles.h>
#include <rpm/rpmpgp.h>
#include <rpm/rpmtd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "librpm/header_signature.h"

namespace diglab {
namespace {

std::string text(Header header, rpmTagVal tag) {
  const char* value = headerGetString(header, tag);
  return value ? value : "";
}

Bytes blob(Header header, rpmTagVal tag) {
  rpmtd_s data{};
  if (!headerGet(header, tag, &data, HEADERGET_MINMEM)) return {};
  const auto* from = static_cast<const std::uint8_t*>(data.data);
  Bytes bytes(from, from + data.count);
  rpmtdFreeData(&data);
  return bytes;
}

/// Of pgpHashAlgo, as the kernel's crypto API names them.
std::string algorithm_name(int algorithm) {
  switch (algorithm) {
    case PGPHASHALGO_MD5: return "md5";
    case PGPHASHALGO_SHA1: return "sha1";
    case PGPHASHALGO_SHA224: return "sha224";
    case PGPHASHALGO_SHA256: return "sha256";
    case PGPHASHALGO_SHA384: return "sha384";
    case PGPHASHALGO_SHA512: return "sha512";
    default: return fmt::format("pgp-{}", algorithm);
  }
}

std::string issuer_of(const Bytes& signature) {
  pgpDigParams parameters = nullptr;
  if (signature.empty() || pgpPrtParams(signature.data(), signature.size(), PGPTAG_SIGNATURE, &parameters) != 0) return {};
  std::unique_ptr<pgpDigParams_s, decltype(&pgpDigParamsFree)> owner(parameters, pgpDigParamsFree);
  const std::uint8_t* id = pgpDigParamsSignID(parameters);
  return id ? to_hex({id, 8}) : std::string{};
}

}  // namespace

Result<Package> package_of(Header header) {
  Package package;
  package.name = text(header, RPMTAG_NAME);
  package.version = text(header, RPMTAG_VERSION);
  package.release = text(header, RPMTAG_RELEASE);
  package.arch = text(header, RPMTAG_ARCH);
  if (package.name.empty()) return fail(ErrorKind::bad_input, "an RPM header without a name");
  if (headerIsEntry(header, RPMTAG_EPOCH)) package.epoch = static_cast<std::uint32_t>(headerGetNumber(header, RPMTAG_EPOCH));
  package.header_region = blob(header, RPMTAG_HEADERIMMUTABLE);
  const std::string signature = diglim::header_signature(header);
  package.header_signature.assign(signature.begin(), signature.end());
  package.signing_key = issuer_of(package.header_signature);

  std::unique_ptr<rpmfiles_s, decltype(&rpmfilesFree)> files(rpmfilesNew(nullptr, header, RPMTAG_BASENAMES, RPMFI_KEEPHEADER),
                                                             rpmfilesFree);
  if (!files) return fail(ErrorKind::bad_input, fmt::format("{}: the file tags of its header contradict each other", package.nevra()));
  for (int i = 0; i < static_cast<int>(rpmfilesFC(files.get())); ++i) {
    PackagedFile file;
    std::unique_ptr<char, decltype(&std::free)> path(rpmfilesFN(files.get(), i), std::free);
    file.path = path.get();
    file.mode = static_cast<std::uint32_t>(rpmfilesFMode(files.get(), i)) & 0177777;
    file.size = rpmfilesFSize(files.get(), i);
    file.flags = rpmfilesFFlags(files.get(), i);
    if (const char* link = rpmfilesFLink(files.get(), i)) file.link_target = link;
    if (const char* user = rpmfilesFUser(files.get(), i)) file.user = user;
    if (const char* group = rpmfilesFGroup(files.get(), i)) file.group = group;
    int algorithm = 0;
    std::size_t length = 0;
    const std::uint8_t* digest = rpmfilesFDigest(files.get(), i, &algorithm, &length);
    // A file of no content and a %ghost have a digest of zero bytes in the header: none.
    if (digest && file.is_regular() && std::any_of(digest, digest + length, [](std::uint8_t byte) { return byte != 0; })) {
      file.algorithm = algorithm_name(algorithm);
      file.digest = to_hex({digest, length});
    }
    package.files.push_back(std::move(file));
  }
  return package;
}

}  // namespace diglab
