# The commands of a developer; `make help` lists them. The tree has three modules:
# the charm (.), its tests against a real cluster (tests) and its tools
# (internal/tools). Each step prints its name before it starts, because the first
# run compiles a lot. Go's build cache makes the next runs short.
SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-print-directory

MODULES := . internal/tools tests
TOOL    := go tool -modfile=$(CURDIR)/internal/tools/go.mod
# Options of the demo (make demo ARGS=--keep), of go test (make test TESTFLAGS=-v), and of
# the benchmarks (make bench BENCHFLAGS='-bench=NoChange -count=6').
ARGS       ?=
TESTFLAGS  ?=
BENCHFLAGS ?=
# The recipes get them through the environment, so that the shell does not interpret them.
export ARGS TESTFLAGS BENCHFLAGS
# For make mutants: the package to break, the number of mutants (0 for all), the seed of their
# random choice, and the packages whose tests are run if not only the package's own.
PKG   ?=
N     ?= 300
SEED  ?= 1
TESTS ?=
# The number of walks of make walks.
WALKS ?= 60
# How long make fuzz runs each target: a time (FUZZTIME=10m) or a number of inputs (1000x).
FUZZTIME   ?= 1m
say = @printf '\n== %s\n' "$(1)"

.PHONY: check test help lint unit walks artefact fuzz mutants whole planes envoy cilium traefik interop bench vuln fmt build charm golden demo cluster clean

check: lint unit ## format, vet, staticcheck, rules and unit tests (the default)

test: check walks artefact ## all tests: those of check and of the packed charm, more random walks, a little fuzzing, then whole hook runs and traffic on a real control plane
	@$(MAKE) fuzz FUZZTIME=1000x
	@$(MAKE) whole
	@$(MAKE) planes

lint: ## gofumpt, the rules of this repository, vet and staticcheck, over all modules
	$(call say,gofumpt (make fmt rewrites what it lists))
	@unformatted=$$($(TOOL) gofumpt -l .); [[ -z $$unformatted ]] || { echo "$$unformatted"; exit 1; }
	$(call say,rules of the repository)
	@go test -count=1 ./internal/rules
	@for module in $(MODULES); do \
		printf '\n== go vet, module %s\n' $$module; go -C $$module vet ./...; done
	@for module in $(MODULES); do \
		printf '\n== staticcheck, module %s\n' $$module; (cd $$module && $(TOOL) staticcheck ./...); done

unit: ## the tests of the charm
	$(call say,tests of the charm)
	@# The tests make much garbage in little memory: fewer collections save about a third of the time.
	@# make lint runs the rules.
	@set -f; GOGC=$${GOGC:-400} go test $$TESTFLAGS $$(go list ./... | grep -v /internal/rules$$)
	$(call say,what is planned in the golden cases against the CRDs of every bundle)
	@set -f; GOGC=$${GOGC:-400} go -C tests test $$TESTFLAGS ./schema

walks: ## the planner in worlds that change at random: 60 walks of each sort; make itself runs 15 (WALKS=1700)
	$(call say,$(WALKS) random walks of each sort)
	@go test ./internal/plan -run 'RandomWalks|Hostiles' -timeout 1h -args -walks $(WALKS)

artefact: ## the tests of the packer, and of the charm that it packs
	$(call say,tests of the packer and of the charm it packs)
	@# Never cached: they read the whole repository, and Go's cache knows their own module only.
	@set -f; go -C internal/tools test -count=1 $$TESTFLAGS ./...

fuzz: ## fuzz every decoder of what others write, and the planner (FUZZTIME=1m for each)
	$(call say,fuzzing each target for $(FUZZTIME))
	@# By default, minimizing a new input takes up to a minute, in which nothing else is tried.
	@grep -rHoE '^func Fuzz[A-Za-z0-9]+' --include='*_test.go' internal | while IFS=: read -r file target; do \
		target=$${target#func }; printf '%s %s: ' "$$(dirname $$file)" $$target; \
		output=$$(go test ./$$(dirname $$file) -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x 2>&1) || \
			{ printf 'FAIL\n%s\n' "$$output"; exit 1; }; \
		grep -oE 'execs: [0-9]+' <<<"$$output" | tail -1; done

mutants: ## break a package in many ways, and list what its tests do not notice (PKG=./internal/plan N=300 SEED=1; TESTS='./internal/plan ./internal/charm' runs the tests of others too)
	$(call say,mutants of $(PKG))
	@# A mutant may allocate memory without limit.
	@ulimit -v 8000000; go -C internal/tools run ./mutants -root $(CURDIR) -n $(N) -seed $(SEED) -tests '$(TESTS)' $(PKG)

whole: ## whole hook runs and traffic: real processes, a real control plane, a real gateway
	$(call say,programs of the cluster; the first run builds kube-apiserver (6 minutes on two cores) and fetches Traefik)
	@cd tests && go run ./cluster/run -prepare
	$(call say,tests on a real cluster)
	@# One package at a time: two cores are enough for one cluster. A package writes what it left
	@# out to a file, because go test shows no output of a package that passes.
	@set -f; left=$$(mktemp) status=0; INTEROP_LEFT_OUT=$$left \
		go -C tests test -count=1 -p 1 -timeout 75m $$TESTFLAGS ./... || status=$$?; \
		cat "$$left"; rm -f "$$left"; exit $$status

planes: ## envoy and cilium at the same time (their stories mostly wait), then traefik
	$(call say,programs of the other data planes; the first run builds those of Envoy Gateway and of Cilium: 17 minutes on two cores)
	@cd tests; go build -o ../bin/run-planes ./cluster/run; \
		for plane in traefik-3.7 envoy cilium cilium-1.20; do \
			result=0; ../bin/run-planes -prepare -data-plane=$$plane || result=$$?; \
			case $$result in 0 | 3) ;; *) exit $$result ;; esac; done
	@$(MAKE) -j2 envoy cilium
	@$(MAKE) traefik

envoy: ## the stories in which data planes may differ, and random steps, with Envoy Gateway instead of Traefik (EVERY=1: all stories)
	$(call say,Envoy Gateway and Envoy; the first run builds the one (7 minutes on two cores) and fetches the other)
	@$(call stories,envoy,Envoy,2,,$(DIFFERING))

cilium: ## the same with Cilium's operator, as Canonical Kubernetes has it, and some with the newest
	$(call say,Cilium's operator and Envoy; the first run builds the one (5 minutes on two cores) and fetches the other)
	@$(call stories,cilium,Cilium,2,,$(DIFFERING))
	$(call say,the operator of the newest Cilium; the first run builds it (5 minutes on two cores))
	@$(call stories,cilium-1.20,Cilium 1.20,,-run '$(NEWEST)')

traefik: ## some stories with the newest Traefik
	$(call say,the newest Traefik; the first run fetches it)
	@$(call stories,traefik-3.7,Traefik 3.7,,-run '$(NEWER)')

# The stories about Juju, authorities and the charm are the same whatever the data plane: make test tells
# them on Traefik alone.
DIFFERING = $(if $(EVERY),,-differing)

# Where the newer Traefik differs from the other, and the way there.
NEWER = ^Test(HTTPS|H2C|TLSBackend(|Rotation)|StatusOfALost(Secret|Backend)|Sec(Hostless|TenantCertificate|TenantGateway)|Refresh|ManyMoved)$$

# What the newest Cilium does that the other does not, and the way there.
NEWEST = ^Test(HTTPS|H2C|AddressPool|TLSBackend(|Scaled|Units|Rotation|OverHTTP|OfOldProvider)|StatusOfALostBackend|Refresh|ManyMoved)$$

# The stories and 100 random steps on a data plane. Arguments: its name, its title, a seed (empty
# for no random steps), and which stories (empty for all).
# A story mostly waits, so two cores can run four at a time.
# Exit code 3: a program is missing, and there is no Python to fetch it. The output has said so.
define stories
set -f; cd tests; go build -o ../bin/run-$(1) ./cluster/run; \
	result=0; ../bin/run-$(1) -prepare -data-plane=$(1) || result=$$?; \
	case $$result in \
	0) printf '\n== stories with $(2)\n'; \
	   go test -count=1 -timeout 30m -parallel 4 $$TESTFLAGS $(4) ./e2e -args -data-plane=$(1) $(5); \
	   if [[ -n '$(3)' ]]; then printf '\n== random steps with $(2)\n'; \
	   go test -count=1 -timeout 30m $$TESTFLAGS ./e2e/stress -args -data-plane=$(1) -seed $(3) -steps 100; fi ;; \
	3) ;; \
	*) exit $$result ;; \
	esac
endef

interop: ## real Python charms and the real charmcraft; fails where make test leaves out what is not available
	$(call say,programs of the cluster; the first run builds kube-apiserver (6 minutes on two cores) and fetches Traefik)
	@cd tests && go run ./cluster/run -prepare
	$(call say,real Python charms and the real charmcraft; the first run installs them)
	@set -f; INTEROP_REQUIRED=1 go -C tests test -count=1 -p 1 -timeout 30m $$TESTFLAGS ./interop/...

bench: ## what a hook costs with 1 to 1,000 applications (BENCHFLAGS='-bench=NoChange -count=6')
	$(call say,programs of the cluster; the first run builds kube-apiserver (6 minutes on two cores) and fetches Traefik)
	@cd tests && go run ./cluster/run -prepare
	$(call say,benchmarks)
	@set -f; go -C tests test -run '^$$' -bench . -timeout 75m $$BENCHFLAGS ./bench

vuln: ## look the charm up in Go's database of vulnerabilities; if that cannot be reached, in a dated copy
	$(call say,vulnerabilities)
	@go -C internal/tools run ./vulncheck -root $(CURDIR)

fmt: ## rewrite Go files as gofumpt wants them
	@$(TOOL) gofumpt -l -w .

build: ## compile the charm's program into bin/
	$(call say,compiling the charm)
	@CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/gateway-api-integrator

charm: ## pack the charm for each platform, for juju deploy ./<file>
	$(call say,packing the charm for each platform)
	@go -C internal/tools run ./packcharm -root $(CURDIR)

golden: ## write the planner's golden files and the stories of the rollout again, and show which changed
	$(call say,planning every case and every rollout again)
	@go test ./internal/plan ./internal/kube/rollout -update
	@git status --short -- internal/plan/testdata internal/kube/rollout/testdata

demo: ## the guided tour: an application reached over HTTPS (ARGS=--keep leaves it running)
	$(call say,compiling the tour; the first run goes on to build kube-apiserver (6 minutes on two cores) and to fetch Traefik)
	@cd tests && go build -o ../bin/demo ./demo && set -f; exec ../bin/demo $$ARGS

cluster: ## a real control plane and gateway to try things on, until interrupted
	$(call say,compiling what runs the cluster; the first run goes on to build kube-apiserver (6 minutes on two cores) and to fetch Traefik)
	@cd tests && go build -o ../bin/run-cluster ./cluster/run && set -f; exec ../bin/run-cluster $$ARGS

clean: ## remove what the other targets wrote: bin/ and the packed charms
	@rm -rf bin *.charm

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
