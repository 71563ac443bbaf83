# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# ./diglab test, sourced by the launcher: everything that can fail, cheapest first. Uses the launcher's say, broke, build,
# source_dir and DIGLAB_BUILD_ROOT.

test_usage() {
  cat <<'USAGE'
Usage: ./diglab test [--quick | --nightly] [--only PART]...

  unit       unit tests of the harness (CTest)
  machines   tests of the harness that boot machines (CTest, label qemu)
  fuzz       each fuzz target for a minute
  scenarios  every scenario but those tagged nightly
  mutants    deliberate defects of the kernel series, a sample: each must be noticed by a scenario

  --quick      unit tests only
  --nightly    everything: full counts, ten boots for what must be predictable, all mutants; takes hours
  --only PART  only this part; may be given several times

Exit status: 0 all passed, 1 a test or claim failed, 2 bad use, 3 the laboratory itself broke.
USAGE
}

tests_passed=0
tests_failed=0
worst=0

# Remembers the worst exit status of all parts: 3 (broken) over 1 (failed).
note_status() {
  (( $1 == 0 )) || { (( $1 > worst )) && worst=$1; return 0; }
}

# run_ctest PRESET CTEST-ARGUMENT...: streams CTest's output and adds its counts to the totals.
run_ctest() {
  local preset=$1 output status=0
  shift
  output=$DIGLAB_BUILD_ROOT/$preset/ctest-output.log
  ctest --test-dir "$DIGLAB_BUILD_ROOT/$preset" --output-on-failure --no-tests=error "$@" 2>&1 | tee "$output" || status=1
  local summary failed total
  summary=$(grep -E '^[0-9]+% tests passed, [0-9]+ tests failed out of [0-9]+' "$output" | tail -n 1)
  failed=$(sed -n 's/.*passed, \([0-9]*\) tests failed.*/\1/p' <<<"$summary")
  total=$(sed -n 's/.*out of \([0-9]*\).*/\1/p' <<<"$summary")
  tests_failed=$(( tests_failed + ${failed:-1} ))
  tests_passed=$(( tests_passed + ${total:-0} - ${failed:-0} ))
  note_status $status
}

run_scenarios() {
  local output=$DIGLAB_BUILD_ROOT/scenarios-output.log status=0
  "$program" --source "$source_dir" run '*' "$@" 2>&1 | tee "$output" || status=${PIPESTATUS[0]}
  local passed failed
  passed=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed.*/\1/p' "$output" | tail -n 1)
  failed=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed.*/\2/p' "$output" | tail -n 1)
  tests_passed=$(( tests_passed + ${passed:-0} ))
  tests_failed=$(( tests_failed + ${failed:-1} ))
  note_status "$status"
}

# run_mutants OPTION...: a mutant that no scenario notices is a failed test.
run_mutants() {
  local output=$DIGLAB_BUILD_ROOT/mutants-output.log status=0
  "$program" --source "$source_dir" mutants "$@" 2>&1 | tee "$output" || status=${PIPESTATUS[0]}
  local noticed others
  noticed=$(sed -n 's/^\([0-9]*\) noticed, .*/\1/p' "$output" | tail -n 1)
  others=$(sed -n 's/^[0-9]* noticed, \([0-9]*\) survived, \([0-9]*\) broken.*/\1 + \2/p' "$output" | tail -n 1)
  tests_passed=$(( tests_passed + ${noticed:-0} ))
  tests_failed=$(( tests_failed + ${others:-1} ))
  note_status "$status"
}

run_tests() {
  local -a parts=() scenario_options=(--without-tag nightly) mutant_options=(--sample)
  while (( $# )); do
    case $1 in
      --help|-h) test_usage; exit 0 ;;
      --quick) parts=(unit) ;;
      --nightly) scenario_options=() mutant_options=() ;;
      --only) [[ ${2:-} =~ ^(unit|machines|fuzz|scenarios|mutants)$ ]] || { test_usage >&2; exit 2; }; parts+=("$2"); shift ;;
      *) test_usage >&2; exit 2 ;;
    esac
    shift
  done
  (( ${#parts[@]} )) || parts=(unit machines fuzz scenarios mutants)

  local part
  for part in "${parts[@]}"; do
    say "test: $part"
    case $part in
      unit)
        build release
        "$source_dir/tools/check-layers" || note_status 1
        run_ctest release -L 'unit|tpm|browser' -j "$(nproc)" ;;
      machines)
        build release
        "$program" --source "$source_dir" kernel build >/dev/null || { note_status $?; continue; }
        "$program" --source "$source_dir" image build minimal >/dev/null || { note_status $?; continue; }
        DIGLAB_TEST_KERNEL=$("$program" --source "$source_dir" kernel build 2>/dev/null | sed -n 's/^  image *\(.*\) (.*/\1/p') \
          run_ctest release -L qemu -j 2 ;; # the agent's beside the others, of which one runs at a time
      fuzz)
        build fuzz fuzzers
        run_ctest fuzz -L fuzz -j "$(nproc)" ;;
      scenarios) run_scenarios "${scenario_options[@]}" ;;
      mutants) run_mutants "${mutant_options[@]}" ;;
    esac
  done
  printf '%d passed, %d failed\n' "$tests_passed" "$tests_failed"
  exit "$worst"
}
