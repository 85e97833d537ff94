# Go and make are all that "make run" needs. "make test" also needs a C compiler,
# and PostgreSQL, nginx, Caddy, HAProxy and PgBouncer, which it fetches if missing.

GO       ?= go
TOOL     := $(GO) tool -modfile=tools/go.mod
FUZZTIME ?= 60s
BENCH    ?= .
BENCHPKG ?= ./test/bench

# The race detector needs cgo on Linux. Without a C compiler "make test" runs
# without it and says so, for a newcomer's first look; "make ci" refuses to,
# since half of what the tests prove is that nothing races.
# The C code of SQLite, translated to Go, is left out: it keeps its memory to
# itself, and the detector would make it ten times slower. The tag tells tests.
CC_FOUND := $(shell command -v $$($(GO) env CC) 2>/dev/null)
UNWATCHED := -tags=sqlitenorace -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc/...=-race=false
RACE     := $(if $(CC_FOUND),-race $(UNWATCHED))

# A machine with much other work needs time; no test needs more than two minutes
# on one without.
TIMEOUT  ?= 30m

.DEFAULT_GOAL := help

.PHONY: help
help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# "go run" would end with 1 after Ctrl-C, and make with an error.
.PHONY: run
run: ## run the service on SQLite, with curl lines to paste; ARGS='--addr :9000' for flags
	@echo 'Compiling the service; the first time takes some minutes ...'
	@$(GO) build -o bin/dev/ ./cmd/apikeys
	@exec bin/dev/apikeys serve --dev $(ARGS)

# The same source gives the same binary, wherever it lies and whether git knows
# it or not: a release says its version by VERSION.
.PHONY: build
build: ## build the static binary bin/apikeys
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags='-s -w$(if $(VERSION), -X main.version=$(VERSION))' -o bin/apikeys ./cmd/apikeys

# -count=1: go's cache of results knows nothing of the PostgreSQL server. No test
# asserts how long something takes, so it passes beside any other work.
.PHONY: test
test: pg-ensure servers ## test everything on memory, SQLite and PostgreSQL
ifeq ($(RACE),)
	@echo 'no C compiler: testing without the race detector' >&2
endif
	$(GO) test $(RACE) -shuffle=on -count=1 -timeout=$(TIMEOUT) $$($(GO) list ./... | grep -v /test/fault$$)
	@$(MAKE) --no-print-directory test-fault

# By itself, for -v: it prints what it measures. Only "make soak" asserts that.
.PHONY: test-fault
test-fault: pg-ensure servers ## kill what the service stands on, and print what that did
	$(GO) test $(RACE) -count=1 -timeout=$(TIMEOUT) -v ./test/fault

SOAK ?= 1
LOAD ?= 30m

# The race detector would make a measurement of itself, so load goes without it.
.PHONY: soak
soak: pg-ensure servers ## test-fault in its long form, or SOAK times that, and LOAD of load
	APIKEYS_SOAK=$(SOAK) $(GO) test $(RACE) -count=1 -timeout=$(SOAK)h -v -skip='^TestLoad' ./test/fault
	@$(MAKE) --no-print-directory soak-load

.PHONY: soak-load
soak-load: pg-ensure ## keep the service at work for LOAD, then ask three times too much of it
	APIKEYS_SOAK=$(SOAK) APIKEYS_LOAD=$(LOAD) $(GO) test -count=1 -timeout=4h -v -run='^TestLoad' ./test/fault

.PHONY: lint
lint: ## vet, lint and check the formatting
	$(GO) vet ./...
	$(TOOL) golangci-lint run ./...

.PHONY: fmt
fmt: ## format the code
	$(TOOL) gofumpt -w .

.PHONY: generate
generate: ## make what is generated again
	$(GO) tool wire gen .
	$(GO) test ./adapters/httpapi -run=TestDocument_JSONIsMadeFromYAML -update
	$(GO) mod tidy
	cd tools && $(GO) mod tidy
	cd tools/supply && $(GO) mod tidy

.PHONY: generated
generated: ## check that what is generated is up to date
	$(GO) tool wire diff .
	$(GO) mod tidy -diff
	cd tools && $(GO) mod tidy -diff

.PHONY: bench
bench: pg-ensure ## measure creation beside its database; BENCHPKG=./... runs all
	$(GO) test -run='^$$' -bench='$(BENCH)' -timeout=30m $(BENCHPKG)

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME
	GO='$(GO)' FUZZTIME='$(FUZZTIME)' tools/fuzz.sh

.PHONY: reproducible
reproducible: ## build the commit twice from nothing and compare
	tools/reproducible.sh

.PHONY: sbom
sbom: build ## list what bin/apikeys is made of, as CycloneDX
	$(GO) tool -modfile=tools/supply/go.mod cyclonedx-gomod bin -json -noserial -notimestamp \
		-version '$(or $(VERSION),v0.0.0)' -output bin/apikeys.cdx.json bin/apikeys

.PHONY: vuln
vuln: ## look for known vulnerabilities; VULNDB names a mirror of the database
	GO='$(GO)' VULNDB='$(VULNDB)' tools/vuln.sh

.PHONY: pg
pg: ## fetch the PostgreSQL that tests use where none is installed
	tools/postgres.sh fetch

.PHONY: pg-ensure
pg-ensure:
	@tools/postgres.sh ensure

.PHONY: servers
servers: ## fetch nginx, Caddy, HAProxy and PgBouncer for tests if missing
	@tools/servers.sh ensure

.PHONY: require-race
require-race:
	@test -n '$(RACE)' || { echo 'make ci needs a C compiler for the race detector: install gcc or clang' >&2; exit 1; }

# One after the other, whatever -j says: each keeps every core busy.
.PHONY: ci
ci: require-race ## lint, generated, test: what has to pass
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory generated
	@$(MAKE) --no-print-directory test
