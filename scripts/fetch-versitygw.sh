#!/usr/bin/env bash
# Builds versitygw, the S3 server that the tests of the picture store run against, into .cache/bin/.
#
# It is taken from Go's module service at the version below and checked against Go's checksum database; nothing is
# installed outside this folder. Running this again does nothing when that version is there.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"

version=v1.8.0
binary=.cache/bin/versitygw-$version

if [ -x "$binary" ]; then
  echo "fetch-versitygw: $binary is there"
  exit 0
fi
have go || die "Go is missing: versitygw is built from source (go.dev/dl)"
say "building versitygw $version into $binary (some minutes, once)"
mkdir -p .cache/bin
work=$(mktemp -d .cache/bin/versitygw.XXXXXX)
trap 'rm -rf "$work"' EXIT
# -trimpath as for bottega: so what both contain is compiled once.
GOBIN=$root/$work go install -trimpath "github.com/versity/versitygw/cmd/versitygw@$version"
mv "$work/versitygw" "$binary" # in one step: an interrupted build leaves nothing that looks whole
