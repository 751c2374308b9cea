#!/usr/bin/env bash
# Runs a command with a PostgreSQL server of its own, which is gone afterwards.
#
#   scripts/with-postgres.sh CMD…
#
# CMD finds the server's URL in BOTTEGA_TEST_POSTGRES; its user may create databases. The server is as durable as a
# real one (fsync is on) and its files are on disk, so that the fault tests and benchmarks mean something. When
# BOTTEGA_TEST_POSTGRES is already set, that server is used and none is started. With BOTTEGA_PG_FSYNC=off a power cut
# would lose data, which no test makes; tests that kill a PostgreSQL have one of their own.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
[ $# -gt 0 ] || die "usage: scripts/with-postgres.sh CMD…"

if [ -n "${BOTTEGA_TEST_POSTGRES:-}" ]; then
  exec "$@"
fi

bin=$(postgres_bin) || die "PostgreSQL's server programs (initdb, postgres) are missing; make test-deps installs them"

# /var/tmp and not /tmp: that may be memory. Short, too: a socket's path has at most 107 bytes.
work=$(mktemp -d "${BOTTEGA_PG_DIR:-/var/tmp}/bottega-pg.XXXXXX")
server=

cleanup() {
  local status=$?
  trap - EXIT
  if [ -n "$server" ]; then
    kill -INT "$server" 2>/dev/null || true # fast shutdown: ends sessions, keeps the data whole
    for _ in $(seq 100); do
      kill -0 "$server" 2>/dev/null || break
      sleep 0.1
    done
    kill -QUIT "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
  exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# PostgreSQL refuses to run as root.
as_owner=()
if [ "$(id -u)" -eq 0 ]; then
  owner=nobody
  id postgres >/dev/null 2>&1 && owner=postgres
  chown "$owner" "$work"
  as_owner=(runuser -u "$owner" --)
fi

password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$password" >"$work/password"
[ ${#as_owner[@]} -eq 0 ] || chown "$owner" "$work/password"
cd "$work" # the owner may not be able to read the folder we were called from

"${as_owner[@]}" "$bin/initdb" --pgdata="$work/data" --username=bottega --pwfile="$work/password" \
  --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync >"$work/initdb.log" 2>&1 ||
  { cat "$work/initdb.log" >&2; die "initdb failed"; }

# start PORT: returns 1 when the port is taken.
start() {
  "${as_owner[@]}" "$bin/postgres" -D "$work/data" -p "$1" -k "$work" -c listen_addresses=127.0.0.1 \
    -c max_connections=300 -c shared_buffers=128MB -c logging_collector=off -c fsync="${BOTTEGA_PG_FSYNC:-on}" >"$work/postgres.log" 2>&1 &
  local child=$!
  for _ in $(seq 300); do
    if grep -qs ready "$work/data/postmaster.pid"; then
      server=$(head -n 1 "$work/data/postmaster.pid")
      return 0
    fi
    kill -0 "$child" 2>/dev/null || return 1
    sleep 0.1
  done
  kill -KILL "$child" 2>/dev/null || true
  return 1
}

for _ in 1 2 3 4 5; do
  port=$((20000 + RANDOM % 12000)) # below the range the kernel gives out by itself
  start "$port" && break
done
[ -n "$server" ] || { cat "$work/postgres.log" >&2; die "PostgreSQL did not start"; }

cd "$OLDPWD"
export BOTTEGA_TEST_POSTGRES="postgres://bottega:$password@127.0.0.1:$port/postgres?sslmode=disable"
"$@"
