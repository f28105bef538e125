"""What is changed in PyTorch and Triton for CUDA targets is still what it was when the changes were written."""

import importlib.metadata
import inspect

import pytest
import torch
from hearth.export import ExportError
from hearth.export.cuda.gpu import SM_80
from hearth.export.cuda.patches import VERSIONS, all_patches, check_versions, pretending_gpu

PATCHES = {patch.name: patch for patch in all_patches()}


@pytest.mark.parametrize("name", PATCHES)
def test_hooks_are_what_they_were(name):
    patch = PATCHES[name]
    changed = [difference for hook in patch.hooks if (difference := hook.difference())]
    versions = {package: importlib.metadata.version(package) for package in VERSIONS}
    assert not changed, (
        f"{patch.name} ({inspect.getsourcefile(patch.apply)}) was written for {VERSIONS}, here are {versions}: "
        f"{'; '.join(changed)}. It is needed because: {patch.reason}"
    )


def test_each_patch_says_why():
    assert all(len(patch.reason) > 60 for patch in PATCHES.values())


def values() -> list:
    return [inspect.getattr_static(*holder_of(hook)) for patch in PATCHES.values() for hook in patch.hooks]


def holder_of(hook) -> tuple:
    path, _, name = hook.path.rpartition(".")
    return (type(hook)(hook.module, path).found() if path else importlib.import_module(hook.module)), name


def test_nothing_stays_changed():
    before, version = values(), torch.version.cuda
    with pretending_gpu(SM_80):
        assert torch.cuda.is_available()
        assert torch.cuda.get_device_capability() == (8, 0)
        assert torch.zeros(3, device="meta").device.type == "meta"
    assert all(now is then for now, then in zip(values(), before, strict=True))
    assert not torch.cuda.is_available() or torch.cuda.is_initialized()
    assert torch.version.cuda == version


def test_nothing_stays_changed_when_something_fails():
    before = values()
    with pytest.raises(KeyError), pretending_gpu(SM_80):
        raise KeyError
    assert all(now is then for now, then in zip(values(), before, strict=True))


@pytest.mark.parametrize(("found", "message"), [(None, "not installed"), ("9.9.9", "checked with Triton .*not 9.9.9")])
def test_another_triton_is_refused(monkeypatch, found, message):
    def version(package):
        if found is None:
            raise importlib.metadata.PackageNotFoundError(package)
        return found

    monkeypatch.setattr(importlib.metadata, "version", version)
    with pytest.raises(ExportError, match=rf"{message}.*pip install triton=={VERSIONS['triton']}"):
        check_versions()
