#!/bin/sh
# Runs the official Leonardo.Ai SDKs, unchanged, against a running Bottega server.
#
#     BASE_URL=http://127.0.0.1:7860 API_KEY=… e2e/sdk/run.sh [node|python]…
#     e2e/sdk/run.sh install
#
# Without arguments both run; with install they are only installed, which needs no server. The npm SDK is installed
# beside this script, the Python one into .cache/sdk-python of the repository, each when it is missing or its pinned
# versions changed. The account needs about 60 tokens.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
venv=$(CDPATH= cd -- "$here/../.." && pwd)/.cache/sdk-python

# fresh STAMP FILE: the stamp holds what FILE said when it was installed
fresh() { cmp -s "$1" "$2"; }

install_node() {
    cd "$here/node"
    if ! fresh node_modules/.installed package-lock.json; then
        npm ci --no-fund --no-audit --loglevel=error
        cp package-lock.json node_modules/.installed
    fi
}

install_python() {
    cd "$here/python"
    if ! fresh "$venv/installed" requirements.txt; then
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt
        cp requirements.txt "$venv/installed"
    fi
}

run_node() {
    install_node
    node run.mjs
}

run_python() {
    install_python
    PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" run.py
}

if [ "${1:-}" = install ]; then
    (install_node)
    (install_python)
    exit
fi
: "${BASE_URL:?set BASE_URL, for example http://127.0.0.1:7860}" "${API_KEY:?set API_KEY}"
export BASE_URL API_KEY

status=0
for sdk in "${@:-both}"; do
    case $sdk in
    node) (run_node) || status=1 ;;
    python) (run_python) || status=1 ;;
    both)
        (run_node) || status=1
        (run_python) || status=1
        ;;
    *)
        echo "unknown SDK: $sdk (node or python)" >&2
        exit 2
        ;;
    esac
done
exit $status
