#!/usr/bin/env bash
# Puts the tools that deploy/ is checked with where `make test-deploy` finds them, and installs nothing into the system:
#
#   .cache/bin/deploylint-…      Helm's and Compose's own libraries, built from deploy/lint (a minute, once)
#   .cache/deploy-tools/         nginx, prometheus and promtool, unpacked from Debian's packages (20 MB to download)
#
# The Python tools are installed by the make target. Running this again does nothing when everything is there.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"

# The name tells what it was built from.
sources=$(cat deploy/lint/main.go deploy/lint/go.mod deploy/lint/go.sum | openssl dgst -sha256 -r | cut -c1-12)
binary=.cache/bin/deploylint-$sources
if [ ! -x "$binary" ]; then
  have go || die "Go is missing: deploylint is built from source (go.dev/dl)"
  say "building deploylint into $binary (a minute, once)"
  mkdir -p .cache/bin
  work=$(mktemp -d .cache/bin/deploylint.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  (cd deploy/lint && go build -trimpath -buildvcs=false -ldflags "-s -w" -o "$root/$work/deploylint" .)
  find .cache/bin -maxdepth 1 -type f -name 'deploylint-*' -delete
  mv "$work/deploylint" "$binary" # in one step: an interrupted build leaves nothing that looks whole
fi

tools=.cache/deploy-tools
if [ ! -x "$tools/usr/sbin/nginx" ] || [ ! -x "$tools/usr/bin/promtool" ] || [ ! -x "$tools/usr/bin/prometheus" ]; then
  have dpkg || die "this system has no dpkg: put nginx into $tools/usr/sbin, prometheus and promtool into $tools/usr/bin by hand"
  say "downloading nginx and prometheus into $tools (20 MB, once)"
  part=$(mktemp -d "$root/.cache/deploy-tools.XXXXXX")
  trap 'rm -rf "$part" ${work:+"$work"}' EXIT
  download() { (cd "$part" && apt-get -qq download nginx prometheus >/dev/null 2>&1); }
  if ! download; then # a new machine has no package lists, an old one has lists that name versions long gone
    [ "$(id -u)" -eq 0 ] || die "apt-get could not download nginx and prometheus; run: sudo apt-get update"
    apt-get -qq update || say "warning: apt-get update failed; trying with the lists at hand."
    download || die "apt-get could not download nginx and prometheus"
  fi
  for package in "$part"/*.deb; do dpkg -x "$package" "$part/x"; done
  mkdir -p "$part/tools/usr/sbin" "$part/tools/usr/bin"
  mv "$part/x/usr/sbin/nginx" "$part/tools/usr/sbin/"
  mv "$part/x/usr/bin/promtool" "$part/x/usr/bin/prometheus" "$part/tools/usr/bin/"
  rm -rf "$tools"
  mv "$part/tools" "$tools"
fi
