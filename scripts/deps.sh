#!/usr/bin/env bash
# Checks what the machine must have, installs the missing Debian packages, and says so.
#
#   scripts/deps.sh run     what `make run` and `make build` need: Go, Node, a C compiler, openssl
#   scripts/deps.sh test    and what `make test` needs besides: Python, PostgreSQL, Chromium
#
# npm and Python packages are not installed here but by the make targets that use them.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"

purpose=${1:?run or test}
packages=() # Debian packages to install
reasons=()  # and what each is for
broken=0

want() { packages+=("$1"); reasons+=("$1 ($2)"); }

complain() { say "error: $*"; broken=1; }

check_go() {
  have go || { complain "Go is missing. Bottega needs Go 1.26 or newer: install it from go.dev/dl and put it on the PATH."; return; }
  local version
  version=$(go env GOVERSION 2>/dev/null | sed 's/^go//; s/[^0-9.].*//') || version=0
  at_least "${version:-0}" 1.26 || complain "this is Go ${version:-of an unknown version}; Bottega needs Go 1.26 or newer (go.dev/dl)."
}

check_node() {
  have node && have npm || { complain "Node.js with npm is missing. Bottega's web app is built with Node 20 or newer (nodejs.org)."; return; }
  local version
  version=$(node -p process.versions.node)
  at_least "$version" 20 || complain "this is Node $version; Bottega needs Node 20 or newer (nodejs.org)."
}

check_python() {
  have python3 || { complain "Python is missing. The tests need Python 3.11 or newer (python.org)."; return; }
  local version
  version=$(python3 -c 'import platform; print(platform.python_version())')
  at_least "$version" 3.11 || { complain "this is Python $version; the tests need Python 3.11 or newer (python.org)."; return; }
  python3 -c 'import ensurepip, venv' 2>/dev/null || want python3-venv "virtual environments for the Python tests"
}

check_go
check_node
have cc || have gcc || have clang || { want gcc "the C compiler Go needs for ONNX Runtime"; want libc6-dev "C headers"; }
have openssl || want openssl "to check what is downloaded"

if [ "$purpose" = test ]; then
  check_python
  postgres_bin >/dev/null || want postgresql "the tests run on PostgreSQL as well as on SQLite"
  chromium_bin >/dev/null || want chromium "the browser tests"
  have systemd-analyze || want systemd "to check the units in deploy/"
fi

[ "$broken" -eq 0 ] || die "please install what is named above, then run make again."
[ ${#packages[@]} -gt 0 ] || exit 0

say "Missing: ${reasons[*]}."
have apt-get || die "this system has no apt-get. Please install these, or what they are called here: ${packages[*]}"
if [ "$(id -u)" -eq 0 ]; then
  as_root=()
elif have sudo && sudo -n true 2>/dev/null; then
  as_root=(sudo)
elif have sudo && [ -t 0 ]; then
  say "sudo may ask for your password."
  as_root=(sudo)
else
  die "they cannot be installed without root. Please run: sudo apt-get install ${packages[*]}"
fi

apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@"; }

say "Installing ${packages[*]} with apt-get …"
# A new machine has no package lists, an old one has lists that name versions long gone: so update first.
apt update || say "warning: apt-get update failed; trying with the lists at hand."
apt install --no-install-recommends -y "${packages[@]}" >/dev/null || die "apt-get could not install ${packages[*]}"
say "Installed ${packages[*]}."
