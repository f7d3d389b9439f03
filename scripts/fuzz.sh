#!/usr/bin/env bash
# Feeds each reader of what others wrote with what nobody would write, and looks whether it falls over.
#
#   scripts/fuzz.sh SECONDS [TARGET...]   each target so long; all of them where none is named
#
# libFuzzer's runtime and the compiler's own coverage counters: the stable toolchain is enough. What is
# found new goes to $PUNCHCARD_CACHE/fuzz, what broke something too; fuzz/corpus holds where they begin.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

seconds=${1:?how many seconds for each target}
shift
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(entries messages import scan backup)

host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing"
bins=()
for target in "${targets[@]}"; do bins+=(--bin "$target"); done
say 'building the fuzzers (the first time takes a while)'
# Not --locked: a crate that hub or till comes to need is added to fuzz/Cargo.lock, the rest stays.
# With a target named, what runs while building is built without these flags.
cargo build --quiet --manifest-path fuzz/Cargo.toml --target "$host" "${bins[@]}"

failed=0
for target in "${targets[@]}"; do
    found=$PUNCHCARD_CACHE/fuzz/$target
    mkdir -p "$found/corpus" "fuzz/corpus/$target"
    log=$found/log
    if "$CARGO_TARGET_DIR/$host/debug/$target" "$found/corpus" "fuzz/corpus/$target" \
        -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=1024 \
        -artifact_prefix="$found/" -print_final_stats=1 >"$log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        cover=$(grep -o 'cov: [0-9]*' "$log" | tail -1)
        printf 'test fuzz %s: %s runs, %s ... ok\n' "$target" "$runs" "$cover"
    else
        tail -40 "$log"
        printf 'test fuzz %s ... FAILED: %s\n' "$target" "$log"
        failed=$((failed + 1))
    fi
done
# As cargo says it, so that scripts/test.sh adds it up.
printf 'test result: %s. %d passed; %d failed;\n' \
    "$([ "$failed" = 0 ] && echo ok || echo FAILED)" $((${#targets[@]} - failed)) "$failed"
[ "$failed" = 0 ]
