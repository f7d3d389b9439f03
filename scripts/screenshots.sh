#!/usr/bin/env bash
# Takes the pictures of README.md and README.zh.md with the real window on a demo shop, and leaves
# them in docs/images. Expects install.sh, ui.sh and the build to have run (make screenshots).
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

readonly IMAGE_MAX_BYTES=200000

mkdir -p docs/images
PUNCHCARD_DESK=$CARGO_TARGET_DIR/debug/punchcard-desk \
    PUNCHCARD_TILL=$CARGO_TARGET_DIR/debug/punchcard-till \
    PUNCHCARD_HUB=$CARGO_TARGET_DIR/debug/punchcard-hub \
    PUNCHCARD_SHOTS=$PWD/docs/images \
    LIBGL_ALWAYS_SOFTWARE=1 \
    env -u DBUS_SESSION_BUS_ADDRESS scripts/with-display.sh \
    cargo test "${workspace[@]}" --test e2e -- --exact looks::readme_pictures

for image in docs/images/desk-en.png docs/images/desk-zh.png; do
    [ -s "$image" ] || die "$image was not taken, see above"
    bytes=$(stat -c %s "$image")
    [ "$bytes" -le "$IMAGE_MAX_BYTES" ] || die "$image has $bytes bytes, more than a README should load"
    say "$image, $bytes bytes"
done
