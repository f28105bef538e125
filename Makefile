# The commands a person needs. Everything else is CMake: see CONTRIBUTING.md.
.PHONY: help runtime demo test bench test-gpu bench-gpu format clean

help:
	@echo "make demo      install what is missing, build, export the demo models, classify pictures and continue a text"
	@echo "make runtime   build build/hearth, what inference needs; touches no Python"
	@echo "make test      the same set-up, then every test"
	@echo "make bench     measure beside ONNX Runtime, OpenVINO and ExecuTorch, and write docs/performance.md anew"
	@echo "make test-gpu  run the tests of GPUs on this machine's, and write bench/results/test-gpu-DATE.json"
	@echo "make bench-gpu measure on this machine's GPU, and write bench/results/gpu-DATE.json"
	@echo "make format    format C++ and Python"
	@echo "make clean     remove build/ (the Python environment .venv stays)"

runtime:
	@tools/install_packages.sh runtime
	@tools/build.sh runtime

demo:
	@tools/install_packages.sh runtime export
	@tools/make_venv.sh
	@tools/build.sh runtime hearth
	@.venv/bin/python demo/demo.py

test:
	@tools/install_packages.sh runtime export test aarch64
	@tools/make_venv.sh .venv python/requirements.txt python/requirements-test.txt
	@tools/make_venv.sh .venv-tools tools/requirements.txt
	@tools/install_nvcc.sh
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

test-gpu:
	@tools/install_packages.sh runtime export test
	@tools/make_venv.sh .venv python/requirements.txt python/requirements-test.txt
	@tools/install_nvcc.sh
	@.venv/bin/python tools/test_gpu.py --all

bench-gpu:
	@tools/install_packages.sh runtime export
	@tools/make_venv.sh
	@tools/install_nvcc.sh
	@tools/build.sh runtime
	@.venv/bin/python bench/gpu.py

format:
	@tools/make_venv.sh .venv python/requirements.txt python/requirements-test.txt
	clang-format-19 -i $$(git ls-files '*.h' '*.cc' '*.c')
	.venv/bin/ruff format bench demo python tests tools
	.venv/bin/ruff check --fix bench demo python tests tools

clean:
	rm -rf build
