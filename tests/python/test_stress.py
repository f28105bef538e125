"""Models loaded and dropped a thousand times, run from many threads at once and run for long: memory given back and not
asked for again, answers right and always the same."""

import pytest
import torch
from hearth.export import Method, save
from programs import BUILD, run_program
from torch import nn

RELEASE = BUILD / "release" / "tests" / "stress" / "model_stress"
STEADY_STATE = BUILD / "release" / "tests" / "stress" / "steady_state"
WITH_THREAD_SANITIZER = BUILD / "tsan" / "tests" / "stress" / "model_stress"
NOT_HERE = 4


class Graph(nn.Module):
    """Messages between the nodes of a graph, summed where several edges meet, and one sum over everything."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(50, 64)
        self.update = nn.GRUCell(64, 64)

    def forward(self, kinds, source, target):
        state = self.table(kinds)
        messages = torch.zeros_like(state).index_add(0, target, state[source])
        state = self.update(messages, state)
        return state, state.sum(), torch.zeros(7, 64).index_put((kinds % 7,), state, accumulate=True)


class Sequence(nn.Module):
    """Two directions of an LSTM, of sequences of any length."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(24, 32, bidirectional=True, batch_first=True)

    def forward(self, x):
        return self.lstm(x)[0]


def convolutions() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, stride=2, padding=1),
        nn.GroupNorm(1, 32),
        nn.SiLU(),
        nn.Conv2d(32, 32, 3, padding=1, groups=32),
        nn.Conv2d(32, 48, 1),
        nn.MaxPool2d(2),
        nn.ConvTranspose2d(48, 16, 2, stride=2),
        nn.Flatten(),
        nn.Linear(16 * 24 * 24, 10),
        nn.Softmax(-1),
    )


def methods() -> dict[str, Method]:
    torch.manual_seed(2)
    encoder = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
    kinds, edges = torch.randint(50, (200,)), torch.randint(200, (2, 900))
    batch = torch.export.Dim("batch", min=1, max=8)
    return {
        "convolutions": Method(convolutions().eval(), (torch.randn(2, 3, 48, 48),), None, ({0: batch},)),
        "encoder": Method(encoder.eval(), (torch.randn(2, 70, 64),)),
        "graph": Method(Graph().eval(), (kinds, edges[0], edges[1])),
        "sequence": Method(Sequence().eval(), (torch.randn(3, 20, 24),)),
    }


@pytest.fixture(scope="module")
def files(resnet_archive, speech_archive):
    return resnet_archive.path, speech_archive.path


@pytest.fixture(scope="module", params=[torch.float32, torch.bfloat16], ids=["f32", "bf16"])
def several_models(request, tmp_path_factory):
    """A file with models of several kinds, whose loops are long enough to be shared among threads."""
    path = tmp_path_factory.mktemp("several") / "several.pt2"
    save(path, methods=methods(), targets="cpu-x86_64-v3", dtype=request.param)
    return path


def run_stress(mode: str, rounds: int, *files, program=RELEASE, **environment: str) -> None:
    done = run_program(program, mode, str(rounds), *files, **environment)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_thousand_loads_leave_nothing_behind(files):
    run_stress("unload", 1000, *files)


def test_eight_sessions_on_eight_threads_answer_right(files):
    run_stress("threads", 300, *files)


def test_sessions_at_once_answer_bit_for_bit_as_alone(several_models):
    run_stress("threads", 30, several_models)


def test_answers_do_not_depend_on_the_number_of_threads(several_models):
    run_stress("teams", 10, several_models)


def test_a_steady_run_asks_the_system_for_no_memory(several_models):
    done = run_program(STEADY_STATE, several_models)
    if done.returncode == NOT_HERE:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr


def test_eight_sessions_have_no_data_races(files):
    if not WITH_THREAD_SANITIZER.is_file():
        pytest.skip("the tsan preset was not built")
    run_stress("threads", 20, *files, program=WITH_THREAD_SANITIZER, TSAN_OPTIONS="halt_on_error=1")
