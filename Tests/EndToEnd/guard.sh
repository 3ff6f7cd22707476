#!/usr/bin/env bash
# Ends everything that a run of the end-to-end tests has started, when the run ends: well, badly, or by kill -9.
#
#   guard.sh <folder>
#
# Its standard input is a pipe whose other end only the run holds. Programs that run beside the tests are written down in
# <folder>/processes, the control plane is that of <folder>/cluster. The folder is removed afterwards, unless it holds a
# file named `keep`.
set -u

folder="$1"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cat >/dev/null

for record in "$folder"/processes/*; do
    [[ -f $record ]] || continue
    read -r pid <"$record"
    # A number that was given to another program meanwhile has no file of ours open.
    if readlink "/proc/$pid/fd/1" 2>/dev/null | grep -q "^$folder/"; then
        kill -KILL "$pid" 2>/dev/null
    fi
done
# What could not be ended is looked for in the folder, so it stays.
"$here/parts/cluster.sh" stop "$folder/cluster" || exit 1
if [[ ! -e $folder/keep ]]; then rm -rf "$folder"; fi
