"""What the command line says of NVIDIA GPUs: without a driver, and with the emulated one."""

import json
import shutil

import numpy as np
import pytest
from programs import BUILD, ROOT, hearth

EMULATED = {"HEARTH_CUDA_DRIVER": str(BUILD / "release" / "tests" / "emulated_cuda" / "driver" / "libcuda_emulated.so")}
NO_DRIVER = {"HEARTH_CUDA_DRIVER": "libno-such-driver.so.1"}
NOT_THERE = 4

COMMANDS = [
    "run good.pt2 forward --input x.npy",
    "bench good.pt2",
    "classify good.pt2 picture.png",
    "generate good.pt2 -p Once",
    "chat good.pt2 -p Hello",
    "embed good.pt2 text",
    "eval good.pt2 --perplexity text.txt",
    "verify good.pt2",
]

MISSING = [
    (NO_DRIVER, "libno-such-driver.so.1 was not found: install NVIDIA's driver"),
    (EMULATED | {"HEARTH_EMULATED_GPUS": "0"}, "no NVIDIA GPU is visible"),
    (EMULATED | {"HEARTH_EMULATED_CUDA": "11000"}, "the NVIDIA driver is too old: it is of CUDA 11.0"),
    (EMULATED | {"HEARTH_EMULATED_FAIL": "cuInit=803"}, "restart the machine after an update"),
    (EMULATED | {"HEARTH_EMULATED_FAIL": "cuInit=800"}, "this user may not use the GPU"),
    (EMULATED | {"HEARTH_EMULATED_FAIL": "cuDeviceGetCount=999"}, "nvidia_uvm"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, resnet_archive):
    folder = tmp_path_factory.mktemp("files")
    shutil.copy(resnet_archive.path, folder / "good.pt2")
    shutil.copy(ROOT / "demo" / "pictures" / "digit-0.png", folder / "picture.png")
    np.save(folder / "x.npy", np.zeros((1, 3, 32, 32), np.float32))
    (folder / "text.txt").write_text("Once upon a time.")
    return folder


def command_in(folder, line):
    """The words of a command, names of files made whole."""
    return [folder / word if (folder / word).is_file() else word for word in line.split()]


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_says_that_the_driver_is_missing(folder, line):
    done = hearth(*command_in(folder, line), "--device", "cuda", **NO_DRIVER)
    assert done.returncode == NOT_THERE, done.stderr
    assert "device 'cuda': libno-such-driver.so.1 was not found: install NVIDIA's driver" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(("environment", "message"), MISSING, ids=[message for _, message in MISSING])
def test_what_is_missing_is_said_by_models_and_by_devices(folder, environment, message):
    done = hearth(*command_in(folder, "classify good.pt2 picture.png"), "--device", "cuda", **environment)
    assert done.returncode == NOT_THERE, done.stderr
    assert message in done.stderr
    listed = hearth("devices", **environment)
    assert listed.returncode == 0, listed.stderr
    assert "cuda   is missing: " in listed.stdout
    assert message in listed.stdout
    answer = json.loads(hearth("devices", "--json", **environment).stdout)
    assert [device["name"] for device in answer["devices"]] == ["cpu", "null"]
    (missing,) = answer["missing"]
    assert missing["name"] == "cuda"
    assert message in missing["why"]


def test_gpus_are_listed_first():
    environment = EMULATED | {"HEARTH_EMULATED_GPUS": "2", "HEARTH_EMULATED_MEMORY": str(3 << 30)}
    answer = json.loads(hearth("devices", "--json", **environment).stdout)
    assert [device["name"] for device in answer["devices"]] == ["cuda:0", "cuda:1", "cpu", "null"]
    gpu = answer["devices"][0]
    assert (gpu["description"], gpu["architecture"], gpu["memory_bytes"]) == ("Emulated GPU", "sm_80", 3 << 30)
    assert gpu["driver"] == "driver 580 (CUDA 13.0)"
    assert gpu["compute_units"] > 0
    assert answer["missing"] == []
    assert answer["auto"]["name"] == "cpu"
    assert answer["auto"]["why"]
    text = hearth("devices", **environment).stdout
    assert "cuda:1 Emulated GPU, 3.2 GB" in text
    assert "sm_80; driver 580 (CUDA 13.0)" in text


def test_files_without_code_for_gpus_say_so(folder):
    done = hearth(*command_in(folder, "classify good.pt2 picture.png"), "--device", "cuda", **EMULATED)
    assert done.returncode == NOT_THERE, done.stderr
    assert "it is for device cpu, not cuda" in done.stderr
    assert "Export it with --targets" in done.stderr


def test_gpus_that_are_not_there_are_named(folder):
    done = hearth(*command_in(folder, "classify good.pt2 picture.png"), "--device", "cuda:7", **EMULATED)
    assert done.returncode == NOT_THERE, done.stderr
    assert "there is no device 'cuda:7': this machine's NVIDIA GPUs are cuda:0 to cuda:0" in done.stderr
