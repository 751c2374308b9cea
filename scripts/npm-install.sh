#!/usr/bin/env bash
# Installs the npm packages of a folder, exactly as its lock file says.
#
#   scripts/npm-install.sh web
#
# A lock file must list an optional package's builds for every system (Biome's, say), not only for the one it was
# written on: otherwise `npm ci` refuses it. `npm install` in a folder without node_modules writes them all.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root/${1:?a folder with a package-lock.json}"

say "Installing the npm packages of $1/ …"
npm ci --no-audit --no-fund --loglevel=error >/dev/null || die "npm could not install the packages of $1/"
