"""PyTorch in, the same answers out: exported files run by the `hearth` program and compared with eager PyTorch."""

import json
import shutil
import zipfile

import numpy as np
import pytest
import torch
from programs import hearth, hearth_json, native_targets, run_method


def resnet18() -> torch.nn.Module:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(3)
    config = transformers.ResNetConfig(
        hidden_sizes=[64, 128, 256, 512], depths=[2, 2, 2, 2], layer_type="basic", num_labels=1000
    )
    model = transformers.ResNetForImageClassification(config).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)

    class Logits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, pixel_values):
            return self.model(pixel_values).logits

    return Logits().eval()


@pytest.fixture(scope="module")
def resnet18_and_file(tmp_path_factory):
    from hearth.export import save

    model = resnet18()
    path = tmp_path_factory.mktemp("resnet18") / "resnet18.pt2"
    batch = torch.export.Dim("batch", min=1, max=8)
    save(path, model, (torch.randn(2, 3, 224, 224),), dynamic_shapes={"pixel_values": {0: batch}})
    return model, path


@pytest.mark.parametrize("target", ["cpu-x86_64-v3", "cpu-x86_64-v4"])
@pytest.mark.parametrize("batch", [1, 3])
def test_resnet18_answers_as_eager_pytorch(resnet18_and_file, tmp_path, batch, target):
    model, path = resnet18_and_file
    images = torch.randn(batch, 3, 224, 224)
    with torch.no_grad():
        expected = model(images).numpy()
    if target not in native_targets():
        pytest.skip(f"this machine does not run {target}")
    (answer,) = run_method(path, "forward", [images.numpy()], tmp_path, "--target", target)
    assert answer.shape == (batch, 1000)
    assert np.abs(answer - expected).max() <= 1e-4 * np.abs(expected).max()


def test_answers_do_not_depend_on_the_number_of_threads(resnet18_and_file, tmp_path):
    _, path = resnet18_and_file
    images = np.random.default_rng(0).standard_normal((1, 3, 224, 224), dtype=np.float32)
    (one,) = run_method(path, "forward", [images], tmp_path, "--threads", "1")
    (two,) = run_method(path, "forward", [images], tmp_path, "--threads", "2")
    assert np.array_equal(one, two)


def test_methods_share_weights_and_answer(speech, speech_archive, tmp_path):
    ids = torch.tensor([4, 9, 0, 2, 7])
    past = torch.randn(5, 6)
    with torch.no_grad():
        expected = speech(ids, {"key": [past]}, scale=0.5)
    logits, hidden, total = run_method(speech_archive.path, "decode", [ids.numpy(), past.numpy()], tmp_path)
    assert np.allclose(logits, expected["logits"].numpy(), atol=1e-5)
    assert np.allclose(hidden, expected["state"][0].numpy(), atol=1e-5)
    assert np.allclose(total, expected["state"][1].numpy(), atol=1e-4)


def test_one_tensor_may_be_several_outputs(tmp_path):
    from hearth.export import save

    class Twice(torch.nn.Module):
        def forward(self, x):
            y = x + 1
            return x, y, x, y, y[0]

    x = torch.randn(2, 3)
    save(tmp_path / "twice.pt2", Twice().eval(), (x,), targets="cpu-x86_64-v3")
    answers = run_method(tmp_path / "twice.pt2", "forward", [x.numpy()], tmp_path)
    for answer, expected in zip(answers, Twice()(x), strict=True):
        assert np.array_equal(answer, expected.numpy())


class Parts(torch.nn.Module):
    """Weights that are parts of one tensor: rows, columns, every second row, transposed ones."""

    def __init__(self) -> None:
        super().__init__()
        whole = torch.randn(48, 16, generator=torch.Generator().manual_seed(0))
        self.rows = torch.nn.Parameter(whole[16:32])
        self.transposed = torch.nn.Parameter(whole.t()[:, 3:19])
        self.register_buffer("columns", whole[32:, :7])
        self.register_buffer("every_second", whole[::2])

    def forward(self, x):
        sums = self.columns.sum(0).sin().sum() + self.every_second.cos().sum(0)
        return x @ self.rows.T + x @ self.transposed + sums


def test_weights_may_be_parts_of_one_tensor(tmp_path):
    from hearth.export import save

    file = tmp_path / "parts.pt2"
    model = Parts().eval()
    save(file, model, (torch.randn(3, 16),), targets="cpu-x86_64-v3")
    done = hearth("verify", file)
    assert done.returncode == 0, done.stderr
    assert model.rows.untyped_storage().data_ptr() == model.columns.untyped_storage().data_ptr()


def test_verify_agrees_with_pytorch(resnet_archive):
    answer = hearth_json("verify", resnet_archive.path)
    assert answer["ok"]
    assert all(output["ok"] for method in answer["methods"] for output in method["outputs"])


def test_verify_names_the_output_that_deviates(speech_archive, tmp_path):
    """A golden is changed in the file, with its hash: only running the model can tell."""
    path = tmp_path / "changed.pt2"
    shutil.copy(speech_archive.path, path)
    record = next(g for g in speech_archive.manifest["goldens"] if g["method"] == "encode")["outputs"][0]["record"]
    rewrite_record(path, speech_archive.stem, record)
    done = hearth("verify", path)
    assert done.returncode == 1
    assert "encode" in done.stderr
    assert "worst at [0, 0]" in done.stderr


def rewrite_record(path, stem: str, record: str) -> None:
    """Adds 1 to the first float of an .npy record, and mends the manifest's hash and the zip's checksums."""
    from hearth.export.hashing import xxh3

    with zipfile.ZipFile(path) as old:
        contents = {name: old.read(name) for name in old.namelist()}
    data = bytearray(contents[f"{stem}/{record}"])
    first = 10 + int.from_bytes(data[8:10], "little")
    value = np.frombuffer(bytes(data[first : first + 4]), np.float32)[0] + 1
    data[first : first + 4] = np.float32(value).tobytes()
    manifest = json.loads(contents[f"{stem}/extra/hearth.json"])
    manifest["records"][record]["xxh3"] = xxh3(bytes(data))
    contents[f"{stem}/{record}"] = bytes(data)
    contents[f"{stem}/extra/hearth.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as new:
        for name, text in contents.items():
            new.writestr(name, text)
