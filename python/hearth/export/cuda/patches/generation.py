"""Inductor generates code for weights that are not on the device, and from one configuration of each kernel."""

import contextlib
from unittest import mock

import torch
from torch._inductor import graph, utils
from torch._inductor.fx_passes.joint_graph import UniformValueConstantFolder
from torch._inductor.runtime import triton_heuristics
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils._python_dispatch import TorchDispatchMode

from hearth.export.cuda.gpu import Gpu
from hearth.export.cuda.patches.hook import Hook, Patch


def weights_compared_by_identity(stack: contextlib.ExitStack, _gpu: Gpu) -> None:
    """Inductor finds equal constants by the address of their data, which weights on the pretended device do not
    have."""
    original = utils.is_same_tensor

    def is_same(data, value):
        if not isinstance(data, FakeTensor) and not isinstance(value, FakeTensor):
            return original(data, value)
        return (
            data.shape == value.shape
            and data.stride() == value.stride()
            and data.dtype == value.dtype
            and data.device == value.device
            and data.storage_offset() == value.storage_offset()
            and data.untyped_storage()._cdata == value.untyped_storage()._cdata
        )

    stack.enter_context(mock.patch.object(utils, "is_same_tensor", is_same))
    stack.enter_context(mock.patch.object(graph, "is_same_tensor", is_same))


class _OnCpu(TorchDispatchMode):
    """Makes every tensor on the CPU."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if kwargs.get("device") is not None:
            kwargs["device"] = torch.device("cpu")
        return function(*args, **kwargs)


def uniform_values_found_on_cpu(stack: contextlib.ExitStack, _gpu: Gpu) -> None:
    """Inductor computes tensors that hold one value everywhere with real tensors on the graph's device. Only the value
    is kept, so the CPU will do."""
    original = UniformValueConstantFolder._deduce_value

    def deduce(folder, node):
        if node.op == "call_function" and node.target is torch.ops.prims.device_put.default:
            return folder.env[node.args[0]]
        with _OnCpu():
            value = original(folder, node)
        return folder.unknown_value if isinstance(value, FakeTensor) else value

    stack.enter_context(mock.patch.object(UniformValueConstantFolder, "_deduce_value", deduce))


def first_configuration_only(stack: contextlib.ExitStack, _gpu: Gpu) -> None:
    """Nothing can be measured here, and what is generated must not depend on it: of the configurations that Inductor's
    heuristics offer for a kernel, the first, which is their best guess, is taken."""
    original = triton_heuristics.cached_autotune

    def with_first(size_hints, configs, *arguments, **options):
        return original(size_hints, configs[:1], *arguments, **options)

    stack.enter_context(mock.patch.object(triton_heuristics, "cached_autotune", with_first))


PATCHES = [
    Patch(
        weights_compared_by_identity,
        (
            Hook("torch._inductor.utils", "is_same_tensor", "data, value"),
            Hook("torch._inductor.graph", "is_same_tensor", "data, value"),
        ),
    ),
    Patch(
        uniform_values_found_on_cpu,
        (Hook("torch._inductor.fx_passes.joint_graph", "UniformValueConstantFolder._deduce_value", "self, node"),),
    ),
    Patch(
        first_configuration_only,
        (
            Hook(
                "torch._inductor.runtime.triton_heuristics",
                "cached_autotune",
                "size_hints, configs, triton_meta, heuristic_type, filename, inductor_meta, custom_kernel, "
                "caching_autotuner_cls, debug_autotuner_cls",
            ),
        ),
    ),
]
