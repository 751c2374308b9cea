# Bottega. `make help` lists what can be asked for.
#
# Two promises: `make run` and `make test` work on a machine that has only the language toolchains, and a second run
# does nothing that the first one did. What was installed is remembered by the files it left (node_modules,
# .cache/bin, .cache/venv) or by a stamp in .cache/stamps; `make clean` forgets it all.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GOLANGCI_VERSION := v2.15.0
RUFF_VERSION := 0.17.6
STAMPS := .cache/stamps
TEMPERA_PYTHON := .cache/tempera/venv/bin/python
INVOKEAI := .cache/peer-invokeai/venv/bin/invokeai-web

# Settings of the server for `make run`, for example: make run ARGS="--listen 0.0.0.0:7860"
ARGS ?=
# Prefix of the benchmarks to run, for example: make bench BENCH=image
BENCH ?=

##@ Every day

.PHONY: run
run: build ## install what is missing, build, start; prints the address and the owner link
	exec bin/bottega serve $(ARGS)

# Three things at a time: on a new machine some wait for the network while others compute.
.PHONY: test
test: test-deps ## install what is missing, run every test
	$(MAKE) -j3 deps build
	MAKE="$(MAKE)" scripts/test.sh go web tempera e2e sdk deploy

.PHONY: build
build: bin/bottega ## build bin/bottega, one file with the web app inside

.PHONY: lint
lint: lint-go lint-web lint-python lint-news ## run every linter

.PHONY: bench
bench: test-deps bin/bench ## run the benchmarks (BENCH=prefix), one JSON object a line
	BOTTEGA_TORCH_PYTHON=$(abspath $(wildcard $(TEMPERA_PYTHON))) scripts/with-postgres.sh bin/bench $(BENCH) --json

.PHONY: bench-invokeai
bench-invokeai: bin/bench $(STAMPS)/peer-invokeai ## our queue beside InvokeAI's, which is installed for it (7 GB)
	bin/bench --invokeai $(INVOKEAI) $(or $(BENCH),queue_noop_vs_invokeai queue_picture_vs_invokeai queue_restart_vs_invokeai) --json

.PHONY: help
help: ## this list
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@ / {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ One suite at a time

.PHONY: test-go
test-go: test-deps web/dist/index.html onnxruntime versitygw stripe-mock ## Go tests with the race detector, on SQLite and PostgreSQL (PKG=./internal/ledger/...)
	BOTTEGA_PG_FSYNC=off scripts/with-postgres.sh scripts/gotest.sh $(or $(PKG),./...)

.PHONY: test-long
test-long: test-deps web/dist/index.html onnxruntime versitygw ## what `make test` does less of, at full length: lives, kills, faults, spending, payments (over half an hour)
	BOTTEGA_TEST_LONG=1 scripts/with-postgres.sh go test -timeout 60m ./cmd/bottega -run 'TestLives|TestCrash|TestSpend|TestMachines' -v
	BOTTEGA_TEST_LONG=1 scripts/with-postgres.sh go test -timeout 60m ./internal/app -run TestFault -v
	BOTTEGA_TEST_LONG=1 go test -timeout 60m ./internal/engine/tempera -run TestEngine_PassesTheSuiteWithTheTrainedWeights -v
	BOTTEGA_TEST_LONG=1 scripts/with-postgres.sh go test -timeout 60m ./internal/backup -run TestWrite_UnderLoad -v
	BOTTEGA_TEST_LONG=1 scripts/with-postgres.sh go test -timeout 60m ./internal/payment -run 'TestCrash|TestPayments|TestSettle|TestEffects' -rapid.checks=200000 -v

.PHONY: test-web
test-web: run-deps web/node_modules/.package-lock.json ## types, lint and unit tests of the web app
	cd web && npm test

.PHONY: test-e2e
test-e2e: test-deps build e2e/node_modules/.package-lock.json ## a browser walks from sign-up to a downloaded picture
	scripts/with-server.sh npm --prefix e2e test

.PHONY: test-sdk
test-sdk: test-deps build ## the official Leonardo SDKs, unchanged, against our server
	scripts/with-server.sh e2e/sdk/run.sh

.PHONY: test-tempera
test-tempera: $(STAMPS)/python-tests ## the house model's Python, as far as it needs no PyTorch
	.cache/venv/tests/bin/python -m pytest -q tempera/tests

.PHONY: test-deploy
test-deploy: build deploy-tools $(STAMPS)/deploy-python ## the files of deploy/, by the tools of Helm, Compose, systemd, nginx, Caddy and Prometheus
	.cache/venv/deploy/bin/python -m pytest -q deploy/lint

##@ The house model (Python with PyTorch, some GB; only to train it)

.PHONY: tempera-test
tempera-test: $(STAMPS)/tempera-venv ## the same with PyTorch, and everything else
	$(TEMPERA_PYTHON) -m pytest -q tempera/tests

.PHONY: tempera-data
tempera-data: $(STAMPS)/tempera-venv ## fetch and prepare the licensed drawings
	$(TEMPERA_PYTHON) -m tempera.data $(ARGS)

.PHONY: tempera-train
tempera-train: $(STAMPS)/tempera-venv ## train the painter
	$(TEMPERA_PYTHON) -m tempera.train $(ARGS)

.PHONY: tempera-eval
tempera-eval: $(STAMPS)/tempera-venv ## measure the shipped weights and fill the model card (ARGS="--pairs 120")
	$(TEMPERA_PYTHON) -m tempera.evaluate $(ARGS)
	$(TEMPERA_PYTHON) -m tempera.card

.PHONY: tempera-export
tempera-export: $(STAMPS)/tempera-venv ## write tempera/weights and the test vectors
	$(TEMPERA_PYTHON) -m tempera.export $(ARGS)

.PHONY: style-pictures
style-pictures: build $(STAMPS)/python-tests ## paint the pictures of the studio's style chooser anew
	.cache/venv/tests/bin/python scripts/style_pictures.py $(ARGS)

##@ Parts

.PHONY: deps
deps: test-deps web/node_modules/.package-lock.json e2e/node_modules/.package-lock.json onnxruntime versitygw stripe-mock deploy-tools leonardo-sdks $(STAMPS)/python-tests $(STAMPS)/deploy-python ## install everything that building and testing needs

.PHONY: run-deps
run-deps:
	@scripts/deps.sh run

.PHONY: test-deps
test-deps:
	@scripts/deps.sh test

.PHONY: lint-go
lint-go: .cache/bin/golangci-lint-$(GOLANGCI_VERSION) ## golangci-lint
	$< run

.PHONY: lint-web
lint-web: web/node_modules/.package-lock.json ## Biome
	cd web && npm run check

.PHONY: lint-python
lint-python: .cache/venv/ruff-$(RUFF_VERSION)/bin/ruff ## ruff
	$< check tempera scripts e2e deploy
	$< format --check tempera scripts e2e deploy

.PHONY: lint-news
lint-news: ## the form of changelog/unreleased
	scripts/changelog.sh --check

.PHONY: fmt
fmt: .cache/bin/golangci-lint-$(GOLANGCI_VERSION) .cache/venv/ruff-$(RUFF_VERSION)/bin/ruff web/node_modules/.package-lock.json ## format everything
	.cache/bin/golangci-lint-$(GOLANGCI_VERSION) fmt
	.cache/venv/ruff-$(RUFF_VERSION)/bin/ruff format tempera scripts e2e deploy
	cd web && npm run fix

.PHONY: changelog
changelog: ## fold changelog/unreleased into CHANGELOG.md (VERSION=0.2.0)
	scripts/changelog.sh $(VERSION)

.PHONY: clean
clean: ## remove everything that was built or installed here; keeps data/
	rm -rf bin web/node_modules e2e/node_modules .cache/stamps .cache/bin .cache/venv .cache/logs .cache/peer-invokeai
	find web/dist -mindepth 1 ! -name .gitkeep -delete

# The binary. Go knows by itself what has changed, so it is always asked.
.PHONY: FORCE
bin/bottega: FORCE run-deps web/dist/index.html onnxruntime
	go build -trimpath -buildvcs=false -ldflags "-X main.version=$(VERSION)" -o $@ ./cmd/bottega

# The benchmarks, a program that is not shipped. Some of them start the bottega beside it.
bin/bench: FORCE bin/bottega
	go build -trimpath -buildvcs=false -o $@ ./bench

# The web app: built again when one of its sources, or the list of them, has changed.
WEB_SOURCES := $(shell find web/src web/public web/index.html web/*.ts web/package.json 2>/dev/null)
web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	@echo "Building the web app …"
	cd web && npm run --silent build -- --logLevel=warn
	@touch $@

web/node_modules/.package-lock.json e2e/node_modules/.package-lock.json: %/node_modules/.package-lock.json: %/package-lock.json %/package.json | run-deps
	@scripts/npm-install.sh $*
	@touch $@

# ONNX Runtime's shared library, which runs the house model; the binary carries it. Quiet when it is there.
.PHONY: onnxruntime
onnxruntime: | run-deps
	@scripts/fetch-onnxruntime.sh | { grep -v ' is there$$' || true; }

# An S3 server for the tests of the picture store.
.PHONY: versitygw
versitygw: | test-deps
	@scripts/fetch-versitygw.sh | { grep -v ' is there$$' || true; }

# Stripe's own server for the tests of payments.
.PHONY: stripe-mock
stripe-mock: | test-deps
	@scripts/fetch-stripe-mock.sh | { grep -v ' is there$$' || true; }

# The official SDKs that the server is tested with. Quiet when they are there.
.PHONY: leonardo-sdks
leonardo-sdks: | test-deps
	@e2e/sdk/run.sh install

# What deploy/ is checked with.
.PHONY: deploy-tools
deploy-tools: | test-deps
	@scripts/fetch-deploy-tools.sh

$(STAMPS)/deploy-python: deploy/lint/requirements.txt | test-deps
	@echo "Installing the tools that check deploy/ into .cache/venv/deploy …"
	python3 -m venv .cache/venv/deploy
	.cache/venv/deploy/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@mkdir -p $(@D) && touch $@

# What the Python tests need of the pinned packages: no PyTorch.
$(STAMPS)/python-tests: tempera/requirements.txt | test-deps
	@echo "Installing the Python packages of the tests into .cache/venv/tests …"
	python3 -m venv .cache/venv/tests
	grep -E '^(numpy|pillow|pytest)==' $< | .cache/venv/tests/bin/python -m pip install --quiet --disable-pip-version-check -r /dev/stdin
	@mkdir -p $(@D) && touch $@

$(STAMPS)/tempera-venv: tempera/requirements.txt | test-deps
	@echo "Installing the Python packages of tempera/ into .cache/tempera/venv …"
	python3 -m venv .cache/tempera/venv
	$(TEMPERA_PYTHON) -m pip install --quiet --disable-pip-version-check -r $<
	@mkdir -p $(@D) && touch $@

# Another studio to measure ourselves against. Nothing but the benchmark uses it, and no test.
$(STAMPS)/peer-invokeai: bench/invokeai.txt
	@echo "Installing InvokeAI into .cache/peer-invokeai, for measuring only (7 GB, once) …"
	python3 -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 13) else f"bench-invokeai: InvokeAI needs Python 3.11 or 3.12, python3 here is {sys.version.split()[0]}")'
	rm -rf .cache/peer-invokeai/venv
	python3 -m venv .cache/peer-invokeai/venv
	.cache/peer-invokeai/venv/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check -r $< || \
	  { echo "bench-invokeai: InvokeAI could not be installed; what pip said stands above. Nothing else needs it." >&2; rm -rf .cache/peer-invokeai; exit 1; }
	@mkdir -p $(@D) && touch $@

.cache/bin/golangci-lint-$(GOLANGCI_VERSION):
	@echo "Building golangci-lint $(GOLANGCI_VERSION), once …"
	GOBIN=$(CURDIR)/.cache/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv .cache/bin/golangci-lint $@

.cache/venv/ruff-$(RUFF_VERSION)/bin/ruff:
	@echo "Installing ruff $(RUFF_VERSION) …"
	python3 -m venv .cache/venv/ruff-$(RUFF_VERSION)
	.cache/venv/ruff-$(RUFF_VERSION)/bin/pip install --quiet --disable-pip-version-check ruff==$(RUFF_VERSION)
