"""The finished file: docs/archive-format.md, read with other means than the ones that wrote it."""

import io
import struct

import hearth
import numpy as np
import pytest
import torch
from conftest import run_exporter
from hearth.export.elf import read_elf
from hearth.export.hashing import sha256, xxh3
from torch.export.pt2_archive._package import load_pt2


def data_offset(archive, info) -> int:
    archive.zip.fp.seek(info.header_offset + 26)
    name, extra = struct.unpack("<HH", archive.zip.fp.read(4))
    return info.header_offset + 30 + name + extra


def test_records_are_stored_aligned_and_dated_1980(resnet_archive):
    for info in resnet_archive.zip.infolist():
        weight = "/weights/weight_" in info.filename or "/constants/tensor_" in info.filename
        assert info.compress_type == 0
        assert data_offset(resnet_archive, info) % (16384 if weight else 64) == 0, info.filename
        assert info.date_time == (1980, 1, 1, 0, 0, 0)
    assert resnet_archive.zip.testzip() is None


def test_records_come_in_the_documented_order(resnet_archive):
    names = resnet_archive.names()
    groups = ["archive_format", "models/", "data/weights/forward", "data/weights/weight_", "data/constants/"]
    groups += ["data/aotinductor/", "extra/hearth.json", "extra/goldens/", "extra/labels.json"]
    first = [next(i for i, name in enumerate(names) if name.startswith(group)) for group in groups]
    assert first == sorted(first)
    assert resnet_archive.stem == "tiny"


def test_manifest_names_every_other_record_with_its_hashes(resnet_archive):
    records = resnet_archive.manifest["records"]
    assert sorted(records) == sorted(set(resnet_archive.names()) - {"extra/hearth.json"})
    for name, described in records.items():
        data = resnet_archive.read(name)
        assert described["size"] == len(data)
        assert described["xxh3"] == xxh3(data)
        assert described.get("sha256") == (sha256(data) if name.endswith("/model.so") else None)


def test_tensors_lie_inside_their_records(resnet_archive):
    sizes = {name: record["size"] for name, record in resnet_archive.manifest["records"].items()}
    for tensor in resnet_archive.manifest["tensors"].values():
        extent = 1 + sum((n - 1) * stride for n, stride in zip(tensor["shape"], tensor["strides"], strict=True))
        assert tensor["offset"] + 4 * extent <= sizes[tensor["record"]]


def test_manifest_describes_method_and_pipeline(resnet_archive):
    manifest = resnet_archive.manifest
    method = manifest["methods"]["forward"]
    assert method["symbols"] == {"batch": {"min": 1, "max": 64}}
    assert method["inputs"] == [
        {"name": "pixel_values", "dtype": "float32", "shape": ["batch", 3, 32, 32], "dim_order": [0, 1, 2, 3]}
    ]
    assert method["outputs"] == [{"name": "logits", "dtype": "float32", "shape": ["batch", 3]}]
    assert manifest["name"] == "tiny resnet"
    assert manifest["pipeline"]["labels"] == "extra/labels.json"
    assert resnet_archive.read("extra/labels.json") == b'["zero", "one", "two"]'
    assert manifest["pipeline"]["preprocess"]["resize"] == {"mode": "shortest_edge", "size": 36, "resample": "bicubic"}
    assert manifest["producer"] == {"hearth": hearth.__version__, "torch": "2.13.0", "compiler": "ziglang 0.17.1"}


@pytest.mark.parametrize(("target", "feature"), [("cpu-x86_64-v3", "avx2"), ("cpu-x86_64-v4", "avx512f")])
def test_each_target_has_its_library(resnet_archive, target, feature):
    described = resnet_archive.manifest["methods"]["forward"]["targets"][target]
    code = resnet_archive.read(described["library"])
    facts = read_elf(code)
    assert feature in described["cpu_features"]
    assert (described["machine"], facts.machine) == ("x86_64", "x86_64")
    assert {"aoti_torch_cpu_hearth_conv2d", "aoti_torch_cpu_hearth_linear"} <= set(facts.imports)
    assert all(name.startswith("AOTInductor") for name in facts.exports)
    assert len(code) < 2_000_000
    assert set(described["constants"].values()) <= set(resnet_archive.manifest["tensors"])


def test_targets_share_all_weights(resnet_archive):
    targets = resnet_archive.manifest["methods"]["forward"]["targets"]
    assert targets["cpu-x86_64-v3"]["constants"] == targets["cpu-x86_64-v4"]["constants"]


def test_convolution_weights_are_channels_last_and_linear_weights_row_major(resnet_archive):
    for tensor in resnet_archive.manifest["tensors"].values():
        if len(tensor["shape"]) == 4:
            _, c, h, w = tensor["shape"]
            assert tensor["strides"] == [h * w * c, 1, w * c, c]
        if len(tensor["shape"]) == 2:
            assert tensor["strides"] == [tensor["shape"][1], 1]


def test_goldens_are_what_the_model_answers(resnet_archive, resnet_folder):
    from transformers import ResNetForImageClassification

    golden = resnet_archive.manifest["goldens"][0]
    x = torch.from_numpy(np.load(io.BytesIO(resnet_archive.read(golden["inputs"][0]))))
    y = np.load(io.BytesIO(resnet_archive.read(golden["outputs"][0]["record"])))
    with torch.no_grad():
        expected = ResNetForImageClassification.from_pretrained(resnet_folder)(x).logits.numpy()
    # Another number of threads sums in another order.
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
    assert golden["outputs"][0]["atol"] == pytest.approx(1e-4 * np.abs(y).max())


def test_the_same_input_gives_the_same_file(resnet_archive, resnet_folder, tmp_path):
    again = tmp_path / "elsewhere" / "tiny.pt2"
    done = run_exporter(str(resnet_folder), "-o", "elsewhere/tiny.pt2", cwd=tmp_path, PYTHONHASHSEED="7")
    assert done.returncode == 0, done.stderr
    assert sha256(again.read_bytes()) == sha256(resnet_archive.path.read_bytes())


def test_torch_loads_and_runs_the_portable_graphs(speech_archive, speech):
    contents = load_pt2(speech_archive.path)
    assert sorted(contents.exported_programs) == ["decode", "encode"]
    assert contents.extra_files["notes/about.txt"] == "two methods"
    x = torch.randn(7, 6)
    ids, past = torch.tensor([5, 6]), {"key": [torch.randn(2, 6)]}
    with torch.no_grad():
        torch.testing.assert_close(contents.exported_programs["encode"].module()(x), speech.encode(x))
        decoded = contents.exported_programs["decode"].module()(ids, past=past, scale=0.5)
        torch.testing.assert_close(decoded, speech(ids, past, 0.5))


def test_methods_share_weights_and_keep_their_own_constants(speech_archive, speech):
    tensors, methods = speech_archive.manifest["tensors"], speech_archive.manifest["methods"]
    constants = {name: method["targets"]["cpu-x86_64-v3"]["constants"] for name, method in methods.items()}
    shared = set(constants["decode"].values()) & set(constants["encode"].values())
    assert {tensors[name]["record"] for name in shared} == {
        tensors[name]["record"] for name in ("body.weight", "body.bias")
    }
    own = [set(constants[name].values()) - shared for name in ("decode", "encode")]
    assert own[0].isdisjoint(own[1])
    stored = sum(len(speech_archive.read(n)) for n in speech_archive.names() if "/weights/weight_" in n)
    # The table that embedding and head share is there once.
    assert stored == sum(p.numel() * 4 for p in speech.parameters())


def test_inputs_and_outputs_are_named_by_path(speech_archive):
    method = speech_archive.manifest["methods"]["decode"]
    assert [(i["name"], i["dtype"], i["shape"]) for i in method["inputs"]] == [
        ("ids", "int64", ["time"]),
        ("past.key.0", "float32", ["time", 6]),
    ]
    assert [(o["name"], o["shape"]) for o in method["outputs"]] == [
        ("logits", ["time", 11]),
        ("state.0", ["time", 6]),
        ("state.1", [3]),
    ]
    assert method["symbols"] == {"time": {"min": 1, "max": 32}}
    assert list(speech_archive.manifest["methods"]["encode"]["symbols"]) == ["x_dim0"]
