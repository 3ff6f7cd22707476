#!/usr/bin/env bash
# Takes each safety rule out, one after the other, and runs the tests that guards.txt names for it: each must turn red.
# Before that the same tests must be green with all rules in place.
#
# usage: run.sh TEST-BUNDLE [RULE…]
set -euo pipefail
bundle=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# A test is named without its parameters; a backslash per dot, and an opening parenthesis at the end, make it exact.
pattern() { printf '^%s\\(' "${1//./\\.}"; }

filters() {
  local test
  for test in "$@"; do printf '%s\0%s\0' --filter "$(pattern "$test")"; done
}

run() { # run RULE SECONDS TEST… : the exit code of the tests
  local rule=$1 seconds=$2 arguments code=0
  shift 2
  mapfile -d '' -t arguments < <(filters "$@")
  SWIFT_BACKTRACE=enable=no SLUICE_MUTANT=$rule timeout "$seconds" "$bundle" --testing-library swift-testing "${arguments[@]}" >"$scratch/${rule:-none}.log" 2>&1 || code=$?
  return "$code"
}

mutant() { # mutant RULE TEST… : a line about each test, and a file when one did not notice
  local rule=$1 test start code verdict seconds
  shift
  for test in "$@"; do
    start=$EPOCHREALTIME
    code=0
    run "$rule" 60 "$test" || code=$?
    case $code in
      1) verdict=red ;;
      0) verdict="GREEN: the test does not notice" ;;
      124) verdict="HUNG: an expectation must fail, not the clock" ;;
      *) verdict="ENDED WITH $code: an expectation must fail" ;;
    esac
    seconds=$(printf '%s %s' "$EPOCHREALTIME" "$start" | awk '{printf "%.1f", $1 - $2}')
    printf '%-26s %-34s %5s s  %s\n' "$rule" "$verdict" "$seconds" "$test"
    if [ "$verdict" != red ]; then
      tail -n 20 "$scratch/$rule.log" >&2
      : >"$scratch/$rule.failed"
    fi
  done
}
export -f pattern filters run mutant
export bundle scratch

table=$(grep -vE '^(#|$)' "$here/guards.txt")
if [ $# -gt 0 ]; then table=$(awk -v names=" $* " 'index(names, " " $1 " ")' <<<"$table"); fi
if [ -z "$table" ]; then echo "no such rule in Tests/Mutants/guards.txt: $*" >&2; exit 2; fi

"$bundle" --testing-library swift-testing --list-tests 2>/dev/null | sed 's/(.*//' | sort -u >"$scratch/tests"
awk '{for (i = 2; i <= NF; i++) print $i}' <<<"$table" | sort -u >"$scratch/named"
missing=$(comm -23 "$scratch/named" "$scratch/tests")
if [ -n "$missing" ]; then printf 'Tests/Mutants/guards.txt names tests that are not there:\n%s\n' "$missing" >&2; exit 1; fi

mapfile -t named <"$scratch/named"
if ! run "" 300 "${named[@]}"; then
  tail -n 40 "$scratch/none.log" >&2
  echo "tests that are to show a rule's absence fail with all rules in place" >&2
  exit 1
fi
printf 'all rules in place: %s tests green\n' "${#named[@]}"

# Two at a time, as CI has two cores.
xargs -P 2 -L 1 bash -c 'mutant "$@"' mutant <<<"$table"
failed=$(find "$scratch" -name '*.failed' | wc -l)
printf '%s rules taken out, %s not noticed\n' "$(wc -l <<<"$table")" "$failed"
[ "$failed" -eq 0 ]
