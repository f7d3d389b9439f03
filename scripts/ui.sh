#!/usr/bin/env bash
# Gets the window's npm packages and builds its pages into ui/dist; does neither where nothing
# changed since the last time.
#
#   scripts/ui.sh deps    only the packages
#   scripts/ui.sh build   packages and pages
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

# The stamps lie in node_modules, so whoever deletes that folder deletes them too.
deps_stamp=ui/node_modules/.punchcard-deps
build_stamp=ui/node_modules/.punchcard-build

deps_state() {
    cat ui/package.json ui/package-lock.json
    node --version
}

# Names and contents of everything a page is made of.
build_state() {
    find ui assets -type d \( -name node_modules -o -name dist \) -prune -o -type f -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum
}

hash_of() { "$1" | sha256sum | cut -d' ' -f1; }
fresh() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }

deps=$(hash_of deps_state)
if ! fresh "$deps_stamp" "$deps"; then
    say "npm ci in ui/"
    (cd ui && npm ci --no-audit --no-fund)
    printf '%s\n' "$deps" >"$deps_stamp"
    rm -f "$build_stamp"
fi
[ "${1:-build}" = build ] || exit 0

build=$(hash_of build_state)
if ! fresh "$build_stamp" "$build" || [ ! -d ui/dist ]; then
    say "building the pages into ui/dist"
    (cd ui && npm run build)
    printf '%s\n' "$build" >"$build_stamp"
fi
