# Go and make are all that "make run" needs. "make test" also needs a C compiler,
# and PostgreSQL, nginx, Caddy, HAProxy, PgBouncer, Chromium and Node.js, which it fetches if missing.

# With -trimpath, what the go command compiles does not depend on the folder, so clones,
# tests that build the command and releases share one build cache.
export GOFLAGS := $(strip $(filter-out -trimpath,$(GOFLAGS)) -trimpath)

GO       ?= go
TOOL     := $(GO) tool -modfile=tools/go.mod
FUZZTIME ?= 60s
BENCH    ?= .
BENCHPKG ?= ./test/bench

# The race detector needs cgo on Linux. Without a C compiler "make test" says so and
# runs without it, so that newcomers can start; "make ci" fails, since many tests
# prove the absence of races.
# The detector skips SQLite's C code, which was translated to Go: it shares no memory
# with the rest, and would be ten times slower. The tag informs the tests.
CC_FOUND := $(shell command -v $$($(GO) env CC) 2>/dev/null)
UNWATCHED := -tags=sqlitenorace -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc/...=-race=false
RACE     := $(if $(CC_FOUND),-race $(UNWATCHED))

# What needs no race detector is compiled without cgo, as a release is: with it, every
# library would be compiled once more, which takes a minute and a half of processor time.
NOCGO := CGO_ENABLED=0

# Generous, for busy machines; on an idle one no test takes more than two minutes.
TIMEOUT  ?= 30m

# Collecting garbage less often saves tests a fifth of their processor time.
FEWER_GCS := GOGC=400 GOMEMLIMIT=1GiB
# Packages that wait leave the processors to others. The longest begin first.
AT_ONCE   = -p $$((2 * $$(getconf _NPROCESSORS_ONLN))) ./test/fault ./test/acceptance ./cmd/apikeys ./...

.DEFAULT_GOAL := help

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# After Ctrl-C "go run" would exit with 1, and make with an error.
.PHONY: run
run: ## run the service on SQLite, with curl commands to paste; ARGS='--addr :9000' for flags
	@echo 'Compiling the service; the first time takes some minutes ...'
	@$(NOCGO) $(GO) build -o bin/dev/ ./cmd/apikeys
	@exec bin/dev/apikeys serve --dev $(ARGS)

# The same source produces the same binary, wherever it is and whether or not it is
# in git. A release sets VERSION.
.PHONY: build
build: ## build the static binary bin/apikeys
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags='-s -w$(if $(VERSION), -X main.version=$(VERSION))' -o bin/apikeys ./cmd/apikeys

# The tests of other modules run beside those of this one, since both wait for more than
# processors. No test asserts how long something takes, so they pass under any load.
.PHONY: test
test: pg-ensure servers node ## test everything on memory, SQLite and PostgreSQL
ifeq ($(RACE),)
	@echo 'no C compiler: testing without the race detector' >&2
endif
	@$(MAKE) --no-print-directory -j4 test-packages test-browser test-deploy test-routers

# -count=1, because go's test cache does not know the PostgreSQL server. -vet=off, because
# "make lint" vets everything.
.PHONY: test-packages
test-packages: pg-ensure servers node
	$(FEWER_GCS) $(GO) test $(RACE) -vet=off -shuffle=on -count=1 -timeout=$(TIMEOUT) $(AT_ONCE)

.PHONY: test-routers
test-routers:
	cd examples/routers && $(NOCGO) $(GO) test -vet=off -count=1 ./...

# A module of its own: only it needs what drives a browser.
.PHONY: test-browser
test-browser: servers node ## test the pages in Chromium; APIKEYS_SCREENSHOTS names a folder for pictures
	cd test/browser && $(NOCGO) $(GO) test -vet=off -count=1 -timeout=$(TIMEOUT) ./...

# In a module of its own, so that the main one does not require gitleaks.
.PHONY: test-deploy
test-deploy: ## test the rules for scanners, and the files for Compose and Traefik
	cd tools/deploy && $(NOCGO) $(GO) test -vet=off -count=1 ./...

# Part of "make test", which does not print what it measures. Only "make soak" asserts durations.
.PHONY: test-fault
test-fault: pg-ensure servers ## kill the dependencies of the service, and print what was measured
	$(GO) test $(RACE) -vet=off -count=1 -timeout=$(TIMEOUT) -v ./test/fault

SOAK ?= 1
LOAD ?= 30m

# The load runs without the race detector, which would distort its measurements.
.PHONY: soak
soak: pg-ensure servers ## long form of test-fault (times SOAK), then load for LOAD
	APIKEYS_SOAK=$(SOAK) $(GO) test $(RACE) -count=1 -timeout=$(SOAK)h -v -skip='^TestLoad' ./test/fault
	@$(MAKE) --no-print-directory soak-load

.PHONY: soak-load
soak-load: pg-ensure ## load the service for LOAD, then overload it threefold
	APIKEYS_SOAK=$(SOAK) APIKEYS_LOAD=$(LOAD) $(GO) test -count=1 -timeout=4h -v -run='^TestLoad' ./test/fault

.PHONY: lint
lint: ## vet, lint and check the formatting
	cd examples/routers && $(GO) vet ./...
	cd test/redis && $(GO) vet ./...
	cd test/browser && $(NOCGO) $(GO) vet ./...
	cd tools/deploy && $(NOCGO) $(GO) vet ./...
	$(TOOL) golangci-lint run ./...

.PHONY: fmt
fmt: ## format the code
	$(TOOL) gofumpt -w .

.PHONY: generate
generate: ## regenerate files
	$(GO) tool wire gen .
	$(GO) test ./adapters/httpapi -run=TestDocument_JSONIsMadeFromYAML -update
	$(GO) test ./test/generators -run=TestGo_TypesOfTheClientAreGeneratedFromTheDocument -update
	$(GO) mod tidy
	cd tools && $(GO) mod tidy
	cd examples/routers && $(GO) mod tidy
	cd tools/supply && $(GO) mod tidy
	cd tools/openapi && $(GO) mod tidy
	cd test/browser && $(GO) mod tidy
	cd test/redis && $(GO) mod tidy
	cd tools/deploy && $(GO) mod tidy

.PHONY: generated
generated: ## check that generated files are up to date
	$(GO) tool wire diff .
	$(GO) mod tidy -diff
	cd tools && $(GO) mod tidy -diff
	cd examples/routers && $(GO) mod tidy -diff
	cd tools/openapi && $(GO) mod tidy -diff
	cd test/browser && $(GO) mod tidy -diff
	cd test/redis && $(GO) mod tidy -diff
	cd tools/deploy && $(GO) mod tidy -diff

.PHONY: bench
bench: pg-ensure ## compare creates and checks with baselines; BENCHPKG=./... runs all
	$(GO) test -run='^$$' -bench='$(BENCH)' -timeout=30m $(BENCHPKG)

# A module of its own, so that the main one does not require a client of Redis.
.PHONY: bench-redis
bench-redis: pg-ensure servers ## compare limits of keys with a limiter in Redis
	cd test/redis && $(GO) test -run='^$$' -bench=. -timeout=30m ./...

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME
	GO='$(GO)' FUZZTIME='$(FUZZTIME)' tools/fuzz.sh

.PHONY: reproducible
reproducible: ## build the commit twice from empty caches and compare
	tools/reproducible.sh

.PHONY: sbom
sbom: build ## list the modules in bin/apikeys, as CycloneDX
	$(GO) tool -modfile=tools/supply/go.mod cyclonedx-gomod bin -json -noserial -notimestamp \
		-version '$(or $(VERSION),v0.0.0)' -output bin/apikeys.cdx.json bin/apikeys

.PHONY: vuln
vuln: ## look for known vulnerabilities; VULNDB is a mirror of the database
	GO='$(GO)' VULNDB='$(VULNDB)' tools/vuln.sh

.PHONY: pg
pg: ## fetch PostgreSQL for tests if none is installed
	tools/postgres.sh fetch

.PHONY: pg-ensure
pg-ensure:
	@tools/postgres.sh ensure

.PHONY: servers
servers: ## fetch nginx, Caddy, HAProxy, PgBouncer, Redis and Chromium for tests if missing
	@tools/servers.sh ensure

.PHONY: node
node: ## fetch Node.js if missing, and the packages that check the OpenAPI document
	@tools/node.sh ensure

.PHONY: console
console: node ## build the console from its sources, after changing them
	@PATH="$(CURDIR)/.cache/node/bin:$$PATH" node adapters/console/app/build.mjs

.PHONY: require-race
require-race:
	@test -n '$(RACE)' || { echo 'make ci needs a C compiler for the race detector: install gcc or clang' >&2; exit 1; }

# One after the other, even with -j, since each keeps every core busy.
.PHONY: ci
ci: require-race ## lint, generated, test: all that must pass
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory generated
	@$(MAKE) --no-print-directory test
