#!/usr/bin/env bash
# Starts a hub and two desks of one business, so that anyone can watch a point move: earn points at
# the first desk, look at the member on the second, pull the cable (stop the hub with Ctrl Z in its
# own terminal, or kill -STOP), redeem at both. Expects install.sh, ui.sh and the build to have run
# (make run-two).
#
#   PUNCHCARD_DATA       where everything is kept  (default ~/.local/share/punchcard-demo-two)
#   PUNCHCARD_RUN_ONCE=1 without a display: stop after the screenshot
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

data=${PUNCHCARD_DATA:-$HOME/.local/share/punchcard-demo-two}
bin=$CARGO_TARGET_DIR/debug
readonly OWNER_PIN=274913
readonly ADDRESS=127.0.0.1:8787

export PUNCHCARD_HUB_DATABASE=sqlite:$data/hub/hub.db
export PUNCHCARD_HUB_LISTEN=$ADDRESS PUNCHCARD_HUB_ADVERTISE=https://$ADDRESS

# field NAME: that field of the JSON object on standard input.
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

start_hub() {
    mkdir -p -m 700 "$data/hub"
    "$bin/punchcard-hub" serve 2>"$data/hub/log" &
    hub=$!
    for _ in {1..100}; do
        ! curl -sk "https://$ADDRESS/healthz" >/dev/null || return 0
        kill -0 "$hub" 2>/dev/null || break
        sleep 0.1
    done
    cat "$data/hub/log" >&2
    die "the hub did not start; is something else on $ADDRESS?"
}

# pair FOLDER NAME STORE: joins the till in FOLDER to the hub's business.
pair() {
    local code
    code=$("$bin/punchcard-hub" --json pair ${3:+--store "$3"} | field code)
    "$bin/punchcard-till" --data "$1" --pin "$OWNER_PIN" enrol \
        --hub "https://$ADDRESS" --code "$code" --name "$2"
}

make_business() {
    local store
    say "making a demo shop in $data/first"
    "$bin/punchcard-till" --data "$data/first" --pin "$OWNER_PIN" init \
        --business '莲花瑜伽 Lotus Yoga' --store '滨江店 Riverside' --demo
    pair "$data/first" '滨江 1' ''
    say "opening a second branch and joining its desk in $data/second"
    store=$("$bin/punchcard-hub" --json store add '西湖店 West Lake' | field store)
    pair "$data/second" '西湖 1' "$store"
}

start_hub
trap 'kill "$hub" 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
[ -d "$data/second" ] || make_business
say "the hub is at https://$ADDRESS; its log: $data/hub/log"
say "the owner's PIN on both desks: $OWNER_PIN; the demo shop's other PINs work on the first:"
[ ! -r "$data/first/demo-pins.txt" ] || cat "$data/first/demo-pins.txt"

if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    say "no display here: starting both desks on virtual screens"
    PUNCHCARD_PICTURE=$PUNCHCARD_CACHE/desk-first.png \
        scripts/with-display.sh scripts/photograph-desk.sh "$bin/punchcard-desk" "$data/first" &
    first=$!
    PUNCHCARD_PICTURE=$PUNCHCARD_CACHE/desk-second.png \
        scripts/with-display.sh scripts/photograph-desk.sh "$bin/punchcard-desk" "$data/second"
    wait "$first"
    exit 0
fi

say "starting both desks; closing both windows or Ctrl C ends everything"
bus=()
[ -n "${DBUS_SESSION_BUS_ADDRESS:-}" ] || bus=(dbus-run-session --)
"${bus[@]}" "$bin/punchcard-desk" --data "$data/first" &
first=$!
"${bus[@]}" "$bin/punchcard-desk" --data "$data/second"
wait "$first"
