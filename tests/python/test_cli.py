"""The command line's promises: exit statuses, messages, and the shapes of what --json prints."""

import json
import os
import shutil
import subprocess
import zipfile

import numpy as np
import pytest
from programs import BUILD, HEARTH, ROOT, hearth, hearth_json

DONE, FAILED, USAGE, REFUSED, NOT_THERE = range(5)


@pytest.fixture(scope="module")
def files(tmp_path_factory, resnet_archive):
    """A folder with one file for each way of being refused."""
    folder = tmp_path_factory.mktemp("files")
    shutil.copy(resnet_archive.path, folder / "good.pt2")
    whole = (folder / "good.pt2").read_bytes()
    (folder / "empty.pt2").write_bytes(b"")
    (folder / "text.pt2").write_text("This is no model.")
    (folder / "cut.pt2").write_bytes(whole[: len(whole) // 2])
    (folder / "longer.pt2").write_bytes(whole + b"more")
    (folder / "folder.pt2").mkdir()
    shutil.copy(ROOT / "demo" / "pictures" / "digit-0.png", folder / "picture.png")
    with zipfile.ZipFile(folder / "other.pt2", "w") as other:
        other.writestr("folder/file.txt", "x")
    np.save(folder / "wrong.npy", np.zeros((1, 4, 32, 32), np.float32))
    np.save(folder / "right.npy", np.zeros((1, 3, 32, 32), np.float32))
    return folder


CASES = [
    ("inspect empty.pt2", REFUSED, "empty.pt2: the file is empty"),
    ("inspect text.pt2", REFUSED, "text.pt2: it is no .pt2 file"),
    ("inspect picture.png", REFUSED, "it is no .pt2 file"),
    ("inspect folder.pt2", REFUSED, "it is a directory"),
    ("inspect missing.pt2", REFUSED, "there is no such file"),
    ("inspect cut.pt2", REFUSED, "cut short"),
    ("inspect longer.pt2", REFUSED, "something after it"),
    ("inspect other.pt2", REFUSED, "not a PyTorch archive"),
    ("run cut.pt2 forward", REFUSED, "cut short"),
    ("verify text.pt2", REFUSED, "it is no .pt2 file"),
    ("bench empty.pt2", REFUSED, "the file is empty"),
    ("classify good.pt2 text.pt2", REFUSED, "PNG, JPEG and WebP"),
    ("classify good.pt2 missing.png", REFUSED, "there is no such file"),
    ("classify good.pt2 picture.png --trust data", REFUSED, "native code"),
    ("classify good.pt2 picture.png --device tpu", NOT_THERE, "no device 'tpu'"),
    ("classify good.pt2 picture.png --target cpu-aarch64", NOT_THERE, "no target 'cpu-aarch64'"),
    ("run good.pt2 forward --input wrong.npy --device null", NOT_THERE, "runs nothing"),
    ("run good.pt2 backward --input wrong.npy", USAGE, "no method 'backward'; it has forward"),
    ("run good.pt2 forward", USAGE, "input 'pixel_values' is missing"),
    ("run good.pt2 forward --input x=wrong.npy", USAGE, "no input 'x'; it has pixel_values"),
    ("run good.pt2 forward --input wrong.npy", USAGE, "pixel_values"),
    ("run good.pt2 forward --input right.npy --input right.npy", USAGE, "given twice"),
    ("run good.pt2 forward --input picture.png", REFUSED, "--input 0"),
    ("bench good.pt2 --dim height=3", USAGE, "no such symbol"),
    ("bench good.pt2 --rounds 0", USAGE, "--rounds: 0 is not"),
    ("devices --threads=-1", USAGE, "--threads: -1 is not"),
    ("devices --speed", USAGE, "--speed"),
    ("frobnicate", USAGE, "frobnicate"),
    ("", USAGE, "Subcommands:"),
]


@pytest.mark.parametrize(("line", "status", "message"), CASES, ids=[case[0] for case in CASES])
def test_failures_have_their_status_and_say_why(files, line, status, message):
    done = subprocess.run([HEARTH, *line.split()], cwd=files, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert message in done.stderr
    assert done.stdout == ""


def test_a_file_without_rights_says_so(files):
    path = files / "secret.pt2"
    shutil.copy(files / "good.pt2", path)
    path.chmod(0)
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    if drop:
        # The folders above must let another user through to the file.
        for folder in [files, *files.parents]:
            if folder.is_relative_to("/tmp") and folder != folder.parent:
                folder.chmod(folder.stat().st_mode | 0o011)
    # The program is opened by us, as /proc/self/fd shows it: its own folder may be closed to others too.
    with HEARTH.open("rb") as program:
        command = [*drop, f"/proc/self/fd/{program.fileno()}", "inspect", path]
        done = subprocess.run(command, capture_output=True, text=True, check=False, pass_fds=[program.fileno()])
    assert done.returncode == REFUSED, done.stderr
    assert "not permitted" in done.stderr


def test_classify_prints_what_programs_read(files):
    answers = hearth_json("classify", files / "good.pt2", files / "picture.png", files / "picture.png", "--top", "2")
    assert [answer["image"] for answer in answers] == [str(files / "picture.png")] * 2
    assert answers[0]["top"] == answers[1]["top"]
    assert [sorted(entry) for entry in answers[0]["top"]] == [["index", "label", "probability"]] * 2
    assert answers[0]["top"][0]["label"] in ("zero", "one", "two")


def test_run_writes_outputs_and_lists_them(files, tmp_path):
    answer = hearth_json("run", files / "good.pt2", "forward", "--input", files / "right.npy", "--output", tmp_path)
    assert answer["method"] == "forward"
    (output,) = answer["outputs"]
    assert (output["name"], output["dtype"], output["shape"]) == ("logits", "float32", [1, 3])
    assert np.load(output["file"]).shape == (1, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["0.npy"]


def test_inspect_prints_the_manifest(files, resnet_archive):
    answer = hearth_json("inspect", files / "good.pt2")
    text = json.dumps(answer)
    assert "pixel_values" in text
    assert "cpu-x86_64-v3" in text
    assert hearth("inspect", files / "good.pt2").stdout.count("\n") > 5


def test_bench_reports_figures(files):
    answer = hearth_json("bench", files / "good.pt2", "-r", "3", "--dim", "batch=2")
    assert answer["inputs"] == ["float32[2, 3, 32, 32]"]
    assert {"model", "device", "target", "threads", "load_ms", "first_run_ms", "peak_memory_bytes"} <= answer.keys()
    (result,) = answer["results"]
    assert 0 < result["min"] <= result["median"] <= result["max"]
    assert result["unit"] == "ms"


def test_bench_says_what_each_operator_took(files, tmp_path):
    trace = tmp_path / "trace.json"
    answer = hearth_json("bench", files / "good.pt2", "-r", "3", "--profile", "--trace", trace)
    profile = answer["profile"]
    rows = {row["name"]: row for row in profile["operators"]}
    convolutions = rows["hearth_conv2d"]
    assert convolutions["calls"] >= 3
    assert convolutions["operations"] > 1e5
    assert convolutions["bytes"] > 1e4
    assert 0 < convolutions["peak_fraction"] <= 1.5
    assert any(name.startswith("cpp_fused_") for name in rows)
    assert profile["peak"]["operations_per_second"]["float32"] > 1e9
    assert profile["peak"]["bytes_per_second"] > 1e8
    assert sorted((row["ms"] for row in profile["operators"]), reverse=True) == [
        row["ms"] for row in profile["operators"]
    ]
    events = [event for event in json.loads(trace.read_text())["traceEvents"] if event["ph"] == "X"]
    assert sum(event["name"] == "hearth_conv2d" for event in events) == 3 * convolutions["calls"]
    starts = [event["ts"] for event in events]
    assert starts == sorted(starts)


def test_a_trace_that_cannot_be_written_is_an_error(files, tmp_path):
    done = hearth("bench", files / "good.pt2", "-r", "1", "--trace", tmp_path / "missing" / "trace.json")
    assert done.returncode == REFUSED
    assert "trace.json: it cannot be written" in done.stderr


def test_verify_reports_each_output(files):
    answer = hearth_json("verify", files / "good.pt2")
    (output,) = answer["methods"][0]["outputs"]
    assert {"name", "max_abs", "max_rel", "tolerance", "ok"} <= output.keys()
    assert output["max_abs"] <= output["tolerance"]


def test_nothing_but_the_result_goes_to_standard_output(files):
    done = hearth("classify", files / "good.pt2", files / "picture.png", "--json")
    assert done.stderr == ""
    assert json.loads(done.stdout)


def test_fewer_threads_than_asked_for_are_taken_where_there_are_fewer(files):
    many = hearth_json("bench", files / "good.pt2", "-r", "1", "--threads", "4096")
    assert 1 <= many["threads"] <= (os.cpu_count() or 1)


def test_npz_files_hold_all_inputs_and_outputs(speech_archive, tmp_path):
    ids, past = np.array([4, 9, 0, 2, 7]), np.ones((5, 6), np.float32)
    names = [value["name"] for value in speech_archive.manifest["methods"]["decode"]["inputs"]]
    np.savez(tmp_path / "in.npz", **dict(zip(names, (ids, past), strict=True)))
    npz = hearth_json(
        "run", speech_archive.path, "decode", "--input", tmp_path / "in.npz", "--output", tmp_path / "y.npz"
    )
    np.save(tmp_path / "ids.npy", ids)
    np.save(tmp_path / "past.npy", past)
    inputs = ["--input", f"0={tmp_path}/ids.npy", "--input", f"1={tmp_path}/past.npy"]
    npy = hearth_json("run", speech_archive.path, "decode", *inputs, "--output", tmp_path / "y")
    with np.load(tmp_path / "y.npz") as outputs:
        assert list(outputs) == [output["name"] for output in npz["outputs"]]
        for output in npy["outputs"]:
            np.testing.assert_array_equal(outputs[output["name"]], np.load(output["file"]))


EMULATED = {"HEARTH_CUDA_DRIVER": str(BUILD / "release" / "tests" / "emulated_cuda" / "driver" / "libcuda_emulated.so")}
NO_DRIVER = {"HEARTH_CUDA_DRIVER": "libno-such-driver.so.1"}

EVERY_COMMAND = [
    "run good.pt2 forward --input right.npy",
    "bench good.pt2",
    "classify good.pt2 picture.png",
    "generate good.pt2 -p Once",
    "chat good.pt2 -p Hello",
    "embed good.pt2 text",
    "eval good.pt2 --perplexity text.pt2",
    "verify good.pt2",
]

MISSING_GPUS = [
    (NO_DRIVER, "libno-such-driver.so.1 was not found: install NVIDIA's driver"),
    (EMULATED | {"HEARTH_EMULATED_GPUS": "0"}, "no NVIDIA GPU is visible"),
    (EMULATED | {"HEARTH_EMULATED_CUDA": "11000"}, "the NVIDIA driver is too old: it is of CUDA 11.0"),
    (EMULATED | {"HEARTH_EMULATED_FAIL": "cuInit=803"}, "restart the machine after an update"),
    (EMULATED | {"HEARTH_EMULATED_FAIL": "cuInit=800"}, "this user may not use the GPU"),
    (EMULATED | {"HEARTH_EMULATED_FAIL": "cuDeviceGetCount=999"}, "nvidia_uvm"),
]


def words(folder, line):
    """The words of a command, names of files made whole."""
    return [folder / word if (folder / word).is_file() else word for word in line.split()]


@pytest.mark.parametrize("line", EVERY_COMMAND)
def test_every_command_says_that_the_driver_is_missing(files, line):
    done = hearth(*words(files, line), "--device", "cuda", **NO_DRIVER)
    assert done.returncode == NOT_THERE, done.stderr
    assert "device 'cuda': libno-such-driver.so.1 was not found: install NVIDIA's driver" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(("environment", "message"), MISSING_GPUS, ids=[message for _, message in MISSING_GPUS])
def test_what_is_missing_is_said_by_models_and_by_devices(files, environment, message):
    done = hearth("classify", files / "good.pt2", files / "picture.png", "--device", "cuda", **environment)
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


def test_gpus_are_listed_first(tmp_path):
    (tmp_path / "cuda").mkdir()
    environment = EMULATED | {"HEARTH_EMULATED_GPUS": "2", "HEARTH_EMULATED_MEMORY": str(3 << 30)}
    environment["HEARTH_KERNELS"] = str(tmp_path)
    answer = json.loads(hearth("devices", "--json", **environment).stdout)
    assert [device["name"] for device in answer["devices"]] == ["cuda:0", "cuda:1", "cpu", "null"]
    gpu = answer["devices"][0]
    assert (gpu["description"], gpu["architecture"], gpu["memory_bytes"]) == ("Emulated GPU", "sm_80", 3 << 30)
    assert gpu["driver"] == "driver 580 (CUDA 13.0)"
    assert gpu["compute_units"] > 0
    assert (gpu["free_bytes"], gpu["targets"]) == (3 << 30, ["cuda-sm80"])
    assert gpu["kernels"] == str(tmp_path)
    assert "missing" not in gpu
    assert answer["missing"] == []
    assert answer["auto"]["name"] == "cuda:0"
    assert answer["auto"]["why"]
    text = hearth("devices", **environment).stdout
    assert "cuda:1 Emulated GPU, 3.2 GB (3.2 GB free)" in text
    assert "sm_80; driver 580 (CUDA 13.0)" in text


def test_missing_kernels_for_gpus_are_told(tmp_path):
    environment = EMULATED | {"HEARTH_KERNELS": str(tmp_path)}
    answer = json.loads(hearth("devices", "--json", **environment).stdout)
    assert f"kernels for GPUs are missing ({tmp_path} is not there)" in answer["devices"][0]["missing"]
    assert answer["auto"]["name"] == "cpu"
    assert "kernels for GPUs are missing" in hearth("devices", **environment).stdout


def test_files_without_code_for_gpus_say_so(files):
    done = hearth("classify", files / "good.pt2", files / "picture.png", "--device", "cuda", **EMULATED)
    assert done.returncode == NOT_THERE, done.stderr
    assert "it is for device cpu, not cuda" in done.stderr
    assert "Export it with --targets" in done.stderr


def test_gpus_that_are_not_there_are_named(files):
    done = hearth("classify", files / "good.pt2", files / "picture.png", "--device", "cuda:7", **EMULATED)
    assert done.returncode == NOT_THERE, done.stderr
    assert "there is no device 'cuda:7': this machine's NVIDIA GPUs are cuda:0 to cuda:0" in done.stderr
