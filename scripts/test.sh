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

# count WORD LOG: how many tests the log says "passed" or "failed". Our own suites end with a line "12 passed, 0 failed",
# and one suite may have several; vitest ("Tests  1 failed | 12 passed") and pytest ("12 passed in 3s") say it last.
count() {
  local plain own
  plain=$(sed 's/\x1b\[[0-9;]*m//g' "$2" | grep -v 'Test Files' || true)
  own=$(grep -E '^[0-9]+ passed, [0-9]+ failed' <<<"$plain" | grep -oE "[0-9]+ $1" || true)
  [ -n "$own" ] || own=$(grep -oE "[0-9]+ $1" <<<"$plain" | tail -n 1 || true)
  awk '{ sum += $1 } END { print sum + 0 }' <<<"$own"
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
