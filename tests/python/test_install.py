"""An installed tree, moved elsewhere, serves programs in C and C++ through CMake and pkg-config."""

import json
import re
import shutil

import pytest
from programs import BUILD, ROOT, run_program


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    first = tmp_path_factory.mktemp("install") / "first"
    done = run_program("cmake", "--install", BUILD / "release", "--prefix", first)
    assert done.returncode == 0, done.stderr
    return first.rename(first.parent / "moved")


def build_example(name: str, installed, folder):
    configure = [
        "cmake",
        "-S",
        ROOT / "examples" / name,
        "-B",
        folder,
        "-G",
        "Ninja",
        f"-DCMAKE_PREFIX_PATH={installed}",
    ]
    for command in (configure, ["cmake", "--build", folder]):
        done = run_program(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_cpp_example_classifies_pictures(installed, resnet_archive, tmp_path):
    program = build_example("cpp", installed, tmp_path) / "classify"
    picture = ROOT / "demo" / "pictures" / "digit-4.png"
    done = run_program(program, resnet_archive.path, picture)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r".*digit-4\.png: (zero|one|two) \(\d+\.\d %\)\n", done.stdout)
    missing = run_program(program, tmp_path / "missing.pt2", picture)
    assert missing.returncode == 1
    assert "there is no such file" in missing.stderr


def test_the_c_example_runs_any_method(installed, speech_archive, tmp_path):
    program = build_example("c", installed, tmp_path) / "run"
    done = run_program(program, speech_archive.path, "encode", "5")
    assert done.returncode == 0, done.stderr
    assert "float32[5, 6]" in done.stdout
    refused = run_program(program, speech_archive.path, "encode", "33000000000")
    assert refused.returncode == 1
    assert "decode\n" in run_program(program, speech_archive.path).stderr


def test_pkg_config_finds_the_library(installed, speech_archive, tmp_path):
    folder = installed / "lib" / "pkgconfig"
    flags = run_program("pkg-config", "--cflags", "--libs", "hearth", PKG_CONFIG_PATH=str(folder)).stdout.split()
    assert f"-L{folder}/../../lib" in flags or f"-L{installed}/lib" in flags
    source = ROOT / "examples" / "c" / "run.c"
    strict = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    done = run_program("cc", *strict, source, "-o", tmp_path / "run", *flags, f"-Wl,-rpath,{installed}/lib")
    assert done.returncode == 0, done.stderr
    assert run_program(tmp_path / "run", speech_archive.path, "encode", "5").returncode == 0


def test_the_library_offers_its_faces_and_nothing_else(installed):
    names = run_program("nm", "-D", "--defined-only", installed / "lib" / "libhearth.so").stdout.split("\n")
    symbols = {line.split()[-1].split("@")[0] for line in names if line and " A " not in line}
    assert {"hearth_model_open", "hearth_session_run", "aoti_torch_empty_strided", "GOMP_parallel"} <= symbols
    header = (ROOT / "include" / "hearth" / "hearth.h").read_text()
    assert set(re.findall(r"\b(hearth_\w+)\(", header)) <= symbols
    strangers = [s for s in symbols if not re.match(r"hearth_|_ZNK?6hearth|aoti_|h_cxa_|GOMP_|omp_|__kmpc_|Sleef_", s)]
    assert strangers == []


def test_the_installed_program_runs(installed, resnet_archive):
    assert shutil.which("hearth", path=installed / "bin")
    done = run_program(installed / "bin" / "hearth", "verify", resnet_archive.path)
    assert done.returncode == 0, done.stderr


def test_the_installed_program_finds_its_kernels_for_gpus(installed):
    if not list((BUILD / "release").glob("hearth-kernels-*/cuda/*.fatbin")):
        pytest.skip("Hearth was built without nvcc")
    assert list(installed.glob("lib/hearth-kernels-*/cuda/*.fatbin"))
    driver = BUILD / "release" / "tests" / "emulated_cuda" / "driver" / "libcuda_emulated.so"
    done = run_program(installed / "bin" / "hearth", "devices", "--json", HEARTH_CUDA_DRIVER=str(driver))
    gpu = json.loads(done.stdout)["devices"][0]
    assert gpu["name"] == "cuda:0"
    assert "missing" not in gpu
