"""The models that engines are compared on: published sizes, seeded random weights, batch 1."""

from collections.abc import Callable

import torch
import transformers as hf
from torch import Tensor, nn


class Answer(nn.Module):
    """A Hugging Face model as a function of tensors in order, to the one tensor that it is used for."""

    def __init__(self, model: nn.Module, names: tuple[str, ...], answer: str) -> None:
        super().__init__()
        self.model, self.names, self.answer = model, names, answer

    def forward(self, *inputs):
        return getattr(self.model(**dict(zip(self.names, inputs, strict=True))), self.answer)


def _pictures(model: nn.Module) -> tuple[Answer, tuple[Tensor, ...]]:
    # Batch norms as training leaves them: fresh ones change nothing, and an engine might drop them.
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 1.5)
    return Answer(model, ("pixel_values",), "logits"), (torch.randn(1, 3, 224, 224),)


def resnet50() -> tuple[Answer, tuple[Tensor, ...]]:
    return _pictures(hf.ResNetForImageClassification(hf.ResNetConfig(num_labels=1000)))


def mobilenet_v2() -> tuple[Answer, tuple[Tensor, ...]]:
    return _pictures(hf.MobileNetV2ForImageClassification(hf.MobileNetV2Config(num_labels=1000)))


def vit_b16() -> tuple[Answer, tuple[Tensor, ...]]:
    return _pictures(hf.ViTForImageClassification(hf.ViTConfig(num_labels=1000)))


def bert_128() -> tuple[Answer, tuple[Tensor, ...]]:
    model = hf.BertModel(hf.BertConfig())
    inputs = (torch.randint(0, 30000, (1, 128)), torch.ones(1, 128, dtype=torch.int64))
    return Answer(model, ("input_ids", "attention_mask"), "last_hidden_state"), inputs


MODELS: dict[str, Callable] = {function.__name__: function for function in (resnet50, mobilenet_v2, vit_b16, bert_128)}


def make(name: str) -> tuple[Answer, tuple[Tensor, ...]]:
    """The model in evaluation mode and its inputs, the same wherever PyTorch is the same."""
    torch.manual_seed(0)
    model, inputs = MODELS[name]()
    return model.eval(), inputs
