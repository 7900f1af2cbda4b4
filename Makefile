.DEFAULT_GOAL := help
.PHONY: help setup run test test-services check bench faults demo-reset e2e ci clean

PORT ?= 8000
BASE_URL ?= http://127.0.0.1:$(PORT)
ARGS ?=
ENVIRONMENT = @sh scripts/python scripts/environment.py
PYTHON_HERE = .venv/bin/python

help: ## This list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name does; do printf '  make %-14s %s\n' "$$name" "$$does"; done

setup: ## Make the environment in .venv, nothing else
	$(ENVIRONMENT)

run: ## Start everything at http://127.0.0.1:8000 (PORT=8001 chooses another); Ctrl-C stops it
	$(ENVIRONMENT)
	@BASE_URL="$(BASE_URL)" $(PYTHON_HERE) manage.py up --port "$(PORT)"

test: ## Run the suite on SQLite (ARGS="-k name" chooses)
	$(ENVIRONMENT) test
	@$(PYTHON_HERE) -m pytest $(ARGS)

test-services: ## Run the suite on PostgreSQL and Redis (DATABASE_URL=… REDIS_URL=… choose which)
	$(ENVIRONMENT) test
	@$(PYTHON_HERE) scripts/test_services.py $(ARGS)

check: ## Lint, types, import contracts, migrations and the deployment checks
	$(ENVIRONMENT) check
	@sh scripts/check

e2e: ## Drive the product through a browser
	$(ENVIRONMENT) e2e
	@$(PYTHON_HERE) -m pytest tests/journeys -m journey -n 2 --dist loadfile $(ARGS)

faults: ## Break things while messages are due: killed workers, cut sessions, hung receivers (ARGS="--quick" for two minutes)
	$(ENVIRONMENT) test
	@$(PYTHON_HERE) -m benchmarks.faults $(ARGS)

bench: ## Load and fault runs; each prints its figures
	$(ENVIRONMENT) test
	@for run in benchmarks/[a-z]*.py; do echo "== $$run"; $(PYTHON_HERE) -m "benchmarks.$$(basename "$$run" .py)" $(ARGS) || exit 1; done

demo-reset: ## Put this installation's data aside; the next make run starts with a fresh demo
	@sh scripts/python scripts/demo_reset.py

ci: ## What the build server runs: all of the above, installing PostgreSQL, Redis and Chromium where missing
	@bash .ci/run

clean: ## Remove the environment and what tools left; the data in var/ stays
	@rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis var/mypy
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
