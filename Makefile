.DEFAULT_GOAL := help
.PHONY: help setup run test test-services demo-days crawl check format bench faults shipped demo-reset e2e ci clean

PORT ?= 8000
BASE_URL ?= http://127.0.0.1:$(PORT)
ARGS ?=
AT ?=
DEMO ?= yes
ENVIRONMENT = @sh scripts/python scripts/environment.py
PYTHON_HERE = .venv/bin/python
ANOTHER_DAY = $(if $(AT),-m scripts.another_day $(AT) $(1) --)

help: ## This list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name does; do printf '  make %-14s %s\n' "$$name" "$$does"; done

setup: ## Make the environment in .venv, nothing else
	$(ENVIRONMENT)

run: ## Start everything at http://127.0.0.1:8000 (PORT=8001 chooses another, DEMO=no starts empty); Ctrl-C stops it
	$(ENVIRONMENT)
	@BASE_URL="$(BASE_URL)"; export BASE_URL; exec $(PYTHON_HERE) manage.py up --port "$(PORT)" $(if $(filter no,$(DEMO)),--no-demo)

test: ## Run the suite on SQLite (ARGS="-k name" chooses; AT=2027-03-27T22:30 moves the clock)
	$(ENVIRONMENT) test
	@$(PYTHON_HERE) $(call ANOTHER_DAY) -m pytest $(ARGS)

test-services: ## Run the suite on PostgreSQL and Redis (DATABASE_URL=… REDIS_URL=… choose which; AT=… starts a PostgreSQL on that day)
	$(ENVIRONMENT) test
	@$(PYTHON_HERE) $(call ANOTHER_DAY,--postgres) scripts/test_services.py $(ARGS)

demo-days: ## Make the demo and open its pages on each of the odd days of scripts/another_day.py
	$(ENVIRONMENT) test
	@$(PYTHON_HERE) -m scripts.another_day --days | xargs -P 2 -I DAY $(PYTHON_HERE) -m scripts.another_day DAY -- -m scripts.demo_day

crawl: ## Follow every link of the demo, an empty installation and periods on six days of their life (on PostgreSQL where DATABASE_URL=… is given)
	$(ENVIRONMENT) test
	@$(PYTHON_HERE) $(if $(DATABASE_URL),scripts/test_services.py,-m pytest) tests/crawl -m crawl -n 2 --dist worksteal $(ARGS)

check: ## Lint, types, import contracts, migrations and the deployment checks
	$(ENVIRONMENT) check
	@sh scripts/check

format: ## Lay out Python and templates as `make check` wants them
	$(ENVIRONMENT) check
	@$(PYTHON_HERE) -m ruff check --fix --quiet . && $(PYTHON_HERE) -m ruff format .
	@find templates -name "*.html" -exec .venv/bin/djade --target-version 5.2 {} + || true # 1 says that it changed something
	@find templates -name "*.html" -exec .venv/bin/djhtml --tabwidth 2 {} + || true

e2e: ## Drive the product through a browser
	$(ENVIRONMENT) e2e
	@$(PYTHON_HERE) -m pytest tests/journeys -m journey -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

faults: ## Break things while messages are due: killed workers, cut sessions, hung receivers (ARGS="--quick" for two minutes)
	$(ENVIRONMENT) test
	@$(PYTHON_HERE) -m benchmarks.faults $(ARGS)

shipped: ## Run what is shipped, as it is shipped: from an alert to a page to an acknowledgement (needs nginx and openssl)
	$(ENVIRONMENT) test
	@$(PYTHON_HERE) -m benchmarks.shipped

bench: ## Load and fault runs; each prints its figures
	$(ENVIRONMENT) test
	@for run in benchmarks/[a-z]*.py; do echo "== $$run"; $(PYTHON_HERE) -m "benchmarks.$$(basename "$$run" .py)" $(ARGS) || exit 1; done

demo-reset: ## Put this installation's data aside; the next make run starts with a fresh demo
	@sh scripts/python scripts/demo_reset.py

ci: ## What the build server runs: all of the above, installing what is missing
	@bash .ci/run

clean: ## Remove the environment and what tools left; the data in var/ stays
	@rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis var/mypy
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
