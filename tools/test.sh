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
  fuzz       each fuzz target for a minute; with --nightly, for an hour
  plugin     deliberate defects of the rpm plugin: each must be noticed by a test
  parser     deliberate defects of the readers of lists and of the parser: the same
  lint       clang-tidy on everything (preset tidy); what it accepted is not looked at again until it changes
  sanitize   unit tests with ASan and UBSan (preset sanitize)
  scenarios  every scenario but those tagged nightly; those tagged every-rpm once more in guests with the newest rpm
  mutants    deliberate defects of the kernel series, a sample: each must be noticed by a scenario
  bench      the benchmarks of boots, snapshots, digest lists and their parser: each must meet its targets

  --quick      unit tests only
  --nightly    everything, also lint, sanitize and bench: full counts, ten boots for what must be predictable, all mutants, upgrades with each release of
               rpm; takes hours
  --only PART  only this part; may be given several times

Exit status: 0 all passed, 1 a test or claim failed, 2 bad use, 3 the laboratory itself broke.
USAGE
}

tests_passed=0
tests_failed=0
tests_skipped=0
worst=0

# Remembers the worst exit status of all parts: 3 (broken) over 1 (failed).
note_status() {
  (( $1 == 0 )) || { (( $1 > worst )) && worst=$1; return 0; }
}

# Counts something that is no program with counts of its own and has failed; STATUS as in note_status.
failed_once() {
  tests_failed=$(( tests_failed + 1 ))
  note_status "$1"
}

# ctest_of PRESET CTEST-ARGUMENT...
ctest_of() {
  local preset=$1
  shift
  ctest --test-dir "$DIGLAB_BUILD_ROOT/$preset" --output-on-failure --no-tests=error "$@" 2>&1
}

# count_ctest PRESET STATUS: adds the counts in the output of CTest's last run there to the totals. For CTest a skipped test has passed. For us it is
# skipped if its reason says that this machine cannot do it; otherwise the laboratory has not given it what it needs, and it has failed.
count_ctest() {
  local output=$DIGLAB_BUILD_ROOT/$1/ctest-output.log log=$DIGLAB_BUILD_ROOT/$1/Testing/Temporary/LastTest.log
  local summary failed total skipped reasons excused=0
  summary=$(grep -E '^[0-9]+% tests passed, [0-9]+ tests failed out of [0-9]+' "$output" | tail -n 1) || true
  failed=$(sed -n 's/.*passed, \([0-9]*\) tests failed.*/\1/p' <<<"$summary")
  total=$(sed -n 's/.*out of \([0-9]*\).*/\1/p' <<<"$summary")
  skipped=$(grep -cE '^[[:space:]]+[0-9]+ - .* \(Skipped\)$' "$output") || true
  if (( skipped )); then
    reasons=$(awk '/^[0-9]+\/[0-9]+ Testing: / { name = $0; sub(/^[^:]*: /, "", name) }
                   /^\/[^ ]*:[0-9]+: Skipped$/ { getline; print "skipped: " name ": " $0 }' "$log") || true
    printf '%s\n' "$reasons"
    excused=$(grep -c ': not on this machine: ' <<<"$reasons") || true
    (( excused == skipped )) || note_status 3
  fi
  tests_failed=$(( tests_failed + ${failed:-1} + skipped - excused ))
  tests_skipped=$(( tests_skipped + excused ))
  tests_passed=$(( tests_passed + ${total:-0} - ${failed:-0} - skipped ))
  note_status "$2"
}

# run_ctest PRESET CTEST-ARGUMENT...: streams CTest's output and counts.
run_ctest() {
  local status=0
  ctest_of "$@" | tee "$DIGLAB_BUILD_ROOT/$1/ctest-output.log" || status=1
  count_ctest "$1" $status
}

# What comes before them leaves the processors something, the tests that boot machines much of their time. The fuzzers have that: they start beside
# the first of the parts, with the lowest priority, and say in their turn what they found. A process group of their own: one signal ends CTest and
# what it started.
fuzz_pid=
begin_fuzz() {
  [[ -z $fuzz_pid && " ${parts[*]} " == *' fuzz '* ]] || return 0
  build fuzz fuzzers
  set -m
  { renice -n 19 "$BASHPID" >/dev/null; ctest_of fuzz -L "fuzz-$fuzz_length" -j "$(nproc)" || exit 1; } >"$DIGLAB_BUILD_ROOT/fuzz/ctest-output.log" </dev/null &
  fuzz_pid=$!
  set +m
  trap 'kill -TERM -- "-$fuzz_pid" 2>/dev/null' EXIT
}
end_fuzz() {
  local status=0
  wait "$fuzz_pid" || status=1
  fuzz_pid=
  trap - EXIT
  cat "$DIGLAB_BUILD_ROOT/fuzz/ctest-output.log"
  count_ctest fuzz $status
}

# run_counted NAME GOOD BAD COMMAND...: streams the program's output and adds its last line's counts to the totals. GOOD and BAD are the words
# behind the counts, BAD an extended regular expression; a program that says neither has failed once.
run_counted() {
  local output=$DIGLAB_BUILD_ROOT/$1-output.log good=$2 bad=$3 status=0
  shift 3
  "$@" 2>&1 | tee "$output" || status=${PIPESTATUS[0]}
  local line count
  line=$(grep -E "^[0-9]+ $good, " "$output" | tail -n 1) || true
  [[ -n $line ]] || { failed_once "${status/#0/3}"; return; }
  tests_passed=$(( tests_passed + ${line%% *} ))
  for count in $(grep -oE "[0-9]+ ($bad)\b" <<<"$line" | cut -d ' ' -f 1); do tests_failed=$(( tests_failed + count )); done
  note_status "$status"
}

# The releases of rpm are those of suites: bookworm 4.18, which all others use, trixie 4.20, sid 6.1.
run_scenarios() {
  run_counted scenarios passed failed "$program" --source "$source_dir" run '*' "${scenario_options[@]}"
  if (( nightly )); then
    run_counted scenarios-trixie passed failed "$program" --source "$source_dir" run upgrade --suite trixie
    run_counted scenarios-sid passed failed "$program" --source "$source_dir" run upgrade --suite sid --without-tag before-rpm-6
  else
    run_counted scenarios-sid passed failed "$program" --source "$source_dir" run --tag every-rpm --suite sid
  fi
}

# check_kernel: what `kernel build` says of the stock kernel on standard input. It has no more options than needed, and stays small.
check_kernel() {
  awk '/^  image / { megabytes = substr($(NF - 1), 2) } /^  options / { options = $2 }
       END { print "the stock kernel: " options " options, under 700 wanted; " megabytes " MB, under 5 wanted"
             exit !(options > 0 && options < 700 && megabytes > 0 && megabytes < 5) }'
}

# Few repetitions: what meets its target only just is told by the intervals, which are printed.
run_bench() {
  local what
  for what in boot snapshot kernel parser; do
    if "$program" --source "$source_dir" bench "$what" -n 3; then tests_passed=$(( tests_passed + 1 )); else failed_once $?; fi
  done
}

parts=()
scenario_options=(--without-tag nightly)
mutant_options=(--sample)
fuzz_length=minute
nightly=0
stride=10 # of points at which the plugin's tests end a transaction

# read_test_options ARGUMENT...: fills in the above; ends where they ask for help, or are wrong.
read_test_options() {
  while (( $# )); do
    case $1 in
      --help|-h) test_usage; exit 0 ;;
      --quick) parts=(unit) ;;
      --nightly) scenario_options=() mutant_options=() fuzz_length=hour nightly=1 stride=1 ;;
      --only) [[ ${2:-} =~ ^(unit|machines|fuzz|plugin|parser|lint|sanitize|scenarios|mutants|bench)$ ]] || { test_usage >&2; exit 2; }; parts+=("$2"); shift ;;
      *) test_usage >&2; exit 2 ;;
    esac
    shift
  done
  if (( ! ${#parts[@]} )); then
    parts=(unit machines fuzz plugin parser)
    (( ! nightly )) || parts+=(lint sanitize)
    parts+=(scenarios mutants)
    (( ! nightly )) || parts+=(bench)
  fi
}

run_tests() {
  local part durations=
  for part in "${parts[@]}"; do
    say "test: $part"
    local began=$SECONDS
    case $part in
      unit)
        build release
        begin_fuzz
        "$source_dir/tools/check-layers" || failed_once 1
        DIGLIM_TEST_STRIDE=$stride run_ctest release -L 'unit|tpm|browser' -j "$(nproc)" ;;
      machines)
        build release
        begin_fuzz
        local kernel
        kernel=$("$program" --source "$source_dir" kernel build) || { failed_once $?; continue; }
        if check_kernel <<<"$kernel"; then tests_passed=$(( tests_passed + 1 )); else failed_once 1; fi
        "$program" --source "$source_dir" image build minimal >/dev/null || { failed_once $?; continue; }
        DIGLAB_TEST_KERNEL=$(sed -n 's/^  image *\(.*\) (.*/\1/p' <<<"$kernel") DIGLAB_TEST_WHOLE_SUITE=$nightly \
          run_ctest release -L qemu -j 2 ;; # the agent's beside the others, of which one runs at a time
      fuzz)
        begin_fuzz
        end_fuzz ;;
      # To the end: what it has to say of one file is no reason not to look at the others.
      lint) if attempt build tidy -k 0; then tests_passed=$(( tests_passed + 1 )); else failed_once 1; fi ;;
      sanitize) build sanitize && run_ctest sanitize -L 'unit|tpm' -j "$(nproc)" ;;
      scenarios) run_scenarios ;;
      plugin) build release && run_counted plugin noticed 'survived|broken' "$source_dir/rpm-plugin/mutants/run" "$DIGLAB_BUILD_ROOT/release" ;;
      parser) build release && run_counted parser noticed 'survived|broken' "$source_dir/digest-lists/mutants/run" "$DIGLAB_BUILD_ROOT/release" ;;
      # A mutant that no scenario notices is a failed test.
      mutants) run_counted mutants noticed 'survived|broken' "$program" --source "$source_dir" mutants "${mutant_options[@]}" ;;
      bench) run_bench ;;
    esac
    durations+=$(printf ', %s %d:%02d' "$part" $(( (SECONDS - began) / 60 )) $(( (SECONDS - began) % 60 )))
  done
  say "test: minutes taken: ${durations#, }"
  (( ! tests_skipped )) || printf '%d skipped, ' "$tests_skipped"
  printf '%d passed, %d failed\n' "$tests_passed" "$tests_failed"
  exit "$worst"
}
