#!/usr/bin/env bash
# Installs the npm packages of a folder, exactly as its lock file says.
#
#   scripts/npm-install.sh web
#
# A lock file written where a registry lacks the builds for other systems of an optional package (Biome's for macOS,
# say) does not list them, and `npm ci` refuses it. `npm install` takes it, with the same versions and hashes.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root/${1:?a folder with a package-lock.json}"

say "Installing the npm packages of $1/ …"
flags=(--no-audit --no-fund --loglevel=error)
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
if ! npm ci "${flags[@]}" >/dev/null 2>"$errors"; then
  grep -q EUSAGE "$errors" || { cat "$errors" >&2; die "npm could not install the packages of $1/"; }
  npm install --no-save "${flags[@]}" >/dev/null || die "npm could not install the packages of $1/"
fi
