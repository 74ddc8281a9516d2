# Every task of the project. `make run` and `make test` need Python 3.11 or newer and nothing else.
PYTHON ?= python3
BIN := .venv/bin
DEMO ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test test-mysql test-aws test-compose package sam check format lock bench bench-analytics bench-engines clean

run: .venv/run.stamp  ## Start everything on http://127.0.0.1:8000 (DEMO=0 leaves the demo monitors out)
	@exec $(BIN)/python manage.py up $(if $(filter 1,$(DEMO)),--demo)

# Containers often forbid Python to keep bytecode; each worker and process would then compile everything anew.
test test-mysql test-aws: export PYTHONDONTWRITEBYTECODE :=

test: .venv/dev.stamp  ## The whole suite on SQLite; no service needed
	$(BIN)/pytest -n auto --dist worksteal -q $(ARGS)

DATABASE_URL_MYSQL ?= mysql://root:@127.0.0.1:3306/test
REDIS_URL_TEST ?= redis://127.0.0.1:6379/5
test-mysql: .venv/mysql.stamp  ## The same suite on MariaDB or MySQL, with the Redis cache
	DATABASE_URL="$(DATABASE_URL_MYSQL)" REDIS_URL="$(REDIS_URL_TEST)" $(BIN)/pytest -n auto --dist worksteal -q $(ARGS)

test-aws: .venv-aws/mysql.stamp .venv-sam/sam.stamp  ## The serverless engine and what deploys it, on an emulated AWS (Python 3.12, MariaDB)
	DATABASE_URL="$(DATABASE_URL_MYSQL)" .venv-aws/bin/pytest -n 3 --dist worksteal -q tests/aws "tests/stories/test_story.py::test_every_engine_finds_the_same_rows[serverless]" $(ARGS)
	DATABASE_URL="$(DATABASE_URL_MYSQL)" DATABASE_URL_MYSQL="$(DATABASE_URL_MYSQL)" .venv-aws/bin/pytest -n 3 --dist loadfile -q tests/infra $(ARGS)

test-compose: .venv/dev.stamp  ## compose.yaml for real: builds the image and starts everything beside what runs; needs Docker
	$(BIN)/pytest -q tests/compose $(ARGS)

package: .venv-aws/mysql.stamp  ## What goes to Lambda: build/sentrypulse-core.zip and build/sentrypulse-edge.zip
	.venv-aws/bin/python -m infra.package

check: .venv/dev.stamp  ## Format, lint, types, arrows, migrations, lock files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	@sh scripts/lock.sh --check

format: .venv/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv/dev.stamp  ## Pin every dependency anew (UPGRADE=1 takes newer releases)
	@sh scripts/lock.sh $(if $(UPGRADE),--upgrade)

bench: .venv/dev.stamp  ## The claims of speed, measured: two minutes of 500 checks a second
	$(BIN)/python -m benchmarks.throughput

bench-analytics: .venv/dev.stamp  ## 1,000 monitors with 90 days: lists, statistics, rolling up (ARGS="--database URL")
	$(BIN)/python -m benchmarks.analytics $(ARGS)

bench-engines: .venv/mysql.stamp  ## A check's CPU through embedded and Celery; needs MariaDB, Redis, RabbitMQ
	$(BIN)/python -m benchmarks.engines $(ARGS)

clean:
	rm -rf .venv .venv-aws .venv-sam

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "SentryPulse needs Python 3.11 or newer; set PYTHON=/path/to/python3")'
	@echo "Making a Python environment in .venv …"
	@$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.txt | .venv/bin/python
	@echo "Installing dependencies …"
	@$(BIN)/pip install --quiet -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp
	@$(BIN)/pip install --quiet -r requirements-dev.txt
	@touch $@

.venv/mysql.stamp: requirements-mysql.txt .venv/dev.stamp
	@$(BIN)/pip install --quiet -r requirements-mysql.txt || { echo "mysqlclient needs a compiler and headers: apt-get install gcc pkg-config python3-dev default-libmysqlclient-dev"; exit 1; }
	@touch $@

# The serverless engine's tools: packaging, deploying, the emulator. Python 3.12 or 3.13, as Lambda runs it.
PYTHON_AWS ?= $(shell sh scripts/find-python-aws.sh)

.venv-aws/bin/python:
	@test -n "$(PYTHON_AWS)" || exit 1
	@$(PYTHON_AWS) -m venv .venv-aws

.venv-aws/aws.stamp: requirements-dev.txt requirements-aws.txt | .venv-aws/bin/python
	@echo "Installing the serverless engine's tools …"
	@.venv-aws/bin/pip install --quiet -r requirements-dev.txt -r requirements-aws.txt
	@touch $@

sam: .venv-aws/aws.stamp .venv-sam/sam.stamp  ## The packages as AWS SAM deploys them (STAGE=prod; after aws provision)
	@mkdir -p build/sam
	@VIRTUAL_ENV=$(CURDIR)/.venv-aws .venv-aws/bin/zappa package $(STAGE) -o build/sam/api.zip
	@VIRTUAL_ENV=$(CURDIR)/.venv-aws .venv-aws/bin/zappa package $(STAGE)_core -o build/sam/core.zip
	@VIRTUAL_ENV=$(CURDIR)/.venv-aws .venv-aws/bin/zappa package $(STAGE)_edge -o build/sam/edge.zip
	@cd infra/sam && ../../.venv-sam/bin/sam build --template template.yaml

STAGE ?= prod

.venv-aws/mysql.stamp: requirements-mysql.txt .venv-aws/aws.stamp
	@.venv-aws/bin/pip install --quiet -r requirements-mysql.txt
	@touch $@

.venv-sam/sam.stamp: requirements-sam.txt
	@test -n "$(PYTHON_AWS)" || exit 1
	@$(PYTHON_AWS) -m venv .venv-sam
	@echo "Installing AWS SAM …"
	@.venv-sam/bin/pip install --quiet -r requirements-sam.txt
	@touch $@
