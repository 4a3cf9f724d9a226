# The only verbs, for people and CI alike. `make demo` and `make test` do all the set-up themselves.
#   make demo              the main job on synthetic patients with a known truth (about 5 minutes)
#   make demo INPUT=DIR    the same on your own DICOM
#   make demo SERVE=1      the same, and leave its page up in the browser
#   make demo READ=1       the same, and models for synthetic patients draw the tumour and foretell (installs PyTorch: 1 GB on disk)
#   make view ARCHIVE=DIR  an archive in the OHIF viewer, on this machine (needs npm, orthanc and orthanc-dicomweb)
#   make test              all tests that need no Docker engine; real-data tests need SARCOMA_TEST_DATA=DIR
#   make cdk               a site on AWS: the app, sarcoma-site, the CDK's command line (needs npm)
#   make cdk-test          its tests: templates, scanners, mutations, a deploy to an emulator; no account needed
#   make extras            torch, NVFlare and the cloud's tools too, for the tests of those; 2 GB on disk
#   make check             format, lint, types, layers, generated files
#   make generate          write command JSON, docs pages and labels from the steps
#   make images            build every image, print sizes and start times (needs a Docker engine)
#   make docs              build the documentation into site/
#   make train-demo        the models that the demo reads and foretells with, trained on synthetic patients; about 40 minutes
#   make bench             benchmarks side by side with the peers; minutes
#   make bench-register  TRE and seconds of registration, 50 + 8 seeds, beside SimpleITK's recipe and elastix; about 15 minutes
#   make bench-prognosis   networks that foretell beside known ceilings, on synthetic patients; hours on two cores, kept in build/
#   make coverage          the tests of make test, counting the lines and branches that they reach; twice as long
#   make mutants           move each threshold by a tenth, and ask whether a test sees it; 10 to 20 minutes
#   make soak              200 sessions in bulk, 10 of them broken, the launcher killed halfway; about 10 minutes

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# The build of torch that the images hold, and where it is had.
from_image = $(shell sed -n 's/^ARG $(1)=//p' containers/torch/Dockerfile)

TESTS = $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not docker and not cdk"

.PHONY: setup extras view ohif cdk cdk-test demo test check generate images docs bench bench-register bench-prognosis train-demo coverage mutants soak clean
.DEFAULT_GOAL := setup

setup: .venv/site.done

.venv/site.done: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is missing: install Python 3.11 or later (Debian: apt install python3 python3-venv)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: Python must be 3.11 or later; found $$($(PYTHON) -V). Name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "make: the venv module is missing (Debian: apt install python3-venv)"; exit 1; }
	@command -v git >/dev/null || { echo "make: git is missing (Debian: apt install git)"; exit 1; }
	@echo "setting up .venv (first run: a download of about 150 MB)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) --editable '.[site]'
	@touch $@

.venv/dev.done: .venv/site.done
	@$(PIP) --editable '.[site,dev]'
	@touch $@

# As this machine's pip finds it, or from PyTorch's own index: PyPI's build is for CUDA and takes several GB.
install_torch = $(PIP) 'torch==$(call from_image,TORCH)' 2>/dev/null || \
	$(PIP) --extra-index-url '$(call from_image,TORCH_INDEX)' 'torch==$(call from_image,TORCH)'

.venv/torch.done: .venv/site.done containers/torch/Dockerfile
	@$(BIN)/python -c 'import torch, monai' 2>/dev/null || \
		echo "installing PyTorch for READ=1 (first run: a download of about 300 MB, 1 GB on disk)"
	@$(install_torch)
	@$(PIP) --editable '.[site,torch]'
	@touch $@

.venv/extras.done: .venv/dev.done containers/torch/Dockerfile containers/train/no-deps.txt
	@$(install_torch)
	@$(PIP) --editable '.[site,dev,torch,train,pathology,flare,cdk,oracle]'
	@$(PIP) --no-deps --requirement containers/train/no-deps.txt
	@touch $@

extras: .venv/extras.done

cdk: .venv/cdk.done aws_cdk/node_modules/.done

.venv/cdk.done: .venv/site.done
	@$(PIP) --editable '.[site,cdk]'
	@touch $@

aws_cdk/node_modules/.done: aws_cdk/package-lock.json
	@command -v npm >/dev/null || { echo "make: npm is missing: install Node.js 22 or later"; exit 1; }
	@cd aws_cdk && npm ci --silent --no-audit --no-fund
	@touch $@

ohif: tools/ohif/node_modules/.done

tools/ohif/node_modules/.done: tools/ohif/package-lock.json
	@command -v npm >/dev/null || { echo "make: npm is missing: install Node.js with it (Debian: apt install npm)"; exit 1; }
	@echo "fetching OHIF (first run: a download of 50 MB)"
	@cd tools/ohif && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

view: .venv/site.done tools/ohif/node_modules/.done
	@test -n "$(ARCHIVE)" || { echo "make: say which archive: make view ARCHIVE=DIR"; exit 1; }
	@$(BIN)/sarcoma view --archive "$(ARCHIVE)" $(VIEW_ARGS)

# A scanner with pins of its own, which fit no other package here.
.venv/checkov.done: .venv/site.done
	@$(PYTHON) -m venv .venv/checkov
	@.venv/checkov/bin/python -m pip install --quiet --disable-pip-version-check 'checkov==3.3.30'
	@touch $@

demo: .venv/site.done $(if $(READ),.venv/torch.done)
	@$(BIN)/sarcoma demo $(if $(INPUT),--input "$(INPUT)") $(if $(SERVE),--serve) $(if $(READ),--read)

test: .venv/dev.done
	@$(TESTS) --durations=40

coverage: .venv/extras.done
	@$(TESTS) --cov --cov-report=term:skip-covered

cdk-test: .venv/extras.done aws_cdk/node_modules/.done .venv/checkov.done
	@SARCOMA_CHECKOV="$(CURDIR)/.venv/checkov/bin/checkov" $(BIN)/python -m pytest tests/cdk -n auto --dist loadfile \
		-m "not docker" --durations=20

check: .venv/dev.done
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/hadolint containers/*/Dockerfile containers/step.Dockerfile
	@$(BIN)/sarcoma generate --check

generate: .venv/site.done
	@$(BIN)/sarcoma generate

images: .venv/site.done
	@$(BIN)/sarcoma images build $(IMAGES_ARGS)

docs: .venv/dev.done
	@$(BIN)/mkdocs build --strict --quiet

bench: .venv/bench.done
	@for bench in benchmarks/*.py; do echo "== $$bench"; $(BIN)/python $$bench || exit 1; done

.venv/bench.done: .venv/extras.done
	@$(PIP) --editable '.[site,dev,bench]'
	@touch $@

train-demo: .venv/extras.done
	@$(BIN)/python -m sarcoma_core.demo.reading.training
	@$(BIN)/python -m sarcoma_core.demo.foretelling.training

bench-register: .venv/bench.done
	@$(BIN)/python benchmarks/register.py --study

bench-prognosis: .venv/bench.done
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/prognosis.py --full

mutants: .venv/dev.done
	@$(BIN)/python -m tools.mutants $(MUTANTS_ARGS)

soak: .venv/dev.done
	@SARCOMA_SOAK=200 $(BIN)/python -m pytest tests/e2e/test_bulk.py

clean:
	rm -rf .venv demo site build dist *.egg-info
