#!/usr/bin/env bash
# Runs the tests and closes with one line that adds up what the runners reported.
#
#   scripts/test.sh all   the window's unit tests, the Rust tests, the fuzzers, the real window
#   scripts/test.sh e2e   the real window only
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

logs=$PUNCHCARD_CACHE/logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0

# Adds up the summaries in a log: `test result: ok. 3 passed; 0 failed; 1 ignored; ...` (cargo) and
# `Tests  1 failed | 11 passed | 2 skipped (14)` (vitest). Prints passed, failed, skipped, summaries.
totals() {
    sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
        /^test result: / || /^ *Tests  / {
            summaries++
            for (i = 2; i <= NF; i++) {
                if ($i ~ /^passed;?$/) passed += $(i - 1)
                if ($i ~ /^failed;?$/) failed += $(i - 1)
                if ($i ~ /^(ignored;|skipped|todo)$/) skipped += $(i - 1)
            }
        }
        END { print passed + 0, failed + 0, skipped + 0, summaries + 0 }'
}

closing_line() {
    local line="tests: $passed passed, $failed failed"
    [ "$skipped" = 0 ] || line+=", $skipped skipped"
    printf '%s\n' "$line"
}

# suite NAME COMMAND...: runs one suite, adds its figures, and ends everything if it failed. A suite
# that printed no summary ran nothing that can be counted, so it failed.
suite() {
    local name=$1 code=0 p f s n
    shift
    say "$name"
    "$@" 2>&1 | tee "$logs/$name.log" || code=$?
    read -r p f s n <<<"$(totals "$logs/$name.log")"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    if [ "$code" != 0 ] || [ "$f" != 0 ] || [ "$n" = 0 ] || [ "$p" = 0 ]; then
        closing_line
        die "the suite '$name' failed (exit code $code, $p passed, $f failed); its log: $logs/$name.log"
    fi
}

unit_ui() { (cd ui && npm test); }
unit_rust() { cargo test "${workspace[@]}" --no-fail-fast; }

# The real window, on a screen and a bus of its own, so no setting of this machine leaks in.
e2e() {
    PUNCHCARD_DESK=$CARGO_TARGET_DIR/debug/punchcard-desk \
        PUNCHCARD_TILL=$CARGO_TARGET_DIR/debug/punchcard-till \
        PUNCHCARD_HUB=$CARGO_TARGET_DIR/debug/punchcard-hub \
        LIBGL_ALWAYS_SOFTWARE=1 \
        env -u DBUS_SESSION_BUS_ADDRESS scripts/with-display.sh \
        cargo test "${workspace[@]}" --test e2e --no-fail-fast
}

for tool in WebKitWebDriver Xvfb dbus-run-session; do
    have "$tool" || die "$tool is missing, so the real window cannot be tested: run scripts/install.sh build e2e"
done

case ${1:-all} in
all)
    suite ui unit_ui
    suite rust unit_rust
    suite fuzz scripts/fuzz.sh 30
    suite e2e e2e
    ;;
e2e) suite e2e e2e ;;
*) die "test.sh knows all and e2e, not '$1'" ;;
esac
closing_line
