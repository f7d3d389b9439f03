# Two commands do everything on a fresh Debian or Ubuntu: `make run` and `make test`.
# Each installs what is missing (scripts/install.sh) and builds outside the clone (scripts/env.sh).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

# Paths and the choice of cargo packages, for one recipe line.
in_env := source scripts/env.sh;

# The virtual screen is fetched only where there is no display.
screen := $(if $(DISPLAY)$(WAYLAND_DISPLAY),,screen)

.PHONY: help
help: ## show this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | while IFS=$$'\t' read -r name text; do \
		printf '  make %-12s %s\n' "$$name" "$$text"; done

.PHONY: run
run: install-run build ## start the desk with a demo shop
	@scripts/run.sh

.PHONY: run-two
run-two: install-run build ## start a hub and two desks of one business
	@scripts/run-two.sh

.PHONY: test
test: install-test check build ## run every check and every test
	@scripts/test.sh all

.PHONY: check
check: install-check ui ## format, lints, types, licences
	@$(in_env) say 'cargo fmt'; cargo fmt --all --check; cargo fmt --manifest-path fuzz/Cargo.toml --check
	@$(in_env) say 'cargo deny'; cargo deny --locked check bans licenses sources
	@$(in_env) say 'ui: format, lint, types'; cd ui; npm run format:check; npm run lint; npm run typecheck
	@$(in_env) say 'cargo clippy'; \
		args=(--locked --workspace --features punchcard-desk/custom-protocol); \
		cargo clippy "$${args[@]}" --all-targets -- -D warnings; \
		cargo clippy "$${args[@]}" --test e2e -- -D warnings

.PHONY: build
build: ui ## build the desk, the till tool and the hub
	@$(in_env) say 'building the desk, the till tool and the hub (the first time takes a while)'; \
		cargo build "$${workspace[@]}" --bin punchcard-desk --bin punchcard-till --bin punchcard-hub

.PHONY: ui
ui: install-build ## build the window's pages
	@scripts/ui.sh build

.PHONY: e2e
e2e: install-test build ## only the tests of the real window
	@scripts/test.sh e2e

# How often `make power` cuts the power.
ROUNDS ?= 200

.PHONY: power
power: install-test build ## cut the power of a till and of a hub ROUNDS times (200)
	@$(in_env) PUNCHCARD_POWER_ROUNDS=$(ROUNDS) \
		cargo test "$${workspace[@]}" --test stories -- power:: --nocapture

# SEEDS how many, FIRST the first of them, TILLS how many tills, STEPS which steps alone (1,5,9).
# A seed tells everybody's random numbers, which only a build with debug assertions lets it do. What others
# wrote stays as the release has it.
optimised := --release --config 'profile.release.debug-assertions=true' \
	--config 'profile.release.package."*".debug-assertions=false'
.PHONY: fleet
fleet: install-test ## the simulated fleet: SEEDS=1000 [FIRST=1] [TILLS=5] [STEPS=1,5,9] [OPTIMISED=1]
	@$(in_env) SEEDS="$(or $(SEEDS),1000)" FIRST="$(or $(FIRST),1)" TILLS="$(or $(TILLS),5)" STEPS="$(STEPS)" \
		cargo test $(if $(OPTIMISED),$(optimised),"$${workspace[@]}") --package punchcard-tests --test stories \
		fleet::seeds -- --exact --nocapture

# How many minutes each of them runs, and which alone (entries messages import scan backup).
.PHONY: fuzz
fuzz: install-test ## the fuzzers: MINUTES=20 [TARGETS="entries backup"]
	@scripts/fuzz.sh $$(( $(or $(MINUTES),20) * 60 )) $(TARGETS)

.PHONY: bench
bench: install-test ui ## figures beside their limits, optimised build
	@scripts/bench.sh all

.PHONY: screenshots
screenshots: install-test build ## the pictures of the README
	@$(in_env) scripts/screenshots.sh

.PHONY: bindings
bindings: install-build ## write the TypeScript types anew from the Rust ones
	@$(in_env) UPDATE_BINDINGS=1 cargo test -p punchcard-tests bindings

.PHONY: clean
clean: ## delete what was built (not tools, not data)
	@$(in_env) rm -rf ui/dist ui/node_modules; cargo clean

.PHONY: install-build install-run install-check install-test
install-build:
	@scripts/install.sh build
install-run:
	@scripts/install.sh build $(screen)
install-check:
	@scripts/install.sh build check
install-test:
	@scripts/install.sh build screen check e2e
