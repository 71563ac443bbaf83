// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "attest/ima_log.h"
#include "attest/quote.h"

namespace diglab {

/// One step from a certificate authority to a verdict about a machine.
struct Link {
  std::string name;  ///< "ek-certificate", "ek-public", "ak-public", "credential", "quote-message", "nonce", ...
  bool ok = false;
  std::string detail;
};

// The links that a few files suffice for: the same answer, whether they were given one by one or as whole evidence.

/// "signature". ErrorKind::bad_input for one that cannot be read.
Result<Link> signature_link(ByteView message, ByteView signature, const PublicKey& ak);

/// "nonce": whether the quote answers the one that was asked.
[[nodiscard]] Link nonce_link(const Quote& quote, ByteView asked);

/// "pcr-values": broken, too, for a quote of no PCR. ErrorKind::bad_input when one that was quoted is not among `given`.
Result<Link> pcr_values_link(const Quote& quote, const PcrBanks& given);

/// "log-forms". The two files are read one after the other, and a measurement may come between: forms of which one goes
/// on where the other ends agree, but for one that is empty.
[[nodiscard]] Link log_forms_link(const ImaLog& binary, std::string_view ascii);

}  // namespace diglab
