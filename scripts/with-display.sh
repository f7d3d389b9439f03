#!/usr/bin/env bash
# Runs a command on a virtual screen of its own (1366x768), with a session bus where there is none.
#
#   scripts/with-display.sh COMMAND [ARGUMENT...]
set -euo pipefail

for tool in Xvfb dbus-run-session; do
    command -v "$tool" >/dev/null || {
        echo "punchcard: $tool is missing; run scripts/install.sh build screen" >&2
        exit 1
    }
done

work=$(mktemp -d)
xvfb=
cleanup() {
    [ -z "$xvfb" ] || kill "$xvfb" 2>/dev/null || true
    # A document portal that the bus has started keeps a mount in here until it notices that the bus
    # is gone. What still lies there then is in the way of nobody.
    for _ in {1..30}; do
        ! rm -rf "$work" 2>/dev/null || return 0
        sleep 0.1
    done
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Xvfb takes a free display by itself and tells which, so two of these never collide.
Xvfb -displayfd 3 -screen 0 1366x768x24 -nolisten tcp 3>"$work/display" 2>"$work/log" &
xvfb=$!
for _ in {1..200}; do
    [ ! -s "$work/display" ] || break
    kill -0 "$xvfb" 2>/dev/null || break
    sleep 0.1
done
[ -s "$work/display" ] || {
    echo "punchcard: the virtual screen did not start:" >&2
    cat "$work/log" >&2
    exit 1
}

unset WAYLAND_DISPLAY
DISPLAY=:$(cat "$work/display")
export DISPLAY GDK_BACKEND=x11
if [ ! -w "${XDG_RUNTIME_DIR:-}" ]; then
    mkdir -m 700 "$work/run"
    export XDG_RUNTIME_DIR=$work/run
fi

if [ -n "${DBUS_SESSION_BUS_ADDRESS:-}" ]; then
    "$@"
else
    dbus-run-session -- "$@"
fi
