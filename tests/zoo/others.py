"""Models without a class of their own in transformers: written here as people write them in PyTorch."""

import torch
import transformers as hf
from case import Case, lively, pictures
from torch import nn
from torch.nn import functional as F


class InvertedResidual(nn.Module):
    """MobileNetV3's block: expand, depthwise, squeeze and excite, project."""

    def __init__(self, channels: int, expanded: int, out: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.residual = channels == out and stride == 1
        self.expand = nn.Sequential(
            nn.Conv2d(channels, expanded, 1, bias=False), nn.BatchNorm2d(expanded, eps=1e-3), nn.Hardswish()
        )
        self.depthwise = nn.Sequential(
            nn.Conv2d(expanded, expanded, kernel, stride, kernel // 2, groups=expanded, bias=False),
            nn.BatchNorm2d(expanded, eps=1e-3),
        )
        self.excite = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(expanded, expanded // 4, 1),
            nn.ReLU(),
            nn.Conv2d(expanded // 4, expanded, 1),
            nn.Hardsigmoid(),
        )
        self.project = nn.Sequential(nn.Conv2d(expanded, out, 1, bias=False), nn.BatchNorm2d(out, eps=1e-3))

    def forward(self, x):
        inner = self.depthwise(self.expand(x))
        inner = self.project(F.hardswish(inner * self.excite(inner)))
        return x + inner if self.residual else inner


def mobilenet_v3() -> Case:
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1, bias=False),
        nn.BatchNorm2d(8),
        nn.Hardswish(),
        InvertedResidual(8, 16, 8, 3, 1),
        InvertedResidual(8, 24, 12, 5, 2),
        InvertedResidual(12, 36, 12, 5, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(12, 5),
    )
    return pictures(lively(network), 32, name="input", resizable=[(48, 64), (33, 47)])


class ResidualBlock(nn.Module):
    """The block of diffusion models: group norm, SiLU, convolution, twice, with the time step added between."""

    def __init__(self, channels: int, out: int, time: int = 0) -> None:
        super().__init__()
        self.first_norm, self.first = nn.GroupNorm(4, channels), nn.Conv2d(channels, out, 3, padding=1)
        self.time = nn.Linear(time, out) if time else None
        self.second_norm, self.second = nn.GroupNorm(4, out), nn.Conv2d(out, out, 3, padding=1)
        self.shortcut = nn.Conv2d(channels, out, 1) if channels != out else nn.Identity()

    def forward(self, x, time=None):
        inner = self.first(F.silu(self.first_norm(x)))
        if self.time is not None:
            inner = inner + self.time(F.silu(time))[:, :, None, None]
        return self.shortcut(x) + self.second(F.silu(self.second_norm(inner)))


class CrossAttention(nn.Module):
    """Pixels look at one another, then at a text."""

    def __init__(self, channels: int, context: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(4, channels)
        self.own = nn.MultiheadAttention(channels, 4, batch_first=True)
        self.text = nn.MultiheadAttention(channels, 4, kdim=context, vdim=context, batch_first=True)
        self.feed = nn.Sequential(nn.LayerNorm(channels), nn.Linear(channels, 4 * channels), nn.GELU())
        self.out = nn.Linear(4 * channels, channels)

    def forward(self, x, context):
        batch, channels, height, width = x.shape
        pixels = self.norm(x).flatten(2).transpose(1, 2)
        pixels = pixels + self.own(pixels, pixels, pixels, need_weights=False)[0]
        pixels = pixels + self.text(pixels, context, context, need_weights=False)[0]
        pixels = pixels + self.out(self.feed(pixels))
        return x + pixels.transpose(1, 2).reshape(batch, channels, height, width)


class DiffusionUNet(nn.Module):
    """Two levels down and up, with skips, a time step and a text."""

    def __init__(self) -> None:
        super().__init__()
        self.time = nn.Sequential(nn.Linear(16, 32), nn.SiLU(), nn.Linear(32, 32))
        self.enter = nn.Conv2d(4, 16, 3, padding=1)
        self.down = ResidualBlock(16, 16, 32)
        self.smaller = nn.Conv2d(16, 32, 3, stride=2, padding=1)
        self.middle, self.attention = ResidualBlock(32, 32, 32), CrossAttention(32, 24)
        self.larger = nn.Conv2d(32, 16, 3, padding=1)
        self.up = ResidualBlock(32, 16, 32)
        self.leave = nn.Sequential(nn.GroupNorm(4, 16), nn.SiLU(), nn.Conv2d(16, 4, 3, padding=1))

    def forward(self, sample, timestep, encoder_hidden_states):
        frequencies = torch.exp(torch.arange(8) * (-torch.log(torch.tensor(10000.0)) / 8))
        angles = timestep[:, None].float() * frequencies
        time = self.time(torch.cat([angles.cos(), angles.sin()], dim=-1))
        skip = self.down(self.enter(sample), time)
        inner = self.attention(self.middle(self.smaller(skip), time), encoder_hidden_states)
        inner = self.larger(F.interpolate(inner, size=skip.shape[-2:], mode="nearest"))
        return self.leave(self.up(torch.cat([inner, skip], dim=1), time))


def diffusion_unet() -> Case:
    def inputs(batch, height, width, words):
        return {
            "sample": torch.randn(batch, 4, height, width),
            "timestep": torch.randint(0, 1000, (batch,)),
            "encoder_hidden_states": torch.randn(batch, words, 24),
        }

    return Case(
        lively(DiffusionUNet()),
        inputs,
        (2, 16, 24, 7),
        [(1, 8, 8, 5), (3, 20, 12, 9)],
        {"sample": {0: 0, 2: 1, 3: 2}, "timestep": {0: 0}, "encoder_hidden_states": {0: 0, 1: 3}},
    )


class VaeDecoder(nn.Module):
    """From latents to a picture four times as wide."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Conv2d(4, 32, 3, padding=1)
        self.blocks = nn.ModuleList([ResidualBlock(32, 32), ResidualBlock(32, 16), ResidualBlock(16, 16)])
        self.attention_norm = nn.GroupNorm(4, 32)
        self.query, self.key, self.value, self.out = (nn.Linear(32, 32) for _ in range(4))
        self.leave = nn.Sequential(nn.GroupNorm(4, 16), nn.SiLU(), nn.Conv2d(16, 3, 3, padding=1))

    def forward(self, latents):
        x = self.blocks[0](self.enter(latents / 0.18215))
        pixels = self.attention_norm(x).flatten(2).transpose(1, 2)
        attended = F.scaled_dot_product_attention(
            self.query(pixels)[:, None], self.key(pixels)[:, None], self.value(pixels)[:, None]
        )
        x = x + self.out(attended[:, 0]).transpose(1, 2).reshape(x.shape)
        for block in self.blocks[1:]:
            x = block(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return self.leave(x).clamp(-1, 1)


def vae_decoder() -> Case:
    return pictures(lively(VaeDecoder()), 8, channels=4, name="latents", resizable=[(6, 10), (12, 8)])


class Recurrent(nn.Module):
    """An embedding, a recurrent layer in both directions, a classifier for each step."""

    def __init__(self, layer: type, layers: int) -> None:
        super().__init__()
        self.table = nn.Embedding(50, 16)
        self.layer = layer(16, 12, num_layers=layers, batch_first=True, bidirectional=True)
        self.head = nn.Linear(24, 7)

    def forward(self, tokens):
        steps, state = self.layer(self.table(tokens))
        return self.head(steps), state


def _recurrent(layer: type) -> Case:
    return Case(
        lively(Recurrent(layer, 2)),
        lambda batch, length: {"tokens": torch.randint(0, 50, (batch, length))},
        (3, 6),
        [(1, 6), (5, 6)],
        {"tokens": {0: 0}},
    )


def lstm() -> Case:
    return _recurrent(nn.LSTM)


def gru() -> Case:
    return _recurrent(nn.GRU)


class GraphNet(nn.Module):
    """Messages along edges, their mean at each node, attention over the edges of a node, a sum for each graph."""

    def __init__(self) -> None:
        super().__init__()
        self.message, self.update = nn.Linear(17, 16), nn.Linear(24, 8)
        self.score, self.head = nn.Linear(16, 1), nn.Linear(8, 3)

    def forward(self, nodes, edges, lengths, graph):
        source, target = edges[0], edges[1]
        message = F.relu(self.message(torch.cat([nodes[source], nodes[target], lengths[:, None]], dim=-1)))
        score = self.score(message).squeeze(-1)
        largest = torch.full((nodes.shape[0],), -1e9).scatter_reduce(0, target, score, "amax")
        weight = (score - largest[target]).exp()
        total = torch.zeros(nodes.shape[0]).index_add(0, target, weight)
        weight = weight / total[target].clamp(min=1e-6)
        gathered = torch.zeros(nodes.shape[0], 16).index_add(0, target, message * weight[:, None])
        nodes = nodes + torch.tanh(self.update(torch.cat([nodes, gathered], dim=-1)))
        graphs = torch.zeros(4, 8).scatter_add(0, graph[:, None].expand(-1, 8), nodes)
        return self.head(graphs), nodes


def graph_net() -> Case:
    def inputs(nodes, edges):
        return {
            "nodes": torch.randn(nodes, 8),
            "edges": torch.randint(0, nodes, (2, edges)),
            "lengths": torch.rand(edges),
            "graph": torch.randint(0, 4, (nodes,)),
        }

    dims = {"nodes": {0: 0}, "edges": {1: 1}, "lengths": {0: 1}, "graph": {0: 0}}
    return Case(lively(GraphNet()), inputs, (10, 25), [(7, 9), (30, 80)], dims)


class Tabular(nn.Module):
    """Categories through tables, numbers through a batch norm, both through an MLP."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = nn.ModuleList([nn.Embedding(size, 4) for size in (3, 10, 24)])
        self.norm = nn.BatchNorm1d(5)
        self.layers = nn.Sequential(
            nn.Linear(17, 32), nn.ReLU(), nn.BatchNorm1d(32), nn.Dropout(0.3), nn.Linear(32, 16), nn.SELU()
        )
        self.head = nn.Linear(16, 1)

    def forward(self, categories, numbers):
        embedded = [table(categories[:, i]) for i, table in enumerate(self.tables)]
        return torch.sigmoid(self.head(self.layers(torch.cat([*embedded, self.norm(numbers)], dim=1)))).squeeze(1)


def tabular() -> Case:
    def inputs(rows):
        sizes = torch.tensor([3, 10, 24])
        return {"categories": (torch.rand(rows, 3) * sizes).long(), "numbers": torch.randn(rows, 5)}

    return Case(lively(Tabular()), inputs, (4,), [(1,), (9,)], {"categories": {0: 0}, "numbers": {0: 0}})


def patch_tst() -> Case:
    config = hf.PatchTSTConfig(
        num_input_channels=3,
        context_length=32,
        patch_length=4,
        patch_stride=4,
        num_hidden_layers=2,
        d_model=16,
        num_attention_heads=4,
        ffn_dim=32,
        prediction_length=6,
    )
    return Case(
        lively(hf.PatchTSTForPrediction(config)),
        lambda batch: {"past_values": torch.randn(batch, 32, 3)},
        (2,),
        [(1,), (4,)],
        {"past_values": {0: 0}},
    )


class Branches(nn.Module):
    """One of two layers, by what the input says."""

    def __init__(self) -> None:
        super().__init__()
        self.positive, self.negative = nn.Linear(6, 6), nn.Linear(6, 6)

    def forward(self, x):
        return torch.cond(
            x.sum() > 0, lambda x: F.relu(self.positive(x)), lambda x: torch.tanh(self.negative(x)) - 1, (x,)
        )


def cond() -> Case:
    return Case(Branches().eval(), lambda rows: {"x": torch.randn(rows, 6)}, (4,), [(1,), (7,), (2,)], {"x": {0: 0}})


class FixedPoint(nn.Module):
    """A layer repeated until its answer stands still."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 6)

    def forward(self, x):
        from torch._higher_order_ops.while_loop import while_loop

        def moving(step, state):
            return (step < 20) & (state.abs().max() > 0.5)

        def move(step, state):
            return step + 1, torch.tanh(self.layer(state)) * 0.9

        return while_loop(moving, move, (torch.tensor(0), x))


def while_loop() -> Case:
    return Case(FixedPoint().eval(), lambda rows: {"x": torch.randn(rows, 6)}, (4,), [(1,), (7,)], {"x": {0: 0}})


CASES = {
    function.__name__: function
    for function in (
        *(mobilenet_v3, diffusion_unet, vae_decoder, lstm, gru, graph_net, tabular, patch_tst),
        *(cond, while_loop),
    )
}
