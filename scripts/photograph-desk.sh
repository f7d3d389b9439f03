#!/usr/bin/env bash
# Starts the desk on the display at hand, takes a picture once there is something to see, and keeps
# the desk going until Ctrl C (or not, with PUNCHCARD_RUN_ONCE=1). Called by run.sh.
#
#   scripts/photograph-desk.sh DESK DATA
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

picture=${PUNCHCARD_PICTURE:-$PUNCHCARD_CACHE/desk.png}
mkdir -p "$PUNCHCARD_CACHE"

photograph() { scrot --overwrite "$1"; }
size_of() { stat -c %s "$1"; }

# A picture of nothing compresses to next to nothing; a page with text on it does not.
photograph "$picture"
empty_bytes=$(size_of "$picture")
readonly PAGE_MIN_BYTES=6000

"$1" --data "$2" &
desk=$!
trap 'kill "$desk" 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

seen=
for _ in {1..60}; do
    sleep 1
    kill -0 "$desk" 2>/dev/null || {
        wait "$desk" || die "the desk stopped with exit code $?, see above"
        die "the desk closed by itself before it showed anything"
    }
    photograph "$picture"
    if [ "$(size_of "$picture")" -gt $((empty_bytes + PAGE_MIN_BYTES)) ]; then
        seen=yes
        break
    fi
done
[ -n "$seen" ] || die "the desk showed nothing within a minute; the last picture is $picture"
sleep 2 # fonts and animations settle
photograph "$picture"
say "the desk is up. A picture of its window: $picture"

[ "${PUNCHCARD_RUN_ONCE:-}" != 1 ] || exit 0
say "it goes on until Ctrl C"
wait "$desk"
