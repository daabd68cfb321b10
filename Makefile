# Everything needs Go alone, except the TypeScript package and the checks of the spec, which need node.
GO := go
SHELL := bash
RACE := $(if $(shell command -v cc),-race)
FUZZTIME := 1m
TS := $(if $(shell command -v npm),gen/ts)

.PHONY: help generate generate/go generate/ts generate/web build lint check/spec changelog run test test/go test/ts test/long test/poolers test/machine test/faults fuzz fuzz/api bench bench/quick bench/lists clean

help: ## list the targets
	@grep -hE '^[a-z/]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z/]+):.*## /  make \1\t/' | expand -t 24

generate: generate/go generate/ts generate/web ## generate all code from openapi.yaml, and build the pages

generate/go:
	$(GO) run ./gen/derive openapi.yaml gen .build
	$(GO) tool oapi-codegen -config gen/server.yaml .build/server.json
	$(GO) tool oapi-codegen -config gen/client.yaml .build/client.json

generate/ts: generate/go
	npm --prefix gen/ts ci --no-audit --no-fund
	npm --prefix gen/ts run generate

generate/web: generate/ts ## build the pages of impl/web
	npm --prefix impl/web ci --no-audit --no-fund
	npm --prefix impl/web run build

build: ## build .build/planoauth
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o .build/planoauth ./impl/planoauth

lint: ## run golangci-lint with the linters of .golangci.yaml
	$(GO) tool -modfile=.ci/lint/go.mod golangci-lint run ./...

check/spec: ## check openapi.yaml with Redocly, Spectral and oasdiff, and compare it with main
	npm --prefix .ci/spec ci --no-audit --no-fund
	npm --prefix .ci/spec test

changelog: ## print what changed in openapi.yaml from the commit FROM to TO, or to the working tree
	npm --prefix .ci/spec ci --no-audit --no-fund --silent
	node .ci/spec/contract.mjs changelog $(FROM) $(TO)

run: build ## serve on an embedded Postgres; http://127.0.0.1:8080/docs is the explorer
	.build/planoauth serve

test: test/go $(if $(TS),test/ts) ## the tests, on a container engine where one answers, else on this machine's Postgres

# Tests wait more than they compute, so more of them run in parallel than there are cores.
BLACK_BOX = $(GO) test $(RACE) -count 1 -parallel 8 -timeout 20m -v
QUIETLY = | grep -vE '^(=== |\s*--- PASS)|testdbconf'; exit $${PIPESTATUS[0]}

test/go:
	$(GO) test $(RACE) ./gen/... ./impl/... ./db/...
	$(BLACK_BOX) -skip 'Long$$' ./tests/ $(QUIETLY)

test/long: ## the tests that take longer than ten seconds by themselves
	$(BLACK_BOX) -run 'Long$$' -skip 'TestScenariosBehindPoolersLong' ./tests/ $(QUIETLY)

test/poolers: RACE := # they run with it in test/go
test/poolers: ## the scenarios of sessions, clients and links behind PgBouncer and hostile settings; takes four minutes
	$(BLACK_BOX) -run 'TestScenariosBehindPoolersLong' ./tests/ $(QUIETLY)

test/ts:
	npm --prefix gen/ts ci --no-audit --no-fund
	npm --prefix gen/ts test

test/machine: ## a short run of the tests on this machine's Postgres
	POSTGRES=machine $(GO) test -count 1 -v -run 'TestRegisterReadSignIn|TestRace|TestChanges' ./tests/

test/faults: build ## inject faults under load and compare what was acknowledged with the database; FAULTS=short takes two minutes
	$(GO) build -o .build/faults ./tests/faults
	.build/faults -form '$(FAULTS)'

fuzz: ## fuzz the decoder and the whole handler, FUZZTIME each
	$(GO) test -run '^$$' -fuzz FuzzDecodeObject -fuzztime $(FUZZTIME) ./impl/
	$(GO) test -run '^$$' -fuzz FuzzDecodeBase64 -fuzztime $(FUZZTIME) ./impl/
	$(GO) test -run '^$$' -fuzz FuzzHandler -fuzztime $(FUZZTIME) ./tests/

fuzz/api: ## send random sequences of requests from openapi.yaml for FUZZTIME; 0 runs until stopped
	$(GO) test -count 1 -v -run 'TestFuzz$$' -timeout $(FUZZTIME) ./tests/ -rapid.seed $$((RANDOM << 15 | RANDOM)) -rapid.checks 1000000000

bench: build ## compare the speed with its goals; takes a quarter of an hour and gigabytes in the temporary directory
	$(GO) build -o .build/bench ./tests/bench
	.build/bench $(BENCH)

bench/quick: BENCH := -quick
bench/quick: bench ## the same in two minutes, on less data

bench/lists: BENCH := lists
bench/lists: bench ## list a million users and ten million audit events in every way, with the plans; takes half an hour and ten gigabytes

clean: ## remove what was built
	rm -rf .build .ci/spec/node_modules .ci/prism/node_modules .ci/foreign/node_modules .ci/foreign/generated gen/ts/node_modules gen/ts/dist gen/ts/dist-browser gen/ts/dist-test
