# `make run` and `make test` need Go only.

GO ?= go
# The race detector needs a C compiler; Go says by CGO_ENABLED whether it has one.
RACE = $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)
FUZZTIME ?= 30s
LINTER = $(GO) tool -modfile=$(CURDIR)/tools/go.mod golangci-lint

.PHONY: build run test test-clients test-browser test-deploy bench fuzz lint generate golden screenshots format tidy verify clean

build: ## the binary ./waymark
	CGO_ENABLED=0 $(GO) build -trimpath -o waymark ./cmd/waymark

run: ## serves the embedded example on :8080
	$(GO) run ./cmd/waymark serve

test: ## every test; those that need more than Go say what, and skip
	$(GO) test $(RACE) -shuffle=on ./...

test-clients: ## real Thunderbird, Delta Chat, openssl, plistutil and Python; what is missing skips
	$(GO) test -count=1 -v ./test/realclients/...

test-browser: ## the page in a real Chromium, on every device; what is missing skips
	$(GO) test -count=1 -v ./test/browser/...

test-deploy: ## the manifests and the Helm chart, against the types of Kubernetes
	cd tools/kubernetes && $(GO) vet ./... && $(GO) test -count=1 -timeout 30m ./... # compiles Helm

bench: ## every benchmark, with allocations
	$(GO) test -run '^$$' -bench . -benchmem ./...

fuzz: ## each fuzz target for FUZZTIME
	./tools/fuzz $(FUZZTIME)

lint: ## the pinned golangci-lint
	$(LINTER) run ./...

# Everything that is committed and made from something else. The rest of what a
# release has, such as the manual page, is made by tools/release/prepare and not
# committed. Seeds for fuzzing are found, not made: tools/corpus copies them.
generate: golden ## makes every generated file anew; read the diff

golden: ## writes the golden files anew; read the diff
	$(GO) test ./internal/service -run TestConversations -update
	$(GO) test ./internal/clients -run TestPlans -update
	$(GO) test ./internal/config -run 'TestInvalidFiles|TestDoubtfulFiles' -update
	$(GO) test ./internal/dialect/mobileconfig -run TestGolden -update
	$(GO) test ./internal/dnsrecords -run TestGolden -update
	cd tools/kubernetes && $(GO) test -timeout 30m -run TestFacts . -update

format: ## formats the code of every module
	$(LINTER) fmt ./...
	gofmt -w tools

tidy: ## tidies the module files, and compares the modules with their checksums
	$(GO) mod tidy
	cd tools/kubernetes && $(GO) mod tidy
	$(GO) mod verify

screenshots: ## writes docs/screenshots anew; look at them
	mkdir -p docs/screenshots
	$(GO) test -count=1 -v -run 'TestPages/screenshots' ./test/browser -screenshots "$(CURDIR)/docs/screenshots"

verify: ## generate, format and tidy leave the tree as it is
	./tools/verify

clean:
	rm -rf waymark dist
