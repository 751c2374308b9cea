#!/usr/bin/env bash
# Builds stripe-mock, Stripe's own server for tests, into .cache/bin/. It checks each request against Stripe's description
# of its API.
#
# It is taken from Go's module service at the version below and checked against Go's checksum database; nothing is
# installed outside this folder. Running this again does nothing when that version is there.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"

version=v0.203.0
binary=.cache/bin/stripe-mock-$version

if [ -x "$binary" ]; then
  echo "fetch-stripe-mock: $binary is there"
  exit 0
fi
have go || die "Go is missing: stripe-mock is built from source (go.dev/dl)"
say "building stripe-mock $version into $binary (a minute, once)"
mkdir -p .cache/bin
work=$(mktemp -d .cache/bin/stripe-mock.XXXXXX)
trap 'rm -rf "$work"' EXIT
# -trimpath as for bottega: so what both contain is compiled once.
GOBIN=$root/$work go install -trimpath "github.com/stripe/stripe-mock@$version"
mv "$work/stripe-mock" "$binary" # in one step: an interrupted build leaves nothing that looks whole
