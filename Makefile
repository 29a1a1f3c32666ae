# `make demo` and `make test` need python3 and make only: they set up an environment of their own.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO := outputs/demo
# Enough to see clothes in three to five minutes on two cores; the same on any data that is found.
SMALL := --set data.limit=4000 --out $(DEMO)

.DEFAULT_GOAL := help
.PHONY: help demo test test-full lint bench clean

help:
	@echo "make demo       set up, train both networks briefly, evaluate, make a GIF and a page"
	@echo "make test       set up, run the tests (no network, no full data set)"
	@echo "make test-full  the tests on the full data sets (CONVGAN_DATA names their folder)"
	@echo "make lint       style, types and layers"
	@echo "make bench      speed beside others and the machine's limit (TORCH=a Python that has torch)"
	@echo "make clean      remove the environment"

$(BIN)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,mp4,onnx,tflite]"
	touch $@

demo: $(BIN)/.ready
	$(BIN)/convgan train-classifier $(SMALL) --epochs 10
	$(BIN)/convgan eval --out $(DEMO)
	$(BIN)/convgan train-dcgan $(SMALL) --epochs 16
	$(BIN)/convgan eval --out $(DEMO)
	$(BIN)/convgan make-gif --out $(DEMO) --output $(DEMO)/clothes.gif
	$(BIN)/convgan play classifier-mnist dcgan-fashion --out $(DEMO) --output $(DEMO)/play.html
	@echo
	@echo "Open $(DEMO)/play.html in a browser, and report.html in each folder of $(DEMO);"
	@echo "look at $(DEMO)/clothes.gif"

test: $(BIN)/.ready
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

test-full: $(BIN)/.ready
	$(BIN)/python -m pytest -m full_data

lint: $(BIN)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(BIN)/.ready
	$(BIN)/python -m benchmarks.steps $(if $(TORCH),--torch $(TORCH))
	$(BIN)/python -m benchmarks.parts
	$(BIN)/python -m benchmarks.commands
	$(BIN)/python -m benchmarks.growth
	$(BIN)/python -m benchmarks.overhead
	$(BIN)/python -m benchmarks.quality

clean:
	rm -rf $(VENV)
