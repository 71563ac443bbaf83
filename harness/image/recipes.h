// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "image/apt.h"
#include "image/image_set.h"
#include "image/rpm_builder.h"

namespace diglab {

/// A Debian package, to be read from <downloads>/<file>. `base` is required by it, so that accounts and links exist before.
RpmRecipe recipe_for(const DebianPackage& package, const std::filesystem::path& downloads);

/// A tree of guest-image/.
Result<RpmRecipe> recipe_for(const TreePackage& tree);

/// Files that the caller laid out. ErrorKind::bad_input if the tree is not there, or has sockets or devices.
Result<RpmRecipe> recipe_for(const OwnPackage& package);

/// A package without files that claims to provide what `set` leaves out.
RpmRecipe stand_in_recipe(const ImageSet& set);

/// diglab-keys: /etc/keys/x509_ima.der for the kernel, the packages' key for rpm.
Result<RpmRecipe> keys_recipe(const LabKeys& keys);
/// The private half of the IMA key, readable by root.
Result<RpmRecipe> signing_key_recipe(const LabKeys& keys);

}  // namespace diglab
