#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Before the switch: lists that only the root file system has. Without them its init is denied where lists are enforced. What only the
# initramfs has is deleted after it, by diglim-early.service.

load_lists_of_root() {
    local mounted=''
    if [ ! -d /sys/kernel/security/integrity ]; then
        mount -t securityfs -o nosuid,noexec,nodev securityfs /sys/kernel/security || return
        mounted=yes
    fi
    # A kernel without DIGLIM has no use for them.
    if [ -d /sys/kernel/security/integrity/diglim ]; then
        diglim --root "$NEWROOT" load --early /run/diglim/early 2>&1 > /dev/null | vwarn
    fi
    [ -z "$mounted" ] || umount /sys/kernel/security
}

if getargbool 1 rd.diglim; then
    load_lists_of_root
fi
