#!/usr/bin/env bash
# Folds the news under changelog/unreleased/ into CHANGELOG.md as a new section, and removes the fragments.
#
#   scripts/changelog.sh 0.2.0            at a release
#   scripts/changelog.sh --check          says which fragments have the wrong form; changes nothing
#
# A fragment is one file a change. Its first line is "Kind: what changed, in the user's words", where Kind is Added,
# Changed, Fixed, Removed or Security; further lines may explain.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"

kinds=(Security Added Changed Fixed Removed)
shopt -s nullglob
fragments=(changelog/unreleased/*.md)

bad=0
for file in "${fragments[@]}"; do
  grep -qE "^($(IFS='|'; echo "${kinds[*]}")): .+" <(head -n 1 "$file") ||
    { say "$file: the first line must be \"Kind: what changed\", Kind one of ${kinds[*]}"; bad=1; }
done
[ "$bad" -eq 0 ] || exit 1

version=${1:?a version, or --check}
[ "$version" != --check ] || exit 0
[ ${#fragments[@]} -gt 0 ] || die "there is nothing under changelog/unreleased/"
grep -q "^## $version " CHANGELOG.md && die "CHANGELOG.md already has $version"

section=$(mktemp)
trap 'rm -f "$section"' EXIT
{
  printf '## %s (%s)\n' "$version" "$(date -u +%Y-%m-%d)"
  for kind in "${kinds[@]}"; do
    heading=$'\n'"### $kind"$'\n'
    for file in "${fragments[@]}"; do
      head -n 1 "$file" | grep -q "^$kind: " || continue
      [ -z "$heading" ] || printf '%s\n' "$heading"
      heading=
      sed -e "1s/^$kind: /- /" -e '2,$s/^\(.\)/  \1/' -e '${/^$/d}' "$file"
    done
  done
  printf '\n'
} >"$section"

# Above the newest release, below the introduction.
awk -v section="$section" '
  /^## / && !done { while ((getline line < section) > 0) print line; done = 1 }
  { print }
  END { if (!done) { print ""; while ((getline line < section) > 0) print line } }
' CHANGELOG.md >CHANGELOG.md.new
mv CHANGELOG.md.new CHANGELOG.md
rm -- "${fragments[@]}"
say "CHANGELOG.md now has $version with ${#fragments[@]} entries."
