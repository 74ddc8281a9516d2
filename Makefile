# Every task of the project. `make run` and `make test` need Python 3.11 or newer and nothing else.
PYTHON ?= python3
BIN := .venv/bin
DEMO ?= 1
APP ?= 1
# Quiet twice: errors alone. A mirror may give a warning for every package.
PIP_INSTALL := pip install --quiet --quiet
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run app app-check app-client app-test dev e2e test test-stories test-schema test-mysql test-mariadb test-mysql-own test-aws test-compose soak package package-container sam-packages sam serverless check docs format lock bench bench-analytics bench-app bench-engines clean

help:  ## This list
	@awk -F ':.*  ## ' '/^[a-z0-9-]+:.*  ## / { printf "make %-17s %s\n", $$1, $$2 }' Makefile

run: .venv/run.stamp $(if $(filter 1,$(APP)),app)  ## Start everything on http://127.0.0.1:8000 (DEMO=0 leaves the demo monitors out, APP=0 the app)
	@$(if $(filter 0,$(APP)),APP_DIR=none )exec $(BIN)/python manage.py up $(if $(filter 1,$(DEMO)),--demo)

app:  ## Build the operator's app into frontend/out, where its sources changed
	@PYTHON="$(PYTHON)" sh frontend/build.sh || { echo "The app could not be built; \`make run APP=0\` starts without it."; exit 1; }

dev: .venv/dev.stamp  ## Server and app together on http://localhost:3000, both reloading
	@PYTHON="$(PYTHON)" sh scripts/dev.sh $(if $(filter 1,$(DEMO)),--demo)

# Containers often forbid Python to keep bytecode; each worker and process would then compile everything anew.
test test-stories test-schema test-mariadb test-mysql-own test-aws: export PYTHONDONTWRITEBYTECODE :=

test: .venv/dev.stamp  ## The suite on SQLite, all that needs no real clock; no service needed
	$(BIN)/pytest -n auto --dist worksteal -q $(ARGS)
	@if [ -d frontend/out ]; then $(MAKE) --no-print-directory app-test; else echo "The app was not built: its unit tests did not run (make app)."; fi

app-test:  ## The app's unit tests
	@PYTHON="$(PYTHON)" sh frontend/build.sh --tools
	@PATH="$$(sh scripts/node-bin.sh):$$PATH"; cd frontend; npm run --silent test

e2e: .venv/run.stamp  ## The app in Chromium against the real product (ARGS="--project light")
	@PYTHON="$(PYTHON)" sh frontend/tests/in-chromium.sh playwright test $(ARGS)

# They wait for the product's own processes, for real clocks, for a browser, for servers that are slow on purpose;
# or they go over every field of every operation (sweeps) and every column of every row (poison).
STORIES := tests/e2e tests/embedded tests/hostile tests/poison tests/stories tests/sweeps
test-stories test-mariadb: export POISON_SHARE := 1
test-stories: .venv/dev.stamp  ## The product as it runs: outages, kills, bad servers, a minute's soak, poison, sweeps; on SQLite
	$(BIN)/pytest -n auto --dist worksteal -q $(STORIES) $(ARGS)

test-schema: .venv/dev.stamp  ## Ask every operation of the API what its OpenAPI document allows and forbids
	$(BIN)/pytest -n 2 --dist worksteal -v --no-header tests/schema $(ARGS)

DATABASE_URL_MYSQL ?= mysql://root:@127.0.0.1:3306/test
REDIS_URL_TEST ?= redis://127.0.0.1:6379/5
# Folder by folder: asked for `tests` as well, pytest leaves out those below it that `make test` leaves out.
ALL_TESTS := $(filter-out tests/__pycache__ tests/compose tests/schema,$(patsubst %/,%,$(wildcard tests/*/))) $(wildcard tests/test_*.py)
SUITE_WITH_REDIS = REDIS_URL="$(REDIS_URL_TEST)" $(BIN)/pytest -n auto --dist worksteal -q $(ALL_TESTS) $(ARGS)
test-mariadb: .venv/mysql.stamp  ## Suite and stories on MariaDB (or what DATABASE_URL_MYSQL names), with the Redis cache
	DATABASE_URL="$(DATABASE_URL_MYSQL)" $(SUITE_WITH_REDIS)

test-mysql-own: .venv/mysql.stamp  ## The same on a MySQL of its own; needs root and debootstrap
	sh scripts/with-mysql.sh env $(SUITE_WITH_REDIS)

test-mysql: test-mariadb test-mysql-own  ## Both, one after the other
.NOTPARALLEL: test-mysql

test-aws: .venv-aws/mysql.stamp .venv-sam/sam.stamp  ## The serverless engine and what deploys it, on an emulated AWS (Python 3.12, MariaDB)
	DATABASE_URL="$(DATABASE_URL_MYSQL)" .venv-aws/bin/pytest -n 3 --dist worksteal -q tests/aws "tests/stories/test_story.py::test_every_engine_finds_the_same_rows[serverless]" "tests/stories/test_soak.py::test_a_quiet_team_loses_nothing_whatever_happens_beside_it[serverless]" $(ARGS)
	DATABASE_URL="$(DATABASE_URL_MYSQL)" DATABASE_URL_MYSQL="$(DATABASE_URL_MYSQL)" .venv-aws/bin/pytest -n 3 --dist loadfile -q tests/infra $(ARGS)

soak: export SOAK_S ?= 7200
soak: export SOAK_MONITORS ?= 500
soak: export SOAK_INTERVAL_S ?= 10
soak: export SOAK_KILL_EVERY_S ?= 300
soak: export SOAK_FLAP_EVERY_S ?= 900
soak: .venv/mysql.stamp .venv-aws/mysql.stamp  ## The soak that the suites run for a minute, for two hours on each engine
	$(BIN)/pytest -q tests/stories/test_soak.py -k embedded $(ARGS)
	DATABASE_URL="$(DATABASE_URL_MYSQL)" $(BIN)/pytest -q tests/stories/test_soak.py -k redis $(ARGS)
	DATABASE_URL="$(DATABASE_URL_MYSQL)" .venv-aws/bin/pytest -q tests/stories/test_soak.py -k serverless $(ARGS)

test-compose: .venv/dev.stamp  ## compose.yaml for real: builds the image and starts everything beside what runs; needs Docker
	$(BIN)/pytest -q tests/compose $(ARGS)

package: .venv-aws/mysql.stamp  ## What goes to Lambda: build/sentrypulse-core.zip and build/sentrypulse-edge.zip
	.venv-aws/bin/python -m infra.package

DOCKER ?= docker
package-container:  ## The same in AWS's own build image, from any system (DOCKER=podman works as well)
	$(DOCKER) run --rm --platform linux/amd64 -v "$(CURDIR):/src" -w /src public.ecr.aws/sam/build-python3.12 sh scripts/package-in-container.sh

check: .venv/dev.stamp  ## Format, lint, types, arrows, migrations, lock files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	@sh scripts/lock.sh --check
	@sh frontend/check.sh

app-check: .venv/dev.stamp  ## The app alone: a client that follows from the API's document, lint, format, types
	@PYTHON="$(PYTHON)" sh frontend/build.sh --tools
	@sh frontend/check.sh

app-client: .venv/dev.stamp  ## Write the app's client anew from the API's document
	@PYTHON="$(PYTHON)" sh frontend/build.sh --tools
	@$(BIN)/python manage.py spectacular --file frontend/schema.yaml
	@PATH="$$(sh scripts/node-bin.sh):$$PATH"; cd frontend; npm run --silent api

docs: .venv/run.stamp  ## Write docs/monitors.md anew from the forms of the kinds
	@$(BIN)/python scripts/monitors_page.py > docs/monitors.md

format: .venv/dev.stamp  ## Put the code in form, and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv/dev.stamp  ## Pin every dependency anew (UPGRADE=1 takes newer releases)
	@sh scripts/lock.sh $(if $(UPGRADE),--upgrade)

bench: .venv/dev.stamp  ## The claims of speed, measured: two minutes of 500 checks a second
	$(BIN)/python -m benchmarks.throughput

bench-analytics: .venv/dev.stamp  ## 1,000 monitors with 90 days: lists, statistics, rolling up (ARGS="--database URL")
	$(BIN)/python -m benchmarks.analytics $(ARGS)

bench-app: .venv/run.stamp  ## How long the app takes to answer with 1,000 monitors, in Chromium
	@PYTHON="$(PYTHON)" sh frontend/tests/in-chromium.sh node tests/bench/app.mjs

bench-engines: .venv/mysql.stamp  ## A check's CPU through embedded and Celery; needs MariaDB, Redis, RabbitMQ
	$(BIN)/python -m benchmarks.engines $(ARGS)

clean:  ## Remove the environments; var/, with the data, stays
	rm -rf .venv .venv-aws .venv-sam .venv-node frontend/node_modules frontend/.next frontend/out

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "SentryPulse needs Python 3.11 or newer; set PYTHON=/path/to/python3")'
	@echo "Making a Python environment in .venv …"
	@$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.txt | .venv/bin/python
	@echo "Installing dependencies …"
	@$(BIN)/$(PIP_INSTALL) -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp
	@$(BIN)/$(PIP_INSTALL) -r requirements-dev.txt
	@touch $@

.venv/mysql.stamp: requirements-mysql.txt .venv/dev.stamp
	@$(BIN)/$(PIP_INSTALL) -r requirements-mysql.txt || { echo "mysqlclient needs a compiler and headers: apt-get install gcc pkg-config python3-dev default-libmysqlclient-dev"; exit 1; }
	@touch $@

# The serverless engine's tools: packaging, deploying, the emulator. Python 3.12 or 3.13, as Lambda runs it.
PYTHON_AWS ?= $(shell sh scripts/find-python-aws.sh)

.venv-aws/bin/python:
	@test -n "$(PYTHON_AWS)" || exit 1
	@$(PYTHON_AWS) -m venv .venv-aws

.venv-aws/aws.stamp: requirements-dev.txt requirements-aws.txt | .venv-aws/bin/python
	@echo "Installing the serverless engine's tools …"
	@.venv-aws/bin/$(PIP_INSTALL) -r requirements-dev.txt -r requirements-aws.txt
	@touch $@

sam-packages: .venv-aws/aws.stamp  ## Zappa's packages under build/sam, for `make sam` and `make serverless`
	@mkdir -p build/sam
	@VIRTUAL_ENV=$(CURDIR)/.venv-aws .venv-aws/bin/zappa package $(STAGE) -o build/sam/api.zip
	@VIRTUAL_ENV=$(CURDIR)/.venv-aws .venv-aws/bin/zappa package $(STAGE)_core -o build/sam/core.zip
	@VIRTUAL_ENV=$(CURDIR)/.venv-aws .venv-aws/bin/zappa package $(STAGE)_edge -o build/sam/edge.zip

sam: sam-packages .venv-sam/sam.stamp  ## The packages as AWS SAM deploys them (STAGE=prod; after aws provision)
	@cd infra/sam && ../../.venv-sam/bin/sam build --template template.yaml

serverless: sam-packages .venv/run.stamp  ## The packages and build/serverless/serverless.yml, as the Serverless Framework 3 deploys them
	@mkdir -p build/serverless
	@$(BIN)/python manage.py aws outputs --stage $(STAGE) --serverless > build/serverless/serverless.yml

STAGE ?= prod

.venv-aws/mysql.stamp: requirements-mysql.txt .venv-aws/aws.stamp
	@.venv-aws/bin/$(PIP_INSTALL) -r requirements-mysql.txt
	@touch $@

.venv-sam/sam.stamp: requirements-sam.txt
	@test -n "$(PYTHON_AWS)" || exit 1
	@$(PYTHON_AWS) -m venv .venv-sam
	@echo "Installing AWS SAM …"
	@.venv-sam/bin/$(PIP_INSTALL) -r requirements-sam.txt
	@touch $@
