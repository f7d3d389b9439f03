# shellcheck shell=bash
# The one place that says where things are. Sourced by the Makefile's recipes and by every script
# here, from the root of the repository.

: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
export HOME

# Everything that is built or fetched goes here, outside the clone.
export PUNCHCARD_CACHE="${PUNCHCARD_CACHE:-$HOME/.cache/punchcard}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PUNCHCARD_CACHE/target}"

# First what install.sh fetched, then rustup's, then the machine's own.
export PATH="$PUNCHCARD_CACHE/tools/bin:${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"

# Written by install.sh where the machine's default Rust is too old; the default itself stays.
if [ -z "${RUSTUP_TOOLCHAIN:-}" ] && [ -r "$PUNCHCARD_CACHE/tools/rust-toolchain" ]; then
    RUSTUP_TOOLCHAIN=$(cat "$PUNCHCARD_CACHE/tools/rust-toolchain")
    export RUSTUP_TOOLCHAIN
fi

# Always the same choice of packages and features: with another one, cargo would build the
# window toolkit a second time. custom-protocol puts the built page inside the desk.
# shellcheck disable=SC2034
workspace=(--locked --workspace --exclude punchcard-benches --exclude empty-window --features punchcard-desk/custom-protocol)

say() { printf '==> %s\n' "$*"; }
die() {
    printf 'punchcard: %s\n' "$*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }
