# Every line is a task; `make help` lists them.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

DATA ?= data
# Pure packages: no server, no clock; the ones that the race detector covers whole.
PURE := ./pkg/identifier/... ./pkg/event/... ./pkg/identity/... ./pkg/profile/... ./pkg/consent/... ./pkg/contact/... ./pkg/tcf/... ./pkg/match/... \
        ./pkg/resolve ./pkg/resolve/statemem/... ./pkg/config/... ./pkg/lifecycle/... ./pkg/telemetry/... ./pkg/auth/... ./schemas/...

run: ## start everything on this machine and stream a demonstration, until Ctrl-C
	@scripts/setup --quiet
	@.bin/rcu --data $(DATA) up --demo

build: ## build .bin/rcu
	@scripts/build

setup: ## install what is missing on this machine
	@scripts/setup

test: ## run every test that this machine can run, and print what ran
	@scripts/setup --quiet
	@scripts/test

# Left out is what takes long there and tells of no races that the others do not: how good matches are, and laws in one goroutine.
test-race: ## run the pure packages with the race detector
	@go test -race -shuffle=on -skip '^(TestRealFiles|TestGeneratedFiles|TestRegistries|TestSavedModel_.*|TestWishes_laws)$$' $(PURE)

lint: ## run the linters
	@scripts/lint

fuzz: ## fuzz every parser for a while (FUZZTIME=10s each)
	@scripts/fuzz

acceptance: ## list the acceptance tests of consent by their row, and run them
	@scripts/acceptance --run

bench: ## measure events per second and the hot paths (BENCH="--events N --json"); docs/benchmarks.md says how to read it
	@scripts/setup --quiet
	@scripts/bench $(BENCH)

SEED ?= 1
KILLS ?= 20
BROKER ?= embedded

chaos: ## kill processes under load and count what is lost or doubled (SEED=1 KILLS=20 BROKER=embedded|apache); docs/chaos.md
	@scripts/setup --quiet
	@scripts/chaos --seed $(SEED) --kills $(KILLS) --broker $(BROKER) $(CHAOS)

bench-suggest: ## how soon a probable match is on the stewards' queue, with a million people stored (BENCH="--seconds 60")
	@scripts/setup --quiet
	@scripts/bench-suggest $(BENCH)

bench-history: ## import a customer base beside live events (CUSTOMERS=1000000 EVENTS=5000000), and measure both
	@scripts/setup --quiet
	@scripts/bench-history --customers $(or $(CUSTOMERS),20000) --events $(or $(EVENTS),100000) $(BENCH)

help: ## list the tasks
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: run build setup test test-race lint fuzz acceptance bench chaos bench-suggest bench-history help
