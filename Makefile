# "make run" and "make test" need nothing but Go.

GO ?= go
# The race detector needs a C compiler. Go sets CGO_ENABLED when it finds one.
RACE = $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)
FUZZTIME ?= 30s
LINTER = $(GO) tool -modfile=$(CURDIR)/tools/go.mod golangci-lint

.PHONY: build run test test-all test-clients test-browser test-boot test-alone test-kubernetes bench load growth fuzz soak words lint vulnerabilities generate golden screenshots format tidy verify clean

build: ## the binary ./waymark
	CGO_ENABLED=0 $(GO) build -trimpath -o waymark ./cmd/waymark

run: ## serve the embedded example on :8080
	$(GO) run ./cmd/waymark serve --example

# Tests wait more than they compute: four packages at once keep two cores busy.
test: ## what Go alone can prove, in this process, within 3 minutes
	$(GO) test $(RACE) -p 4 ./...

# A program that is not installed fails its test; .ci/run installs them all.
test-all: ## every test: real servers, mail clients, a browser, packages, manifests
	WAYMARK_TEST_ALL=1 $(GO) test $(RACE) -shuffle=on -count=1 -timeout 40m $$($(GO) list ./... | grep -vE '/test/(attack|scale|deploy/boot)$$')
	$(MAKE) test-alone test-kubernetes

test-alone: ## attacks and many domains, alone on the machine: they measure time and memory
	WAYMARK_TEST_ALL=1 $(GO) test -p 1 -count=1 -timeout 20m ./test/attack ./test/scale

test-clients: ## Thunderbird, Delta Chat, OpenSSL and two plist readers
	WAYMARK_TEST_ALL=1 $(GO) test -count=1 -v ./test/realclients/...

test-browser: ## the setup page in Chromium, as on every device
	WAYMARK_TEST_ALL=1 $(GO) test -count=1 -v ./test/browser/...

test-boot: ## systemd with the units and the guides, booted in a container; needs root
	WAYMARK_TEST_ALL=1 $(GO) test -count=1 ./test/deploy/boot

test-kubernetes: ## the manifests and the Helm chart against Kubernetes' own types
	cd tools/kubernetes && $(GO) vet ./... && $(GO) test -count=1 -timeout 30m ./... # compiles Helm

bench: ## every benchmark, with allocations
	$(GO) test -run '^$$' -bench . -benchmem ./...

# FLAGS="-only autoconfig other=http://127.0.0.1:8000" measures one kind of request,
# and another server that is running.
load: ## requests for each second beside a bare net/http server; fails below a floor
	CGO_ENABLED=0 $(GO) run ./test/load $(FLAGS)

growth: ## the charts of docs/performance.md, measured on this machine
	mkdir -p docs/charts
	CGO_ENABLED=0 $(GO) run ./test/load growth docs/charts

fuzz: ## each fuzz target for FUZZTIME
	./tools/fuzz $(FUZZTIME)

soak: ## 10 minutes of customers, attackers and reloads
	WAYMARK_TEST_ALL=1 $(GO) test -count=1 -v -timeout 20m ./test/attack -run TestSoak -soak 10m

words: ## prose against the word list test/words/words.txt
	$(GO) test ./test/words

lint: ## the pinned golangci-lint
	$(LINTER) run ./...

vulnerabilities: ## known vulnerabilities in the code that Waymark calls
	./tools/vulnerabilities

# Generated files that are committed. tools/release/prepare makes the manual page
# and the other files of a release; tools/corpus copies the seeds for fuzzing.
generate: golden ## regenerate every generated file; read the diff

golden: ## rewrite the golden files; read the diff
	$(GO) test ./internal/service -run 'TestConversations|TestBadInput' -update
	$(GO) test ./internal/clients -run TestPlans -update
	$(GO) test ./internal/config -run 'TestInvalidFiles|TestDoubtfulFiles' -update
	$(GO) test ./internal/dialect/mobileconfig -run TestGolden -update
	$(GO) test ./internal/dnsrecords -run TestGolden -update
	$(GO) test ./internal/directory/preset -run 'TestGuide$$' -update
	cd tools/kubernetes && $(GO) test -timeout 30m -run TestFacts . -update

format: ## format the code of every module
	$(LINTER) fmt ./...
	gofmt -w tools

tidy: ## tidy the module files and verify the checksums of the modules
	$(GO) mod tidy
	cd tools/kubernetes && $(GO) mod tidy
	$(GO) mod verify

screenshots: ## retake docs/screenshots; look at them
	mkdir -p docs/screenshots
	WAYMARK_TEST_ALL=1 $(GO) test -count=1 -v -run 'TestPages/screenshots' ./test/browser -screenshots "$(CURDIR)/docs/screenshots"

verify: ## check that generate, format and tidy change nothing
	./tools/verify

clean: ## remove what was built
	rm -rf waymark dist
