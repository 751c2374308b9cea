#!/usr/bin/env bash
# Puts the ONNX Runtime library where the Go build embeds it: internal/engine/tempera/ortlib/lib/.
#
# The library is taken from the npm package onnxruntime-node, which carries it ready built for Linux and macOS. The
# package is checked against the hash below before anything is taken out of it. Running this again does nothing when
# the right file is there.
#
#   scripts/fetch-onnxruntime.sh                 for this machine
#   scripts/fetch-onnxruntime.sh linux arm64     for another one (Go's names of system and architecture)
set -euo pipefail

version=1.30.0
integrity=sha512-twhs1C2C/BFkz1yc5OY0KIU2GUq6DURO7hD4bx5Q2Qy3nAMJwRXW8xU3NVczE29VA9lolLOYepoD8fjTGOfIqw==

root=$(cd "$(dirname "$0")/.." && pwd)
os=${1:-$(go env GOOS)}
arch=${2:-$(go env GOARCH)}
case "$os-$arch" in
linux-amd64) inside=linux/x64/libonnxruntime.so.1 name=libonnxruntime-linux-amd64.so ;;
linux-arm64) inside=linux/arm64/libonnxruntime.so.1 name=libonnxruntime-linux-arm64.so ;;
darwin-arm64) inside=darwin/arm64/libonnxruntime.$version.dylib name=libonnxruntime-darwin-arm64.dylib ;;
*)
	echo "fetch-onnxruntime: no library for $os/$arch (there are linux/amd64, linux/arm64, darwin/arm64)" >&2
	exit 1
	;;
esac

lib=$root/internal/engine/tempera/ortlib/lib
stamp=$lib/$name.from
if [ -s "$lib/$name" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$integrity" ]; then
	echo "fetch-onnxruntime: $name of onnxruntime-node $version is there"
	exit 0
fi

cache=$root/.cache/onnxruntime
tarball=$cache/onnxruntime-node-$version.tgz
mkdir -p "$cache" "$lib"

hash_of() { echo "sha512-$(openssl dgst -sha512 -binary "$1" | openssl base64 -A)"; }

if [ ! -f "$tarball" ] || [ "$(hash_of "$tarball")" != "$integrity" ]; then
	echo "fetch-onnxruntime: downloading onnxruntime-node $version (about 110 MB)"
	(cd "$cache" && npm pack --silent "onnxruntime-node@$version" >/dev/null)
fi
if [ "$(hash_of "$tarball")" != "$integrity" ]; then
	echo "fetch-onnxruntime: $tarball does not have the expected hash $integrity; nothing was installed" >&2
	exit 1
fi

# Only one system's library is kept: everything in this folder ends up in the binary.
find "$lib" -maxdepth 1 -name 'libonnxruntime-*' -delete
tar -xzOf "$tarball" "package/bin/napi-v6/$inside" >"$lib/$name.part"
mv "$lib/$name.part" "$lib/$name"
echo "$integrity" >"$stamp"
echo "fetch-onnxruntime: wrote internal/engine/tempera/ortlib/lib/$name ($(wc -c <"$lib/$name") bytes)"
