# What there is to do here; `make help` lists it. How a machine is made ready is in .ci/setup.

MANDANT := target/release/mandant
unexport CARGO_TARGET_DIR
export PATH := $(CURDIR)/target/tools/bin:$(HOME)/.cargo/bin:$(PATH)

.PHONY: help run test test-versions bench fresh package setup
.NOTPARALLEL:

help:   ## List what there is to do
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1\t/p' Makefile

run: setup   ## Start the private database and the service; Ctrl-C stops them, data stay
	@$(MANDANT) serve

test: setup   ## Run all tests
	@tests/run

test-versions:   ## Run all tests on PostgreSQL 17 and 18, and pg_upgrade to them, which takes an hour or two
	@tests/versions

bench: setup   ## Measure what the row filter, numbers, posting, contracts, reports and the service cost, and how much is stored
	@python3 tests/bench/run
	@python3 tests/bench/numbers
	@python3 tests/bench/posting
	@python3 tests/bench/contracts
	@python3 tests/bench/reports
	@python3 tests/bench/import
	@python3 tests/bench/growth
	@python3 tests/bench/service

fresh:   ## Remove the private database with all its data
	@[ -x $(MANDANT) ] || .ci/setup
	@$(MANDANT) fresh

package: setup   ## Make Debian packages of extension and service, in target/debian
	@packaging/build

setup:   ## Install what is missing on this machine, build, install the extension
	@.ci/setup
