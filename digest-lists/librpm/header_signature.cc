// SPDX-License-Identifier: GPL-2.0-or-later
#include "librpm/header_signature.h"

#include <rpm/header.h>
#include <rpm/rpmbase64.h>
#include <rpm/rpmtd.h>

#include <cstdlib>
#include <vector>

#include "format/signature.h"

namespace diglim {
namespace {

/// RPMTAG_OPENPGP of rpm 6: signatures of any kind, in base64. Older headers of librpm do not have it.
constexpr rpmTagVal openpgp_tag = 278;

std::string from_base64(const char* text) {
  void* bytes = nullptr;
  std::size_t size = 0;
  if (rpmBase64Decode(text, &bytes, &size) != 0) return {};
  std::string packet(static_cast<const char*>(bytes), size);
  std::free(bytes);
  return packet;
}

/// What a tag has: bytes, or strings of base64.
void add_packets(Header header, rpmTagVal tag, std::vector<std::string>& packets) {
  struct rpmtd_s data;
  if (!headerGet(header, tag, &data, HEADERGET_DEFAULT)) return;
  if (data.type == RPM_BIN_TYPE) packets.emplace_back(static_cast<const char*>(data.data), data.count);
  else
    while (rpmtdNext(&data) >= 0)
      if (const char* text = rpmtdGetString(&data)) packets.push_back(from_base64(text));
  rpmtdFreeData(&data);
}

}  // namespace

std::string header_signature(Header header) {
  std::vector<std::string> packets;
  for (const rpmTagVal tag : {rpmTagVal{RPMTAG_RSAHEADER}, rpmTagVal{RPMTAG_DSAHEADER}, openpgp_tag}) add_packets(header, tag, packets);
  std::erase(packets, "");
  for (auto& packet : packets)
    if (const auto signature = read_pgp_signature(bytes_of(packet)); signature && signature->is_supported()) return std::move(packet);
  return packets.empty() ? std::string() : std::move(packets.front());
}

}  // namespace diglim
