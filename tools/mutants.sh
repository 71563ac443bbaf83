# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Sourced by mutants/run of a folder, which gives `test_mutant NAME FILTER`: runs the tests of that filter (GoogleTest) with the defect.
# A patch says in its first lines which test has to notice it, and what that then says:
#
#     # Noticed by: Suite.test
#     # Saying: an extended regular expression

# build_mutants BUILD TARGET...: builds them, and ends with 3 if that fails.
build_mutants() {
  local output
  output=$(cmake --build "$1" --target "${@:2}" 2>&1) || { echo "$output" >&2; exit 3; }
}

# A line of a test that noticed something, as it is shown. For mutants/run to redefine.
shorten() { sed 's|^ *||'; }

# try_mutants DIRECTORY [MUTANT...]: tries these patches of the directory, or all. Fails if a defect is not noticed.
try_mutants() {
  local directory=$1 output name filter saying what noticed=0 survived=0
  shift
  (( $# )) || set -- "$directory"/*.patch
  output=$(mktemp)
  for name in "$@"; do
    name=$(basename "$name" .patch)
    filter=$(sed -n 's/^# Noticed by: //p' "$directory/$name.patch")
    saying=$(sed -n 's/^# Saying: //p' "$directory/$name.patch")
    if test_mutant "$name" "$filter" > "$output" 2>&1; then
      echo "NOT NOTICED  $name by $filter"
      survived=$(( survived + 1 ))
    elif what=$(grep -m1 -E -- "$saying" "$output"); then
      echo "noticed      $name: $(shorten <<< "$what")"
      noticed=$(( noticed + 1 ))
    else
      echo "NOT NOTICED  $name by $filter, which failed without saying '$saying':"
      tail -n 30 "$output"
      survived=$(( survived + 1 ))
    fi
  done
  rm -f "$output"
  echo "$noticed noticed, $survived survived, 0 broken"
  (( survived == 0 ))
}
