# `make run` and `make test` need Go only.

GO ?= go
# The race detector needs a C compiler; Go says by CGO_ENABLED whether it has one.
RACE = $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)
FUZZTIME ?= 30s

.PHONY: build run test test-clients test-deploy bench fuzz lint verify golden clean

build: ## the binary ./waymark
	CGO_ENABLED=0 $(GO) build -trimpath -o waymark ./cmd/waymark

run: ## serves the embedded example on :8080
	$(GO) run ./cmd/waymark serve

test: ## every test; those that need more than Go say what, and skip
	$(GO) test $(RACE) -shuffle=on ./...

test-clients: ## real Thunderbird, Delta Chat, openssl, plistutil and Python; what is missing skips
	$(GO) test -count=1 -v ./internal/realclients/...

test-deploy: ## the manifests and the Helm chart, against the types of Kubernetes
	cd tools/kubernetes && $(GO) vet ./... && $(GO) test -count=1 ./...

bench: ## every benchmark, with allocations
	$(GO) test -run '^$$' -bench . -benchmem ./...

fuzz: ## each fuzz target for FUZZTIME
	./tools/fuzz $(FUZZTIME)

lint: ## the pinned golangci-lint
	$(GO) tool -modfile=tools/go.mod golangci-lint run ./...

golden: ## writes the golden files anew; read the diff
	$(GO) test ./internal/service -run TestConversations -update
	$(GO) test ./internal/config -run 'TestInvalidFiles|TestDoubtfulFiles' -update
	$(GO) test ./internal/proto/mobileconfig -run TestGolden -update
	$(GO) test ./internal/dnsrecords -run TestGolden -update

verify: ## module files are tidy and the code is formatted
	$(GO) mod tidy -diff
	cd tools/kubernetes && $(GO) mod tidy -diff
	$(GO) mod verify
	test -z "$$(gofmt -l .)"

clean:
	rm -rf waymark dist
