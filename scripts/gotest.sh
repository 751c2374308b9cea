#!/usr/bin/env bash
# Runs the Go tests with the race detector and prints them for people.
#
#   scripts/gotest.sh PACKAGE… [FLAGS]
set -uo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"

go test -race -timeout 12m -json "$@" | python3 scripts/gotest.py
statuses=("${PIPESTATUS[@]}")
[ "${statuses[0]}" -eq 0 ] && [ "${statuses[1]}" -eq 0 ]
