"""Inductor generates code for weights that are not on the device, and from one configuration of each kernel."""

import contextlib
import functools
import weakref
from collections import defaultdict
from unittest import mock

import torch
from torch._inductor import graph, utils
from torch._inductor.codegen.triton import TritonKernel
from torch._inductor.fx_passes import fuse_attention, joint_graph, misc_patterns, pad_mm, post_grad
from torch._inductor.fx_passes.joint_graph import UniformValueConstantFolder
from torch._inductor.runtime import triton_heuristics
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils._python_dispatch import TorchDispatchMode

from hearth.export.cuda.gpu import Gpu
from hearth.export.cuda.patches.hook import Hook, Patch
from hearth.export.targets import without_vendor_libraries


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
    find_products = UniformValueConstantFolder._add_peephole_patterns

    def find_products_with_zero(folder):
        with _OnCpu():
            find_products(folder)

    def deduce(folder, node):
        if node.op == "call_function" and node.target is torch.ops.prims.device_put.default:
            return folder.env[node.args[0]]
        with _OnCpu():
            value = original(folder, node)
        return folder.unknown_value if isinstance(value, FakeTensor) else value

    patch = functools.partial(mock.patch.object, UniformValueConstantFolder)
    stack.enter_context(patch("_deduce_value", deduce))
    stack.enter_context(patch("_add_peephole_patterns", find_products_with_zero))


def patterns_kept_apart(stack: contextlib.ExitStack, _gpu: Gpu) -> None:
    """What Inductor searches graphs for it traces once for each device, and adds it to tables that all devices share:
    what came out for the CPU afterwards would depend on it. What it traces once for all is traced before."""
    with without_vendor_libraries():
        post_grad.lazy_init()
    for table in (*joint_graph.pass_patterns, *post_grad.pass_patterns):
        for name in ("patterns", "seen_patterns"):
            copied = {key: list(found) for key, found in getattr(table, name).items()}
            stack.enter_context(mock.patch.object(table, name, defaultdict(list, copied)))
    for module, name in _TRACED_ONCE:
        function = getattr(module, name).__wrapped__
        stack.enter_context(mock.patch.object(module, name, functools.cache(function)))


def first_configuration_only(stack: contextlib.ExitStack, _gpu: Gpu) -> None:
    """Nothing can be measured here, and what is generated must not depend on it: of the configurations that Inductor's
    heuristics offer for a kernel, the first, which is their best guess, is taken."""
    original = triton_heuristics.cached_autotune

    def with_first(size_hints, configs, *arguments, **options):
        return original(size_hints, configs[:1], *arguments, **options)

    stack.enter_context(mock.patch.object(triton_heuristics, "cached_autotune", with_first))


def passes_wait_for_each_other(stack: contextlib.ExitStack, _gpu: Gpu) -> None:
    """A kernel that goes over its rows several times may store in one pass what it loads in the next. Triton chooses
    which thread has which element anew for each access, and puts no barrier between them."""
    original = TritonKernel.codegen_body
    have_stored = weakref.WeakSet()

    def codegen_body(kernel):
        loads, stores = bool(kernel.loads), bool(kernel.stores)
        if loads and kernel in have_stored:
            kernel.body.writeline("tl.debug_barrier()")
        original(kernel)
        if stores:
            have_stored.add(kernel)

    stack.enter_context(mock.patch.object(TritonKernel, "codegen_body", codegen_body))


_TRACED_ONCE = (
    (joint_graph, "lazy_init"),
    (fuse_attention, "_sfdp_init"),
    (pad_mm, "_pad_mm_init"),
    (misc_patterns, "_misc_patterns_init"),
)

_folder = functools.partial(Hook, "torch._inductor.fx_passes.joint_graph")

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
        (
            _folder("UniformValueConstantFolder._deduce_value", "self, node"),
            _folder("UniformValueConstantFolder._add_peephole_patterns", "self"),
        ),
    ),
    Patch(
        patterns_kept_apart,
        (
            *(Hook(module.__name__, name, "input_device") for module, name in _TRACED_ONCE),
            _folder("pass_patterns"),
            Hook("torch._inductor.fx_passes.post_grad", "lazy_init", "input_device"),
            Hook("torch._inductor.fx_passes.post_grad", "pass_patterns"),
        ),
    ),
    Patch(
        passes_wait_for_each_other,
        (Hook("torch._inductor.codegen.triton", "TritonKernel.codegen_body", "self"),),
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
