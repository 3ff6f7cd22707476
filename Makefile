# What people do with this repository. CI builds one configuration and uses it for everything: BUILD=release.

BUILD ?= debug
FLAGS_debug :=
FLAGS_release := -c release -Xswiftc -enable-testing
SWIFT_FLAGS := $(FLAGS_$(BUILD))
BIN = $(shell swift build $(SWIFT_FLAGS) --show-bin-path)

SPEED ?= 60
SEED ?= 1

# Histories of `make torture`: for so long, or so many; one kept to what it takes to see it again.
BUDGET ?= 5m
HISTORIES ?=
VERBOSE ?=
TORTURE_FLAGS = $(if $(HISTORIES),--histories $(HISTORIES),--budget $(BUDGET) $(TORTURE_LIMITS)) $(if $(VERBOSE),--verbose)
# What a run has to reach, such as `--at-least 2000 --covered 50`.
TORTURE_LIMITS ?=

.PHONY: demo test torture e2e run build crds prerequisites clean

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

## e2e: on a real kube-apiserver with etcd, a real Prometheus and a real kubectl
e2e: prerequisites
	swift build $(SWIFT_FLAGS) --build-tests
	swift test $(SWIFT_FLAGS) --skip-build --filter EndToEnd --no-parallel

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
	rm -rf .build
