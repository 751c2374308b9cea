#!/usr/bin/env bash
# Runs the Go tests with the race detector and prints them for people.
#
#   scripts/gotest.sh PACKAGE… [FLAGS]
set -uo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"

# The race detector looks at our own code and at most of what it calls, but not into these: the database that was translated
# from C keeps its memory to itself, and hashing and drawing are arithmetic on buffers that belong to one caller. Watching
# them finds nothing and costs half of the time.
unwatched=(modernc.org/... golang.org/x/crypto/... golang.org/x/image/... image/... compress/...)
flags=()
for pattern in "${unwatched[@]}"; do
  flags+=("-gcflags=$pattern=-race=false")
done

go test -race "${flags[@]}" -timeout 12m -json "$@" | python3 scripts/gotest.py
statuses=("${PIPESTATUS[@]}")
[ "${statuses[0]}" -eq 0 ] && [ "${statuses[1]}" -eq 0 ]
