#!/usr/bin/env bash
# Fuzzes every target, two at a time, within a budget in all; the build comes before it.
#
#   run.sh [BUDGET] [TARGET…]       2m, 90s, 1h; all targets unless some are named
#   run.sh replay TARGET FILE…      one input again, with a backtrace
#   run.sh minimise TARGET FILE     the smallest input that breaks the same target, found within a minute
#   run.sh keep [TARGET…]           adds to Corpus what was found and covers something new
#
# FUZZ_SCRATCH: where the build, what was found, and inputs that broke something are kept.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
scratch=${FUZZ_SCRATCH:-$here/.build}
# One configuration. Address sanitizer halves the speed and sees what a trap does not. lld: gold fails on this program.
flags=(--package-path Tests/Fuzz --scratch-path "$scratch" -c release -Xswiftc -sanitize=address,fuzzer -Xswiftc -use-ld=lld --product fuzz)
# Inputs of a few kilobytes reach everything; the limits of each module stand in its own tests.
options=(-max_len=4096 -timeout=25 -rss_limit_mb=2048 -detect_leaks=0 -print_final_stats=1)

build() {
  local start=$SECONDS
  mkdir -p "$scratch"
  if ! swift build "${flags[@]}" >"$scratch/build.log" 2>&1; then
    cat "$scratch/build.log" >&2
    return 1
  fi
  program=$(swift build "${flags[@]}" --show-bin-path)/fuzz
  echo "build: $((SECONDS - start)) s"
}

seconds() {
  case $1 in
    *h) echo $((${1%h} * 3600)) ;;
    *m) echo $((${1%m} * 60)) ;;
    *) echo "${1%s}" ;;
  esac
}

# The corpus that is kept is only read; what is found goes beside it and is there at the next run.
search() {
  local target=$1 time=$2 dictionary=()
  mkdir -p "$scratch/found/$target" "$scratch/broken/$target"
  [ -f "$here/Dictionaries/$target.dict" ] && dictionary=("-dict=$here/Dictionaries/$target.dict")
  local code=0
  "$program" "$target" "$scratch/found/$target" "$here/Corpus/$target" "${dictionary[@]}" "${options[@]}" \
    "-max_total_time=$time" "-artifact_prefix=$scratch/broken/$target/" >"$scratch/$target.log" 2>&1 || code=$?
  echo "$code" >"$scratch/$target.code"
}

report() {
  local target=$1 log=$scratch/$1.log code last executed
  code=$(cat "$scratch/$target.code")
  executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  last=$(grep -E '^#[0-9]+.* cov: ' "$log" | tail -n 1)
  printf '%-11s %9s executions %7s/s   edges %5s   features %6s   corpus %s\n' "$target" "${executed:-0}" \
    "$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")" \
    "$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' <<<"$last")" "$(sed -n 's/.* ft: \([0-9]*\).*/\1/p' <<<"$last")" \
    "$(sed -n 's/.* corp: \([^ ]*\).*/\1/p' <<<"$last")"
  total=$((total + ${executed:-0}))
  [ "$code" -eq 0 ] && return 0
  broken=1
  local input
  input=$(sed -n 's/.*Test unit written to //p' "$log" | head -n 1)
  {
    echo "$target broke (exit code $code):"
    grep -m 3 -E 'law broken|ERROR: |Fatal error' "$log" | cut -c 1-600 | sed 's/^/  /' || tail -n 5 "$log"
    echo "  input:  ${input:-none was written, see $log}"
    [ -z "$input" ] || echo "  replay: Tests/Fuzz/run.sh replay $target $input"
  } >&2
}

fuzz() {
  local budget=$1 targets time
  shift
  targets=("$@")
  [ ${#targets[@]} -gt 0 ] || mapfile -t targets < <("$program" --list)
  # Two at a time: so many rounds, and each target gets a round's time.
  time=$(($(seconds "$budget") / ((${#targets[@]} + 1) / 2)))
  [ "$time" -gt 0 ] || time=1
  echo "${#targets[@]} targets, two at a time, $time s each"
  local start=$SECONDS
  for ((index = 0; index < ${#targets[@]}; index += 2)); do
    search "${targets[index]}" "$time" &
    [ $((index + 1)) -ge ${#targets[@]} ] || search "${targets[index + 1]}" "$time" &
    wait
  done
  total=0 broken=0
  for target in "${targets[@]}"; do report "$target"; done
  echo "$total executions in $((SECONDS - start)) s"
  return "$broken"
}

keep() {
  local targets=("$@")
  [ ${#targets[@]} -gt 0 ] || mapfile -t targets < <("$program" --list)
  for target in "${targets[@]}"; do
    mkdir -p "$here/Corpus/$target" "$scratch/found/$target"
    # By edges, not by how often each is passed: a corpus that is quick to run and small enough to keep.
    "$program" "$target" -set_cover_merge=1 -use_counters=0 -max_len=2048 "$here/Corpus/$target" "$scratch/found/$target" >"$scratch/keep.log" 2>&1 ||
      { tail -n 20 "$scratch/keep.log" >&2 && return 1; }
    echo "$target: $(find "$here/Corpus/$target" -type f | wc -l) inputs, $(cat "$here/Corpus/$target"/* | wc -c) bytes"
  done
}

case ${1:-} in
  replay) build && shift && exec "$program" "$1" --replay "${@:2}" ;;
  minimise) build && shift && exec "$program" "$1" -minimize_crash=1 -max_total_time=60 "$2" ;;
  keep) build && shift && keep "$@" ;;
  *) build && fuzz "${1:-2m}" "${@:2}" ;;
esac
