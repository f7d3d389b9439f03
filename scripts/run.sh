#!/usr/bin/env bash
# Starts the desk with a demo shop. Expects install.sh, ui.sh and the build to have run (make run).
#
#   PUNCHCARD_DATA       where the shop's data is kept  (default ~/.local/share/punchcard-demo)
#   PUNCHCARD_RUN_ONCE=1 without a display: stop after the screenshot
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

data=${PUNCHCARD_DATA:-$HOME/.local/share/punchcard-demo}
desk=$CARGO_TARGET_DIR/debug/punchcard-desk
till=$CARGO_TARGET_DIR/debug/punchcard-till

if [ -z "$(ls -A "$data" 2>/dev/null)" ]; then
    say "making a demo shop in $data"
    mkdir -p "$(dirname "$data")"
    "$till" --data "$data" init --business '莲花瑜伽 Lotus Yoga' --store '滨江店 Riverside' --demo || {
        rm -rf "$data"
        die "the demo shop could not be made, see above"
    }
else
    say "the demo shop is in $data"
    [ ! -r "$data/demo-pins.txt" ] || cat "$data/demo-pins.txt"
fi

if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    say "no display here: starting the desk on a virtual screen"
    exec scripts/with-display.sh scripts/photograph-desk.sh "$desk" "$data"
fi

say "starting the desk; Ctrl C or closing the window ends it"
if [ -n "${DBUS_SESSION_BUS_ADDRESS:-}" ]; then
    exec "$desk" --data "$data"
fi
exec dbus-run-session -- "$desk" --data "$data"
