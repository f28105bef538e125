"""PyTorch believes in a CUDA device."""

import contextlib
import ctypes
import functools
import importlib
import types
from pathlib import Path
from unittest import mock

import torch
from torch._dynamo import device_interface
from torch._inductor.runtime.hints import DeviceProperties
from torch._subclasses.fake_tensor import FakeTensorMode

from hearth.export.cuda.gpu import Gpu
from hearth.export.cuda.patches.hook import Hook, Patch
from hearth.export.errors import ExportError

# c10::DeviceType, and how many kinds there are.
_CUDA, _META, _KINDS = 1, 14, 22
_GUARDS = "_ZN3c104impl26device_guard_impl_registryE"

# Modules that remember what they once asked of the device.
_ASKING = ("torch.utils._triton", "torch._inductor.utils", "torch._inductor.runtime.hints")


class _NoGuard:
    """Stands in for torch.cuda.device: there is no device to switch to."""

    def __init__(self, *_args, **_options) -> None: ...

    def __enter__(self) -> "_NoGuard":
        return self

    def __exit__(self, *_error) -> bool:
        return False


def _properties(gpu: Gpu) -> types.SimpleNamespace:
    return types.SimpleNamespace(
        name=f"sm_{gpu.architecture}",
        major=gpu.capability[0],
        minor=gpu.capability[1],
        multi_processor_count=gpu.multiprocessors,
        regs_per_multiprocessor=gpu.registers,
        max_threads_per_multi_processor=gpu.threads,
        max_threads_per_block=1024,
        warp_size=32,
        total_memory=gpu.memory_bytes,
        L2_cache_size=gpu.cache_bytes,
        gcnArchName="",
        shared_memory_per_block=48 * 1024,
        shared_memory_per_block_optin=gpu.shared_bytes,
        shared_memory_per_multiprocessor=gpu.shared_bytes + 1024,
        uuid="",
        is_integrated=0,
    )


def forget_answers(stack: contextlib.ExitStack, _gpu: Gpu) -> None:
    """PyTorch keeps what it once learned of devices (has_triton(), get_gpu_type(), DeviceProperties.create()...).
    Neither may answers of the outside be used inside, nor the other way round."""
    _forget()
    stack.callback(_forget)


def _forget() -> None:
    for name in _ASKING:
        for value in vars(importlib.import_module(name)).values():
            if callable(getattr(value, "cache_clear", None)):
                value.cache_clear()
    DeviceProperties.create.cache_clear()


def guard_of_meta_device(stack: contextlib.ExitStack, _gpu: Gpu) -> None:
    """The CPU wheel has no device guard for CUDA, and indexing or autograd on a fake CUDA tensor would end the process.
    The meta device has one that does nothing: it serves for both."""
    try:
        library = ctypes.CDLL(str(Path(torch.__file__).parent / "lib" / "libc10.so"))
        guards = (ctypes.c_void_p * _KINDS).in_dll(library, _GUARDS)
    except (OSError, ValueError) as error:
        raise ExportError(f"PyTorch {torch.__version__} keeps its device guards elsewhere: {error}") from error
    if guards[_CUDA]:
        return
    guards[_CUDA] = guards[_META]
    stack.callback(guards.__setitem__, _CUDA, None)


def torch_cuda(stack: contextlib.ExitStack, gpu: Gpu) -> None:
    """Inductor asks torch.cuda whether there is a device and what it can do, selects it, and saves and restores the
    state of its random numbers."""
    properties = _properties(gpu)
    state = torch.zeros(16, dtype=torch.uint8)
    answers = {
        "is_available": lambda: True,
        "is_initialized": lambda: True,
        "device_count": lambda: 1,
        "current_device": lambda: 0,
        "get_device_capability": lambda device=None: gpu.capability,
        "get_device_properties": lambda device=None: properties,
        "get_device_name": lambda device=None: properties.name,
        "is_bf16_supported": lambda including_emulation=True: True,
        "synchronize": lambda device=None: None,
        "set_device": lambda device: None,
        "_lazy_init": lambda: None,
        "_exchange_device": lambda device: 0,
        "_maybe_exchange_device": lambda device: 0,
        "device": _NoGuard,
        "get_rng_state": lambda device="cuda": state.clone(),
        "set_rng_state": lambda state, device="cuda": None,
    }
    for name, answer in answers.items():
        stack.enter_context(mock.patch.object(torch.cuda, name, answer))
    stack.enter_context(mock.patch.object(torch.version, "cuda", "12.8"))


def interface_of_device(stack: contextlib.ExitStack, gpu: Gpu) -> None:
    """Dynamo and Inductor also ask through a table of device interfaces, whose entry for CUDA calls torch._C functions
    that the CPU wheel does not have."""
    properties = _properties(gpu)
    base = device_interface.CudaInterface
    same = {
        "device": _NoGuard,
        "current_device": staticmethod(lambda: 0),
        "set_device": staticmethod(lambda device: None),
        "get_device_properties": staticmethod(lambda device=None: properties),
    }
    answers = {
        **same,
        "Worker": type("Worker", (base.Worker,), {name: same[name] for name in same if name != "device"}),
        "device_count": staticmethod(lambda: 1),
        "synchronize": staticmethod(lambda device=None: None),
        "get_raw_stream": staticmethod(lambda device: 0),
        "exchange_device": staticmethod(lambda device: 0),
        "maybe_exchange_device": staticmethod(lambda device: 0),
        "is_bf16_supported": staticmethod(lambda including_emulation=False: True),
        "is_available": staticmethod(lambda: True),
        "get_compute_capability": staticmethod(lambda device=None: gpu.architecture),
        "is_triton_capable": staticmethod(lambda device=None: True),
        "raise_if_triton_unavailable": staticmethod(lambda device=None: None),
    }
    device_interface.get_interface_for_device("cpu")  # fills the table
    stack.enter_context(mock.patch.dict(device_interface.device_interfaces))
    pretended = type("PretendedCudaInterface", (base,), answers)
    for name in ("cuda", "cuda:0"):
        device_interface.register_interface_for_device(name, pretended)


def fake_tensors_stay_off_device(stack: contextlib.ExitStack, _gpu: Gpu) -> None:
    """A FakeTensorMode keeps off the device when torch.cuda says that there is none; here it says that there is."""
    stack.enter_context(mock.patch.object(FakeTensorMode, "avoid_device_init", property(lambda self: True)))


def convolutions_in_the_weights_layout(stack: contextlib.ExitStack, _gpu: Gpu) -> None:
    """This build asks no cuDNN and predicts contiguous results of all convolutions, so that channels-last weights would
    be laid out anew on every run. cuDNN's rule, and the runtime's: channels-last when the input or the weight is."""
    original = torch._C._conv_determine_backend_memory_format
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}

    def memory_format(input, weight, backend):
        wanted = formats.get(input.dim())
        if input.device.type != "cuda":
            return original(input, weight, backend)
        is_last = wanted is not None and any(
            t.is_contiguous(memory_format=wanted) and not t.is_contiguous() for t in (input, weight)
        )
        return wanted if is_last else torch.contiguous_format

    stack.enter_context(mock.patch.object(torch._C, "_conv_determine_backend_memory_format", memory_format))


_interface = functools.partial(Hook, "torch._dynamo.device_interface")

PATCHES = [
    Patch(forget_answers, (Hook("torch._inductor.runtime.hints", "DeviceProperties.create", "*"),)),
    Patch(guard_of_meta_device, ()),
    Patch(
        torch_cuda,
        (
            Hook("torch.cuda", "get_device_properties", "device"),
            Hook("torch.cuda", "get_device_capability", "device"),
            Hook("torch.cuda", "_exchange_device", "device"),
            Hook("torch.cuda", "set_rng_state", "new_state, device"),
        ),
    ),
    Patch(
        interface_of_device,
        (
            _interface("CudaInterface.Worker"),
            _interface("CudaInterface.get_compute_capability", "device"),
            _interface("CudaInterface.is_triton_capable", "device"),
            _interface("CudaInterface.raise_if_triton_unavailable", "device"),
            _interface("register_interface_for_device", "device, device_interface"),
        ),
    ),
    Patch(fake_tensors_stay_off_device, (Hook("torch._subclasses.fake_tensor", "FakeTensorMode.avoid_device_init"),)),
    Patch(convolutions_in_the_weights_layout, (Hook("torch", "_C._conv_determine_backend_memory_format"),)),
]
