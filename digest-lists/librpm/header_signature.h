// SPDX-License-Identifier: GPL-2.0-or-later
//
// For what is linked with librpm: the harness and the rpm plugin.
#pragma once

#include <rpm/rpmtypes.h>

#include <string>

namespace diglim {

/// The signature of a package's header, an OpenPGP packet: of all that the header has, in RSAHEADER, DSAHEADER and OPENPGP (rpm 6), the
/// first that the kernel can verify, or else the first. Empty: there is none.
[[nodiscard]] std::string header_signature(Header header);

}  // namespace diglim
