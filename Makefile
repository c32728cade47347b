# What there is to do here. Nothing is presupposed but Python 3.11 or newer: whatever needs more makes it, in .venv.

MAKEFLAGS += --no-print-directory
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
UV := 0.13.9
PYTHON ?= python3

s ?=
m ?=
args ?=
brokers ?= 1
least_coverage ?= 85

.DEFAULT_GOAL := help
.PHONY: help run demo test check fix docs migration kafka up down reset bench faults lock

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(READY) ## Run everything in one process, with its own PostgreSQL and a demo month; Ctrl-C ends it
	@DOVIRA_DEMO=true $(BIN)/python -m services

demo: $(READY) ## Walk through the journey, from a press on Accept to a restated figure
	@$(BIN)/python -m demo

test: $(READY) ## Run all tests; with Java and Maven on a real Kafka too (args="-k race" for some)
	@$(BIN)/python -m pytest -n2 -m "not faults" $(args)

check: $(READY) ## Run what CI runs: format, lint, types, contracts, generated files, tests with coverage
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/python -m libs.events --check
	@fresh=$$(mktemp -d) && $(BIN)/python -m services schema --into "$$fresh" >/dev/null && diff -r docs/openapi "$$fresh" \
	  || { echo "docs/openapi is not what the code says: make docs" >&2; exit 1; }; rm -r "$$fresh"
	$(BIN)/python -m pytest -n2 -m "not faults" --cov --cov-branch --cov-report=term:skip-covered \
	  --cov-fail-under=$(least_coverage)

fix: $(READY) ## Format, and mend what lint can mend by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY) ## Generate docs/events.md, the event schemas, docs/asyncapi.json and docs/openapi/
	$(BIN)/python -m libs.events
	$(BIN)/python -m services schema --into docs/openapi

migration: $(READY) ## Write a migration from what the tables became: make migration s=intake m="what changes"
	@test -d "services/$(s)/migrations" && test -n "$(m)" || { echo 'make migration s=intake m="what changes"' >&2; exit 1; }
	@place=$$(mktemp -d); home=services/$(s)/migrations; number=$$(ls $$home/versions/*.py | wc -l); \
	cp "$$($(BIN)/python -c 'import alembic; print(alembic.__path__[0])')/templates/generic/script.py.mako" $$home; \
	export DOVIRA_RUN_DIR="$$place"; $(BIN)/python -m alembic -n $(s) upgrade head \
	  && $(BIN)/python -m alembic -n $(s) revision --autogenerate -m "$(m)" --rev-id $$(printf %04d $$((number + 1))); \
	done=$$?; rm -rf "$$place" $$home/script.py.mako; exit $$done

kafka: $(READY) ## Run a real Kafka in the foreground (brokers=3 for three); needs Java 17 and, once, Maven
	@$(BIN)/python -m deploy.kafka --brokers $(brokers)

up: ## Run the cluster of docker-compose.yml and wait until it is healthy
	@docker compose version >/dev/null 2>&1 || { echo "make up needs Docker with its compose plugin (docker.com/get-started); \
	make run needs neither." >&2; exit 1; }
	@docker compose up --build --wait --wait-timeout 300
	@docker compose ps --format 'table {{.Service}}\t{{.Status}}\t{{.Ports}}'

down: ## End what `make up` began; its data stay in Docker's volumes
	@docker compose down

reset: $(READY) ## Remove the data of make run and make kafka (run/), but not the jars
	@$(BIN)/python -c 'import fcntl, sys; [fcntl.flock(open(name), fcntl.LOCK_EX | fcntl.LOCK_NB) for name in sys.argv[1:]]' \
	  $(wildcard run/postgres.lock run/kafka/kafka.lock) 2>/dev/null \
	  || { echo "Something still runs on the data in run/: end it first, with Ctrl-C." >&2; exit 1; }
	@for found in $$(ls -A run 2>/dev/null); do \
	  case "$$found" in kafka-libs*|s3-libs*) ;; *) rm -rf "run/$$found" && echo "removed run/$$found" ;; esac; done

bench: $(READY) ## Measure against bare libraries, in ratios
	@$(BIN)/python -m bench $(args)

faults: $(READY) ## Run the slower proofs: brokers and databases that die under load
	@$(BIN)/python -m pytest -n0 -m faults $(args)

lock: $(READY) ## Resolve dependencies anew into requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --extra embedded --group dev \
	  --generate-hashes --no-emit-index-url --no-header --quiet -o requirements.lock $(args)

# uv is quick; where it does not run, or does not know the index that pip was told of, pip does the same more slowly.
$(READY): requirements.lock
	@python=; for each in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  "$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && python="$$each" && break; done; \
	if [ -z "$$python" ]; then echo "Dovira needs Python 3.11 or newer, and found none: install one, or name it: \
	make PYTHON=/where/it/is/python3" >&2; exit 1; fi; \
	"$$python" -c 'import ensurepip, venv' 2>/dev/null || { echo "$$python has no venv module: on Debian and Ubuntu, \
	apt install python3-venv" >&2; exit 1; }; \
	echo "Setting up $(VENV) from requirements.lock"; \
	$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || "$$python" -m venv --clear $(VENV)
	@$(BIN)/uv --version 2>/dev/null | grep -q ' $(UV)' || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV) || true
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@
