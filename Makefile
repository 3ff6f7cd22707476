# What people do with this repository. CI builds one configuration and uses it for everything: BUILD=release.

BUILD ?= debug
FLAGS_debug :=
FLAGS_release := -c release -Xswiftc -enable-testing
SWIFT_FLAGS := $(FLAGS_$(BUILD))
BIN = $(shell swift build $(SWIFT_FLAGS) --show-bin-path)

SPEED ?= 60
SEED ?= 1

N ?= 100

# Histories of `make torture`: for so long, or so many; one kept to what it takes to see it again.
BUDGET ?= 5m
HISTORIES ?=
VERBOSE ?=
TORTURE_FLAGS = $(if $(HISTORIES),--histories $(HISTORIES),--budget $(BUDGET)) $(TORTURE_LIMITS) $(if $(VERBOSE),--verbose)
# What a run has to reach, such as `--at-least 2000 --covered 50`.
TORTURE_LIMITS ?=

.PHONY: demo test torture mutants e2e load fuzz bench nightly run build crds prerequisites clean

## demo: two releases on the embedded cluster, a good one and a bad one
demo: prerequisites
	swift build $(SWIFT_FLAGS) --product kubectl-sluice
	@$(BIN)/kubectl-sluice demo --speed $(SPEED) --seed $(SEED)

## test: all fast tests
test: prerequisites
	swift test $(SWIFT_FLAGS) --skip EndToEnd

## torture: histories in which everything goes wrong, from SEED upward until BUDGET is over
torture: prerequisites
	swift build $(SWIFT_FLAGS) --product sluice-torture
	$(BIN)/sluice-torture --seed $(SEED) $(TORTURE_FLAGS)

## mutants: takes each safety rule out and shows the test that notices; BUILD=release is quick
mutants: prerequisites
	swift build $(SWIFT_FLAGS) --build-tests
	@Tests/Mutants/run.sh $(BIN)/sluicePackageTests.xctest

## e2e: on a real kube-apiserver with etcd, a real Prometheus and a real kubectl
e2e: prerequisites
	swift build $(SWIFT_FLAGS) --build-tests
	swift test $(SWIFT_FLAGS) --skip-build --filter EndToEnd --no-parallel

## load: N Rollouts on a real kube-apiserver, a hundred of them updated at once; it says what that costs
load: prerequisites
	swift build -c release -Xswiftc -enable-testing --build-tests
	SLUICE_LOAD_ROLLOUTS=$(N) swift test -c release -Xswiftc -enable-testing --skip-build --filter LoadCases --no-parallel

## fuzz: every parser and the edits of routes against their laws, for BUDGET (2m) in all
fuzz: prerequisites
	@Tests/Fuzz/run.sh $(or $(BUDGET),2m)

## bench: the benchmarks in Tests/Benchmarks, about half a minute; BENCH="--filter decoding --seconds 5" for some of them, for longer
# Always the release configuration, and built into the root's build folder: the modules that are measured are there already.
bench: prerequisites
	swift build $(FLAGS_release) --package-path Tests/Benchmarks --scratch-path .build --product SluiceBenchmarks
	@.build/release/SluiceBenchmarks $(BENCH)

## nightly: what does not fit into CI's minutes: long torture and fuzzing from the day's seed, the large load
nightly: prerequisites
	$(MAKE) torture BUILD=release SEED=$(shell date +%Y%m%d) BUDGET=$(or $(TORTURE_BUDGET),60m)
	$(MAKE) fuzz BUDGET=$(or $(FUZZ_BUDGET),30m)
	$(MAKE) load N=1000
	$(MAKE) bench

## run: the controller against the current kubeconfig context
run: prerequisites
	swift build $(SWIFT_FLAGS) --product sluice-controller
	$(BIN)/sluice-controller --leader-elect=false --loglevel=info

## crds: the definitions, from the tables in Sources/Core/RolloutModel/Schema
crds: prerequisites
	swift run $(SWIFT_FLAGS) sluice-generate --output crds

build: prerequisites
	swift build $(SWIFT_FLAGS)

prerequisites:
	@scripts/prerequisites.sh

clean:
	rm -rf .build Tests/Fuzz/.build
