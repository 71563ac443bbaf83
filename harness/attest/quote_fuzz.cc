// SPDX-License-Identifier: GPL-2.0-or-later
//
// The structures of a TPM, certificates, PCR values and challenges on any bytes: no crash. The first byte chooses the
// parser.

#include <openssl/ec.h>

#include "attest/certificate.h"
#include "attest/credential.h"
#include "attest/quote.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace diglab;
  if (size == 0) return 0;
  ByteView bytes(data + 1, size - 1);
  switch (data[0] % 6) {
    case 0:
      if (auto quote = parse_quote(bytes)) (void)quote_covers(*quote, {});
      break;
    case 1:
      if (auto key = TpmPublic::parse(bytes)) (void)signature_is_valid(bytes, bytes, key->key());
      break;
    case 2: {
      static const auto key = std::shared_ptr<EVP_PKEY>(EVP_EC_gen("P-256"), EVP_PKEY_free);
      (void)signature_is_valid({}, bytes, key);
      break;
    }
    case 3:
      (void)verify_ek_certificate(bytes, {Bytes(bytes.begin(), bytes.end())});
      break;
    case 4:
      if (auto pcrs = parse_pcrs(text_of(bytes))) {
        auto again = parse_pcrs(pcrs->to_string());
        if (!again || again->banks() != pcrs->banks()) __builtin_trap();
      }
      break;
    default:
      (void)parse_challenge(text_of(bytes));
  }
  return 0;
}
