#!/usr/bin/env bash
# Runs the test suites one after the other, all of them even when one fails, and says at the end how each went.
#
#   scripts/test.sh SUITE…      each is a make target without "test-": go web tempera e2e sdk
#
# The last line is "N passed, M failed". A suite that fails without naming a failed test counts as one.
set -uo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"

logs=.cache/logs
mkdir -p "$logs"
passed=0
failed=0
table=

# count WORD LOG: sums what the suite's last summary says of WORD ("passed" or "failed"). Test runners agree on
# "12 passed": ours, vitest ("Tests  12 passed (12)"), pytest ("12 passed in 3s"). vitest counts files the same way,
# on a line of their own, which is left out.
count() {
  sed 's/\x1b\[[0-9;]*m//g' "$2" | grep -v 'Test Files' | grep -oE "[0-9]+ $1" | tail -n 1 | grep -oE '^[0-9]+' || echo 0
}

for suite in "$@"; do
  say ""
  say "=== $suite"
  began=$SECONDS
  status=ok
  "${MAKE:-make}" --no-print-directory "test-$suite" 2>&1 | tee "$logs/$suite.log" || status=FAILED
  p=$(count passed "$logs/$suite.log")
  f=$(count failed "$logs/$suite.log")
  [ "$status" = ok ] || [ "$f" -gt 0 ] || f=1
  if [ "$status" = ok ] && [ "$f" -gt 0 ]; then status=FAILED; fi
  passed=$((passed + p))
  failed=$((failed + f))
  table+=$(printf '%-9s %-7s %5d passed %4d failed %5d s' "$suite" "$status" "$p" "$f" $((SECONDS - began)))$'\n'
done

printf '\n%s\n%d passed, %d failed\n' "$table" "$passed" "$failed"
[ "$failed" -eq 0 ]
