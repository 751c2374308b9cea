#!/usr/bin/env bash
# Runs a command against a Bottega server of its own, which is gone afterwards.
#
#   scripts/with-server.sh CMD…
#
# CMD finds in its environment BASE_URL, API_KEY (of an account with 10,000 tokens), that account's BOTTEGA_EMAIL and
# BOTTEGA_PASSWORD, and BOTTEGA_TEAM, the id of a team with tokens that it owns; CODE, that brings 250 tokens; OWNER_LINK,
# by which somebody becomes the owner of the studio, once; and
# PLANNER_EMAIL, an account with the same password that has paid for a month of Artisan and has a gift that ends tomorrow.
# The server has an empty data folder. Its log is shown when CMD fails.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
[ $# -gt 0 ] || die "usage: scripts/with-server.sh CMD…"

bottega=$root/bin/bottega
[ -x "$bottega" ] || make -C "$root" build

work=$(mktemp -d "${TMPDIR:-/tmp}/bottega-server.XXXXXX")
log=$work/server.log
server=

cleanup() {
  local status=$?
  trap - EXIT
  if [ -n "$server" ]; then
    stop_pid "$server" 30 || say "warning: the server had to be killed; it did not stop within 30 s"
  fi
  if [ "$status" -ne 0 ] && [ -s "$log" ]; then
    say "--- the server's log, last 200 lines"
    tail -n 200 "$log" >&2
    say "---"
  fi
  rm -rf "$work"
  exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
export BASE_URL=http://127.0.0.1:$port

# An environment meant for somebody's real server must not reach this one.
clean=(env)
while IFS= read -r name; do clean+=(-u "$name"); done < <(compgen -e BOTTEGA_ | grep -v '^BOTTEGA_TEST_' || true)

# No bound on sign-ins: the browser tests make many accounts from one address.
"${clean[@]}" "$bottega" serve --data "$work/data" --listen "127.0.0.1:$port" --attempts=-1 >"$log" 2>&1 &
server=$!

ready() { node -e 'fetch(process.env.BASE_URL+"/readyz").then(r=>process.exit(r.ok?0:1),()=>process.exit(1))'; }
for attempt in $(seq 240); do
  kill -0 "$server" 2>/dev/null || { server=; die "the server ended before it was ready"; }
  ready && break
  [ "$attempt" -lt 240 ] || die "the server is not ready after a minute"
  sleep 0.2
done

OWNER_LINK=$(sed -n 's/.*Owner link  //p' "$log" | head -n 1)
export OWNER_LINK
admin() { "${clean[@]}" "$bottega" admin "$@" --data "$work/data"; }
export BOTTEGA_EMAIL=tester@example.com
BOTTEGA_PASSWORD=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
export BOTTEGA_PASSWORD
admin user create --email "$BOTTEGA_EMAIL" --password "$BOTTEGA_PASSWORD" --plan maestro >>"$log" 2>&1 || die "the test account could not be created"
admin tokens grant --email "$BOTTEGA_EMAIL" --amount 10000 >>"$log" 2>&1 || die "the test account got no tokens"
API_KEY=$(admin key create --email "$BOTTEGA_EMAIL" 2>>"$log") || die "the test account got no API key"
export API_KEY
BOTTEGA_TEAM=$(admin team create --owner "$BOTTEGA_EMAIL" --name "Foxes" --plan team-starter --seats 3 2>>"$log") || die "the test account got no team"
export BOTTEGA_TEAM
CODE=$(admin code create --amount 250 --note "spring fair" 2>>"$log") || die "no code could be made"
export CODE PLANNER_EMAIL=planner@example.com
admin user create --email "$PLANNER_EMAIL" --password "$BOTTEGA_PASSWORD" >>"$log" 2>&1 || die "the planner's account could not be created"
admin plan start --email "$PLANNER_EMAIL" --plan artisan --cycle month >>"$log" 2>&1 || die "the planner got no plan"
admin tokens grant --email "$PLANNER_EMAIL" --amount 40 --expires 24h >>"$log" 2>&1 || die "the planner got no gift"

"$@"
