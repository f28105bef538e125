# The commands a person needs. Everything else is CMake: see CONTRIBUTING.md.
.PHONY: help runtime demo test bench format clean

help:
	@echo "make demo     install what is missing, build, export the demo models, classify pictures and continue a text"
	@echo "make runtime  build build/hearth, what inference needs; touches no Python"
	@echo "make test     the same set-up, then every test"
	@echo "make bench    measure beside ONNX Runtime, OpenVINO and ExecuTorch, and write docs/performance.md anew"
	@echo "make format   format C++ and Python"
	@echo "make clean    remove build/ (the Python environment .venv stays)"

runtime:
	@tools/install_packages.sh runtime
	@tools/build.sh runtime

demo:
	@tools/install_packages.sh runtime export
	@tools/make_venv.sh
	@tools/build.sh runtime
	@.venv/bin/python demo/demo.py

test:
	@tools/install_packages.sh runtime export test aarch64
	@tools/make_venv.sh .venv python/requirements.txt python/requirements-test.txt
	@tools/make_venv.sh .venv-tools tools/requirements.txt
	@.venv/bin/python tools/run_tests.py

bench:
	@tools/install_packages.sh runtime export test bench
	@tools/make_venv.sh
	@tools/make_venv.sh .venv-bench bench/requirements.txt
	@tools/build.sh runtime
	@tools/build.sh bench gemm_bench convolution_bench
	@.venv-bench/bin/python bench/end_to_end.py
	@.venv-bench/bin/python bench/kernels.py
	@.venv-bench/bin/python bench/render.py

format:
	@tools/make_venv.sh .venv python/requirements.txt python/requirements-test.txt
	clang-format-19 -i $$(git ls-files '*.h' '*.cc' '*.c')
	.venv/bin/ruff format bench demo python tests tools
	.venv/bin/ruff check --fix bench demo python tests tools

clean:
	rm -rf build
