# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for diglim(8): the program itself knows its subcommands and options.
_diglim() {
  mapfile -t COMPREPLY < <(diglim --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _diglim diglim
