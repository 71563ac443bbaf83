// SPDX-License-Identifier: GPL-2.0-or-later
#include "attest/link.h"

#include <fmt/format.h>

#include <algorithm>

#include "attest/ima_ascii.h"

namespace diglab {

Result<Link> signature_link(ByteView message, ByteView signature, const PublicKey& ak) {
  bool valid = TRY(signature_is_valid(message, signature, ak));
  return Link{.name = "signature", .ok = valid, .detail = valid ? "by the AK" : "the quote was not signed by the AK"};
}

Link nonce_link(const Quote& quote, ByteView asked) {
  bool same = std::ranges::equal(quote.nonce, asked);
  return {.name = "nonce",
          .ok = same,
          .detail = same ? to_hex(asked)
                         : fmt::format("the quote answers nonce {}, asked was {}", to_hex(quote.nonce), to_hex(asked))};
}

Result<Link> pcr_values_link(const Quote& quote, const PcrBanks& given) {
  std::size_t count = 0;
  for (const auto& [bank, pcrs] : quote.selection) count += pcrs.size();
  // Its digest, of nothing, is that of any values.
  if (count == 0) return Link{.name = "pcr-values", .ok = false, .detail = "the quote covers no PCR"};
  bool covered = TRY(quote_covers(quote, given));
  return Link{.name = "pcr-values",
              .ok = covered,
              .detail = covered ? fmt::format("{} values are those that were quoted", count)
                                : "the values are not those that were quoted"};
}

Link log_forms_link(const ImaLog& binary, std::string_view ascii) {
  auto difference = compare_forms(binary, ascii);
  if (!difference)
    return {.name = "log-forms", .ok = true, .detail = fmt::format("both forms have the same {} entries", binary.entries.size())};
  std::string where = fmt::format("entry {} (line {})", difference->entry + 1, difference->line);
  if (difference->only_longer && difference->entry > 0)
    return {.name = "log-forms", .ok = true, .detail = fmt::format("same as far as both go, from {} on {}", where, difference->detail)};
  return {.name = "log-forms", .ok = false, .detail = fmt::format("differ from {} on: {}", where, difference->detail)};
}

}  // namespace diglab
