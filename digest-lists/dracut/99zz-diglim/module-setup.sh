#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dracut module: an initramfs that starts under digest lists. What belongs into it is for diglim(8) to know.
#
# It looks at what is in the initramfs, so its name sorts it behind the other modules.

# called by dracut
check() {
    require_binaries diglim
}

# called by dracut
install() {
    inst_multiple diglim
    inst_hook pre-pivot 10 "$moddir/load-lists.sh"
    # dracut itself does this when all modules are done, which is too late here; the second time it finds nothing to do.
    # shellcheck disable=SC2154,SC2086,SC2068
    inst_multiple -o ${install_items[@]} ${install_optional_items[@]}
    # shellcheck disable=SC2154
    find "$initdir" -type f -perm /0111 -not -path '*.ko' -print0 |
        xargs --null --no-run-if-empty "$DRACUT_INSTALL" -D "$initdir" ${dracutsysrootdir:+-r "$dracutsysrootdir"} -R --
    diglim --root "${dracutsysrootdir:-/}" initramfs "$initdir" 2>&1 | while read -r line; do dinfo "diglim: $line"; done
    case ${PIPESTATUS[0]} in
        0) ;;
        1) dwarn "diglim: there are programs in no list (see above), which do not run when digest lists are enforced" ;;
        # Better none than one that does not start: what was there before stays.
        *) dfatal "diglim: this initramfs lacks digest lists" && exit 1 ;;
    esac
}
