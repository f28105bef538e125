"""Code for NVIDIA GPUs, made on a machine without one: what it is, what it asks for, and that nothing else changes."""

import re
import struct
import subprocess
from collections import Counter

import pytest
import torch
from conftest import Archive, run_exporter
from hearth.export import ExportError, Method, gate, save
from hearth.export.cuda.gpu import SM_80
from hearth.export.cuda.kernels import Kernel, check_kernel
from hearth.export.cuda.machine_code import assembled, packed, parse_architectures
from hearth.export.elf import read_elf
from hearth.export.lower import generate
from hearth.export.targets import TARGETS, select_targets
from hearth.export.trace import trace
from programs import hearth
from torch import nn
from torch._inductor.fx_passes import joint_graph, post_grad

CUDA, CPU = TARGETS["cuda-sm80"], TARGETS["cpu-x86_64-v3"]
DYNAMIC = ({0: torch.export.Dim("batch", min=1, max=1024)},)
MODEL = """
import torch
from torch import nn

def make():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 128), nn.GELU(), nn.LayerNorm(128), nn.Linear(128, 32), nn.Softmax(-1))
    return model.eval(), (torch.randn(4, 64),), ({0: torch.export.Dim("batch", min=1, max=1024)},)
"""


def made():
    scope = {}
    exec(MODEL, scope)
    return scope["make"]()


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> Archive:
    """The small network for CPU and GPU in one file."""
    path = tmp_path_factory.mktemp("both") / "net.pt2"
    model, args, shapes = made()
    save(path, model, args, dynamic_shapes=shapes, targets=["cpu-x86_64-v3", "cuda"])
    return Archive(path)


@pytest.fixture(scope="module")
def code(both) -> bytes:
    return both.read(both.manifest["methods"]["forward"]["targets"][CUDA.name]["library"])


def images(code: bytes) -> list[str]:
    """The PTX inside a library."""
    return [found.decode() for found in re.findall(rb"\.version 8\.0\n[^\0]+(?=\0)", code)]


def test_the_command_line_makes_the_same_library_again(code, tmp_path):
    (tmp_path / "model.py").write_text(MODEL)
    done = run_exporter("model.py:make", "-o", "net.pt2", "--targets", "cuda", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "not run here" in done.stdout and "code for GPUs was not run" in done.stdout
    archive = Archive(tmp_path / "net.pt2")
    assert archive.read(archive.manifest["methods"]["forward"]["targets"][CUDA.name]["library"]) == code


def test_the_library_asks_for_nothing_but_the_runtime(code):
    facts = read_elf(code)
    assert not facts.executable_stack
    assert not [library for library in facts.needed if "cuda" in library or "omp" in library or "++" in library]
    own = {name for name, versioned in facts.imports.items() if not versioned}
    assert own <= gate.runtime_symbols("x86_64")
    assert {"hearth_cuLaunchKernel", "hearth_cuModuleLoadData", "aoti_torch_cpu_hearth_linear"} <= own
    assert len(code) < 1_500_000


def test_kernels_are_ptx_for_every_gpu(code):
    kernels = images(code)
    assert len(kernels) >= 2
    for ptx in kernels:
        assert ".target sm_80\n" in ptx and ".visible .entry triton_" in ptx
        assert not re.search(r"\.extern \.func|assertfail|\.loc\b|\.file\b", ptx)


def test_the_manifest_describes_both_targets_over_the_same_weights(both):
    targets = both.manifest["methods"]["forward"]["targets"]
    assert sorted(targets) == [CPU.name, CUDA.name]
    target = targets[CUDA.name]
    assert (target["device"], target["machine"], target["system"]) == ("cuda", "x86_64", "linux")
    assert target["cuda"]["compute_capability"] == "8.0" and target["cuda"]["ptx"] == "8.0"
    assert target["cuda"]["machine_code"] == [] and target["cuda"]["kernels"] >= 2
    assert target["cuda"]["shared_bytes"] <= 99 * 1024
    used = [set(target["constants"].values()) for target in targets.values()]
    assert used[0] == used[1] == set(both.manifest["tensors"])
    assert both.manifest["tensors"]["0.weight"]["dtype"] == "bfloat16"
    weights = Counter(both.read(name) for name in both.names() if name.startswith("data/weights/weight_"))
    assert weights and set(weights.values()) == {1}


def test_the_runtime_skips_targets_of_devices_that_it_does_not_have(both):
    assert CUDA.name in hearth("inspect", both.path).stdout
    done = hearth("verify", both.path)
    assert done.returncode == 0 and f"forward@{CPU.name}" in done.stdout, done.stderr
    done = hearth("verify", both.path, "--target", CUDA.name)
    assert done.returncode == 4 and "for device cuda, not cpu" in done.stderr


def test_code_for_each_device_is_what_it_is_without_the_other():
    model, args, shapes = made()
    method = trace("forward", Method(model, args, dynamic_shapes=shapes), {})
    tables = [table.patterns for table in (*joint_graph.pass_patterns, *post_grad.pass_patterns)]
    before = generate(method.program, CPU)
    sizes = [sum(map(len, table.values())) for table in tables]
    gpu, after, again = (generate(method.program, target) for target in (CUDA, CPU, CUDA))
    assert (before.wrapper, before.kernel) == (after.wrapper, after.kernel)
    assert (gpu.wrapper, gpu.gpu_kernels) == (again.wrapper, again.gpu_kernels)
    assert [sum(map(len, table.values())) for table in tables] == sizes
    assert not before.gpu_kernels and gpu.gpu_kernels
    assert gpu.constants.keys() == before.constants.keys()
    assert all(gpu.constants[name] is before.constants[name] for name in before.constants)


@pytest.mark.parametrize(
    ("dtype", "weight"), [(None, torch.bfloat16), (torch.float16, torch.float16), (torch.float32,) * 2]
)
def test_products_are_in_bfloat16_unless_asked_otherwise(dtype, weight):
    from hearth.export.api import default_dtype

    dtype = dtype or default_dtype(select_targets("cpu,cuda"))
    program = trace("forward", Method(nn.Linear(64, 8).eval(), (torch.randn(2, 64),)), {}, dtype).program
    assert program.state_dict["weight"].dtype == weight
    assert default_dtype(select_targets("all")) == torch.float32


def generated(module, args=(), kwargs=None, shapes=None, dtype=torch.bfloat16):
    method = trace("forward", Method(module, args, kwargs, shapes), {}, dtype)
    sources = generate(method.program, CUDA)
    gate.check_sources(sources, method, CUDA, gate.runtime_symbols("x86_64"))
    for kernel in sources.gpu_kernels:
        check_kernel(kernel, SM_80)
    assembled(sources.gpu_kernels, ())
    return sources


def called(sources) -> Counter:
    return Counter(re.findall(r"(?<!AOTITorchError )\baoti_torch_cpu_(\w+)\(", sources.wrapper))


def test_convolutions_and_layers_are_the_runtimes():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
            self.second = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8))
            self.head = nn.Linear(8, 5)

        def forward(self, x):
            x = nn.functional.max_pool2d(self.first(x), 2)
            return self.head(torch.relu(x + self.second(x)).mean((2, 3)))

    shapes = ({0: torch.export.Dim("n", min=1, max=64)},)
    sources = generated(Net().eval(), (torch.randn(2, 3, 16, 16),), shapes=shapes)
    assert called(sources) == {"hearth_conv2d": 2, "hearth_linear": 1}


def test_a_language_model_is_kernels_and_the_runtimes_layers():
    transformers = pytest.importorskip("transformers")
    from hearth.export.language_model import Decoder, decode_method

    config = transformers.Gemma3TextConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        query_pre_attn_scalar=16,
        layer_types=["sliding_attention", "full_attention"],
        sliding_window=8,
    )
    torch.manual_seed(0)
    method = decode_method(Decoder(transformers.Gemma3ForCausalLM(config).eval(), 512))
    sources = generated(method.module, method.args, shapes=method.dynamic_shapes)
    calls = called(sources)
    assert calls["hearth_attention"] == 2 and calls["hearth_linear"] >= 8
    assert not set(calls) - {"hearth_attention", "hearth_linear"}


class Attention(nn.Module):
    def __init__(self, first):
        super().__init__()
        self.first = first

    def forward(self, x):
        mask = None
        if self.first is not None:
            mask = (torch.arange(x.shape[2]) >= self.first).view(1, 1, 1, -1).expand(x.shape[0], 1, x.shape[2], -1)
        return nn.functional.scaled_dot_product_attention(x, x * 2, x + 1, mask).transpose(1, 2).flatten(1)


@pytest.mark.parametrize(("first", "mask"), [(None, "nullptr"), (0, "nullptr"), (1, "&temporary_reference")])
def test_attention_is_the_runtimes_without_masks_that_hide_nothing(first, mask):
    shapes = ({0: torch.export.Dim("n", min=1, max=8)},)
    sources = generated(Attention(first), (torch.randn(2, 4, 9, 16),), shapes=shapes)
    name = "_scaled_dot_product_flash_attention_for_cpu"
    assert called(sources) == {name: 1}
    assert re.findall(rf"aoti_torch_cpu_{name}\(\w+, \w+, \w+, 0\.0, 0, ([&\w]+)", sources.wrapper) == [mask]


def test_answers_of_attention_lie_in_memory_as_the_graph_was_traced():
    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.MultiheadAttention(16, 2)

        def forward(self, x, y):
            return self.layer(x, y, y, need_weights=False)[0]

    batch = torch.export.Dim("batch", min=1, max=16)
    sources = generated(Layer().eval(), (torch.randn(5, 3, 16), torch.randn(7, 3, 16)), shapes=({1: batch}, {1: batch}))
    assert called(sources)["_scaled_dot_product_flash_attention_for_cpu"] == 1


def test_indices_from_data_cannot_leave_their_tensor():
    class Rows(nn.Module):
        def forward(self, table, index):
            return table[index] * 2

    sources = generated(Rows(), (torch.randn(10, 4), torch.tensor([1, -2, 3])), dtype=torch.float32)
    [kernel] = sources.gpu_kernels
    assert not re.search(r"assertfail|trap", kernel.ptx)
    assert re.search(r"\bmin\.s64", kernel.ptx) and re.search(r"\bmax\.s64", kernel.ptx)


@pytest.mark.parametrize(
    ("ptx", "shared", "message"),
    [
        (".version 8.7\n.target sm_80\n", 0, "not PTX of version 8.0 or older"),
        (".version 8.0\n.target sm_90a\n", 0, "not for sm_80"),
        (".version 8.0\n.target sm_80\n", 99 * 1024 + 1, "shared memory"),
        (".version 8.0\n.target sm_80\n.extern .func __assertfail\n(\n);\n", 0, "calls __assertfail"),
    ],
)
def test_kernels_that_other_gpus_could_not_run_are_refused(ptx, shared, message):
    with pytest.raises(ExportError, match=f"the kernel k .*{message}"):
        check_kernel(Kernel("k", ptx, shared, 4), SM_80)


SCALE = """.version 8.0
.target sm_80
.address_size 64
.visible .entry scale(.param .u64 p)
{
\t.reg .b64 %rd<2>;
\tld.param.b64 %rd1, [p];
\tret;
}
"""


def test_machine_code_lies_beside_ptx(tmp_path):
    [kernel] = assembled([Kernel("scale", SCALE, 0, 4)], parse_architectures("80,90"))
    assert sorted(kernel.machine_code) == [80, 90]
    image = packed(kernel)
    assert struct.unpack_from("<I", image)[0] == 0xBA55ED50
    from triton import knobs

    (tmp_path / "k.fatbin").write_bytes(image)
    for option, names in (("--list-elf", ["sm_80", "sm_90"]), ("--list-ptx", ["sm_80"])):
        command = [knobs.nvidia.cuobjdump.path, option, "k.fatbin"]
        listed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        assert re.findall(r"\.(sm_\d+)\.", listed) == names


def test_what_ptxas_refuses_is_named():
    with pytest.raises(ExportError, match=r"ptxas refuses the kernel scale for sm_80: .*line 7"):
        assembled([Kernel("scale", SCALE.replace("ld.param", "ld.nothing"), 0, 4)], ())


@pytest.mark.parametrize("text", ["", "sm_80", "70", "80;90"])
def test_architectures_that_are_not_known_are_refused(text):
    with pytest.raises(ExportError, match="give ptx, common, or some of 80, 86"):
        parse_architectures(text)
