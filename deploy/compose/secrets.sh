#!/usr/bin/env bash
# Writes deploy/compose/.env with passwords nobody else has. It changes nothing when the file is there: the database was
# made with the password in it.
set -euo pipefail
file=$(cd "$(dirname "$0")" && pwd)/.env

if [ -e "$file" ]; then
  echo "$file is there; nothing was changed." >&2
  exit 0
fi

# random N: so many random bytes in hexadecimal, safe in a URL as they are.
random() { od -An -v -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

umask 077
cat >"$file.part" <<END
# Made by secrets.sh. Keep it as safe as the machine, and with the backups.
POSTGRES_PASSWORD=$(random 24)
S3_ACCESS_KEY=$(random 10)
S3_SECRET_KEY=$(random 24)

# The address people use, as the proxy in front is called. Without it each request says.
#BOTTEGA_PUBLIC_URL=https://studio.example.com
# Where traces go, for example http://collector:4318. Without it there are none.
#OTEL_EXPORTER_OTLP_ENDPOINT=
END
mv "$file.part" "$file"
echo "Wrote $file." >&2
