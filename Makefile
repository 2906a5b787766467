# The house's commands: `make` alone lists them. Every one sets itself up first,
# on a fresh Debian 12 too, and fails loudly.
# Never: needs root for `make test`, writes outside .venv and the tree, or hides a warning.

PYTHON ?= /usr/bin/python3
PY     := .venv/bin/python
PROTO  := conman/wire/v1/conman.proto

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.NOTPARALLEL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# .venv is made anew when the interpreter, the place or the lock is another, and the
# project installed again when pyproject.toml is. Keyed on content: a fresh clone's
# times of change mean nothing.
LOCKED    := .venv/locked-$(shell echo '$(PYTHON) $(CURDIR)' | cat - requirements/dev.txt | cksum | cut -d' ' -f1)
INSTALLED := .venv/installed-$(shell cat pyproject.toml | cksum | cut -d' ' -f1)

# $(call phase,TITLE,COMMAND) says what runs, and afterwards how long it took.
define phase
@echo "== $(1)"
SECONDS=0
$(2)
echo "-- $(1): $${SECONDS} s"
endef

# What the array `missing` names.
define install
if [ $${#missing[@]} -gt 0 ]; then
	if [ "$$(id -u)" != 0 ]; then
		echo "setup: this needs root once: apt-get install $${missing[*]}" >&2
		exit 1
	fi
	echo "== apt-get install $${missing[*]}"
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$${missing[@]}"
fi
endef

# $(call protoc,DIRECTORY): python, its types, the service, and the service's types.
protoc = $(PY) -m grpc_tools.protoc --proto_path=. \
	--plugin=protoc-gen-mypy_grpc=.venv/bin/protoc-gen-mypy_grpc \
	--python_out=$(1) --pyi_out=$(1) --grpc_python_out=$(1) --mypy_grpc_out=quiet:$(1) $(PROTO)

.PHONY: help setup system lock syscall-points demo test test-unit test-integration test-chaos truth runc-suite explore coverage museum mutate nightly soak chaos check bench load bad-input vm-system box test-vm test-vm-suite vm-shell vm-clean man proto clean

help:
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: system $(LOCKED) $(INSTALLED) ## make .venv from the locks; as root also install the system packages it wants

# Without root only python3-venv is a must: runc and a static busybox are for real containers.
system:
	@missing=()
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
	if [ "$$(id -u)" = 0 ]; then
		command -v runc >/dev/null || missing+=(runc)
		[ "$$(dpkg-query -Wf '$${db:Status-Status}' busybox-static 2>/dev/null)" = installed ] || missing+=(busybox-static)
	fi
	$(install)

# Preloaded, it kills a process before its n-th system call. Its compiler is asked for by who needs it.
SYSCALL_POINTS := .venv/lib/syscall_points.so

syscall-points: setup $(SYSCALL_POINTS) ## the object that kills real processes before any of their system calls

$(SYSCALL_POINTS): $(wildcard scenarios/syscalls/*.[ch]) $(LOCKED)
	@missing=()
	command -v cc >/dev/null || missing+=(gcc)
	[ -e /usr/include/stdlib.h ] || missing+=(libc6-dev)
	[ "$$(id -u)" != 0 ] || command -v mkfs.ext4 >/dev/null || missing+=(e2fsprogs)
	[ "$$(id -u)" != 0 ] || command -v strace >/dev/null || missing+=(strace)
	$(install)
	cc -std=gnu11 -O2 -Wall -Wextra -Werror -shared -fPIC -o $@ $(filter %.c,$^) -ldl -pthread

$(LOCKED): | system
	@echo "== .venv, from requirements/dev.txt"
	SECONDS=0
	$(PYTHON) -m venv --clear .venv
	$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/dev.txt
	touch $@
	echo "-- .venv: $${SECONDS} s"

$(INSTALLED): $(LOCKED)
	@$(PY) -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	rm -f .venv/installed-*
	touch $@

lock: setup ## compile requirements/*.in into locks with hashes (UPGRADE=1 takes newer versions)
	@for name in run dev suite; do
		.venv/bin/uv pip compile -q --generate-hashes --no-header $(if $(UPGRADE),--upgrade) \
			--python-version 3.11 --python-platform linux requirements/$$name.in -o requirements/$$name.txt
	done
	echo "requirements/run.txt, dev.txt and suite.txt are up to date with their .in"

demo: setup ## the tour: containers survive kill -9 of the daemon; leaves nothing behind
	@$(PY) demo/demo.py

test: check test-unit test-integration explore coverage museum test-chaos ## everything that a change must pass

# Unit tests are work, the others wait for processes half of their time.
WORKERS ?= $(shell nproc)
WAITERS := $(shell expr $(WORKERS) + $(WORKERS) / 2)

test-unit: setup ## the parts, in seconds: no daemon, no root (WORKERS=1: in one process)
	$(call phase,unit,$(PY) -m pytest -n $(WORKERS) --dist worksteal tests/unit)

test-integration: setup ## the real daemon and client: over fakerunc, as root over runc too
	$(call phase,integration,$(PY) -m pytest -n $(WAITERS) --dist loadfile tests/contract tests/integration)

test-chaos: syscall-points ## the real daemon, its shims and its power, killed at named points and at system calls
	$(call phase,chaos,$(PY) -m pytest -n $(WAITERS) --dist loadfile tests/chaos)

FLAVOUR ?= runc
TRUTHS_runc := tests/integration/test_fakerunc_matrix.py tests/integration/test_fakerunc_truth.py
TRUTHS_crun := tests/integration/test_crun_matrix.py

truth: setup ## fakerunc against runc, every command in every state, cell by cell; as root, in minutes (FLAVOUR=crun: against crun)
	@$(if $(TRUTHS_$(FLAVOUR)),,echo "truth: FLAVOUR=$(FLAVOUR) is none: runc or crun" >&2; exit 1)
	$(call phase,truth,FAKERUNC_MATRIX=whole $(PY) -m pytest $(TRUTHS_$(FLAVOUR)))

# Its tools; runc's source is fetched by apt when it runs. Without root the program itself says so.
runc-suite: setup ## runc's own tests, as Debian packages them, on runc and on fakerunc; as root, in minutes
	@missing=()
	if [ "$$(id -u)" = 0 ]; then
		for tool in bats jq gawk; do command -v $$tool >/dev/null || missing+=($$tool); done
		command -v dpkg-source >/dev/null || missing+=(dpkg-dev)
		command -v cc >/dev/null || missing+=(gcc)
		[ -e /usr/include/stdlib.h ] || missing+=(libc6-dev)
		command -v ps >/dev/null || missing+=(procps)
	fi
	$(install)
	echo "== runc suite"
	SECONDS=0
	$(PY) -W error -m runc_suite
	echo "-- runc suite: $${SECONDS} s"

# All stories end within, in minutes on two cores; on a busy machine what one has not reached is said.
BUDGET ?= 5m
SEEDS  ?= 1500
# What each run of it has covered, for `make coverage`.
COVERED := build/coverage

explore: setup ## the simulator: every crash at every step, every order of several clients (BUDGET=5m a story), then drawn runs (SEEDS=1500)
	@mkdir -p $(COVERED)
	$(call phase,exploration,$(PY) -W error -m scenarios explore --budget $(BUDGET) --coverage $(COVERED)/explore.json)
	$(call phase,faults,$(PY) -W error -m scenarios faults --coverage $(COVERED)/faults.json)
	$(call phase,swarm,$(PY) -W error -m scenarios swarm --seeds $(SEEDS) --coverage $(COVERED)/swarm.json)

coverage: setup ## what the last `make explore` covered of all that there is to crash, fail and check
	$(call phase,coverage,$(PY) -W error -m scenarios coverage --effects --from $(COVERED)/*.json)

museum: setup ## bugs of other container managers, planted in conman: the simulator finds each
	$(call phase,museum,$(PY) -W error -m scenarios museum)

TIME    ?= 10m
RUNTIME ?= fakerunc

soak: syscall-points ## real clients, and everything killed at random (TIME=10m RUNTIME=fakerunc|runc SEED=drawn)
	@mkdir -p build/soak
	$(call phase,soak,$(PY) -W error -m scenarios soak --time $(TIME) --runtime $(RUNTIME) $(if $(call given,SEED),--seed $(SEED)) --json build/soak/totals.json)

# Which stage, and whether the power goes, too. Without root there is no other.
PART  ?= fake $(if $(filter 0,$(shell id -u)),runc fake-cut runc-cut) fake-runtime fake-errors fake-all fake-recovery \
	$(if $(filter 0,$(shell id -u)),runc-runtime runc-group fake-full)
CHAOS := build/chaos
# Whether somebody has given it, here or outside.
given = $(filter command line environment,$(origin $(1)))
swept = --stage $(firstword $(subst -, ,$(1))) $(if $(findstring -cut,$(1)),--cut,$(addprefix --of ,$(word 2,$(subst -, ,$(1)))))
# $(call sweeps,OPTIONS): all of PART, one after the other.
define sweeps
@mkdir -p $(CHAOS)
$(foreach part,$(PART),$(call phase,sweep $(part),$(PY) -W error -m scenarios sweep $(call swept,$(part)) $(1) --shard $(SHARD) --json $(CHAOS)/$(part)-$(subst /,-of-,$(SHARD)).json)
)
endef

chaos: syscall-points ## each story on real processes, killed before each system call: hours (PART="fake runc fake-cut runc-cut" TIME=1h, of each part, SHARD=1/4)
	$(call sweeps,$(if $(call given,TIME),--time $(TIME)))

COUNT ?= 300
SEED  ?= 0

mutate: setup ## small changes of conman, one at a time: who notices? Hours (COUNT=300 SEED=0)
	$(call phase,mutation,$(PY) -m scenarios mutate --count $(COUNT) --seed $(SEED))

RUNS    ?= 1e6
SHARD   ?= 1/1
REPORTS := build/nightly
# $(call nightly,NAME,OPTIONS): this part of it, and its report.
part    = $(REPORTS)/$(1)-$(subst /,-of-,$(SHARD)).json
nightly = $(PY) -W error -m scenarios $(1) $(2) --shard $(SHARD) --json $(call part,$(1))
covers  = --coverage $(call part,$(1)-coverage)

nightly: syscall-points ## a million runs and more, then chaos for a while (RUNS=1e6), on all cores (SHARD=1/4: a quarter, for one of four machines)
	@mkdir -p $(REPORTS)
	$(call phase,exploration,$(call nightly,explore,$(call covers,explore)))
	$(call phase,faults,$(call nightly,faults,$(call covers,faults)))
	$(call phase,museum,$(call nightly,museum))
	$(call phase,determinism,CONMAN_DETERMINISM_SEEDS=1000 $(PY) -m pytest -q tests/unit/test_determinism.py)
	$(call phase,swarm,$(call nightly,swarm,--budget $(RUNS) $(call covers,swarm)))
	$(call sweeps,--time $(if $(call given,TIME),$(TIME),30m))

check: setup ## lint, format, types, import rules, generated code fresh
	$(call phase,ruff check,$(PY) -m ruff check .)
	$(call phase,ruff format,$(PY) -m ruff format --check .)
	$(call phase,basedpyright,.venv/bin/basedpyright --warnings)
	$(call phase,import rules,.venv/bin/lint-imports --no-logo --no-cache)
	$(call phase,generated code,fresh=$$(mktemp -d); trap 'rm -r "$$fresh"' EXIT; $(call protoc,$$fresh); \
		for made in "$$fresh"/conman/wire/v1/*; do diff -q "$$made" conman/wire/v1/ || { echo "run: make proto" >&2; exit 1; }; done)

bench: setup ## every budget against the bare runtime, alternated (N=30 samples, JSON=1, WHERE=1: what each effect takes, PEERS=1: containerd, docker, podman)
	@$(PY) benchmarks $(if $(N),--n $(N)) $(if $(JSON),--json) $(if $(WHERE),--where) $(if $(PEERS),--peers)

PARTS ?= $(if $(PEERS),peers,clients,patience,thousand,lives)
SCALE ?= 1.0

load: setup ## conman under load: figures, leaks, a verdict (PARTS=lives SCALE=0.1 PEERS=1)
	@$(PY) -m benchmarks.load --parts $(PARTS) --scale $(SCALE)

TRIES ?= 5000

bad-input: setup ## every request of the API with anything in it, drawn anew (TRIES=5000)
	$(call phase,bad input,CONMAN_BAD_INPUT_TRIES=$(TRIES) $(PY) -m pytest -q -s tests/integration/test_bad_input.py)

vm-system: setup
	@missing=()
	for each in vagrant vagrant-libvirt libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients \
		qemu-system-x86 qemu-utils mmdebstrap dnsmasq-base e2fsprogs cpio iproute2 openssh-client; do
		[ "$$(dpkg-query -Wf '$${db:Status-Status}' $$each 2>/dev/null)" = installed ] || missing+=($$each)
	done
	$(install)

box: vm-system ## the machine whose power is cut: a Debian 12, made here from packages; as root, once in minutes
	$(call phase,box,$(PY) -m vm box)

CUTS ?= 1
PASS ?=

test-vm: vm-system ## a real machine: conman installed as a user would, its power cut at crash points (STORIES="create start" CUTS=1, of each; AGAIN=1 more in its recovery; PASS=short: for CI)
	$(call phase,vm,GRPC_VERBOSITY=NONE STORIES="$(STORIES)" CUTS=$(CUTS) AGAIN=$(AGAIN) \
		$(PY) -m pytest -p no:randomly -s --timeout 0 $(addprefix -m ,$(PASS)) tests/vm)

test-vm-suite: vm-system ## the integration suite in such a machine, on cgroup v2: over runc, then over crun (FILES="tests/integration/test_changes.py")
	$(call phase,suite,$(PY) -m vm suite $(FILES))

vm-shell: vm-system ## a root's shell in such a machine, conman installed; it goes with the shell
	@$(PY) -m vm shell

vm-clean: setup ## remove the box and all that the machines left: build/vm
	@$(PY) -m vm clean

MAN := build/man/man1

man: setup ## conmanctl's pages for man, from what its --help says, into build/man (MANPATH=build/man: man conmanctl-run)
	@rm -rf $(MAN)
	$(PY) -m conman.ctl.manual $(MAN)
	echo "$$(ls $(MAN) | wc -l) pages in $(MAN)"

proto: setup ## generate conman/wire/v1 from its .proto
	@$(call protoc,.)

clean: ## remove .venv and what tools left
	@rm -rf .venv .mutation_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
