#!/usr/bin/env bash
# Runs the Go tests with the race detector and prints them for people.
#
#   scripts/gotest.sh PACKAGE… [FLAGS]
set -uo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"

# The race detector does not look into SQLite's own code, which was translated from C: it knows no goroutines, is entered by
# one at a time, and watching each of its memory accesses costs more than all the rest. Only it, because what shares generic
# code or atomics with us, unwatched, would make the detector see races that are none.
# Without go vet, which looks through all the packages that ours are built of, too: golangci-lint does it in `make lint`.
# Three packages at a time on two processors: some wait for processes and for time more than they compute.
go test -race -p "$(($(getconf _NPROCESSORS_ONLN) + 1))" -vet=off -gcflags=modernc.org/sqlite/lib=-race=false -timeout 12m -json "$@" | python3 scripts/gotest.py
statuses=("${PIPESTATUS[@]}")
[ "${statuses[0]}" -eq 0 ] && [ "${statuses[1]}" -eq 0 ]
