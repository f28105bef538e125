"""Trains the demo model: a small Hugging Face ResNet on scikit-learn's handwritten digits.

Writes the checkpoint folder `demo/digits` (config, weights, preprocessing: a plain Hugging Face folder that
`python -m hearth.export` recognises by itself) and one picture of each digit, from the held-out part, into
`demo/pictures`. Takes about two minutes on two cores.

usage: python demo/train_digits.py
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from transformers import ConvNextImageProcessor, ResNetConfig, ResNetForImageClassification

HERE = Path(__file__).parent
PICTURE_SIZE = 128
MODEL_SIZE = 32
EPOCHS = 30


def picture(digit: np.ndarray) -> Image.Image:
    """An 8x8 digit with values 0..16 as a picture: dark ink on white, 128x128 RGB."""
    grey = Image.fromarray((255 - digit * 255 / 16).astype(np.uint8))
    return grey.resize((PICTURE_SIZE, PICTURE_SIZE), Image.Resampling.BICUBIC).convert("RGB")


def split_digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training images, held-out images (one fifth), training labels, held-out labels; images are [n, 8, 8]."""
    digits = load_digits()
    return train_test_split(digits.images, digits.target, test_size=0.2, random_state=0, stratify=digits.target)


def make_processor() -> ConvNextImageProcessor:
    """The preprocessing that the checkpoint folder describes."""
    return ConvNextImageProcessor(
        size={"shortest_edge": MODEL_SIZE},
        crop_pct=1.0,
        resample=Image.Resampling.BILINEAR,
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.5, 0.5, 0.5],
    )


def make_model() -> ResNetForImageClassification:
    names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    config = ResNetConfig(
        embedding_size=16,
        hidden_sizes=[16, 32, 64],
        depths=[1, 1, 1],
        layer_type="basic",
        num_labels=10,
        id2label=dict(enumerate(names)),
        label2id={name: index for index, name in enumerate(names)},
    )
    return ResNetForImageClassification(config)


def augment(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Turns, scales and shifts each picture of [n, 3, h, w] a little."""
    count = len(batch)
    angle = (torch.rand(count, generator=generator) - 0.5) * 0.5
    scale = 1 + (torch.rand(count, generator=generator) - 0.5) * 0.25
    shift = (torch.rand(count, 2, generator=generator) - 0.5) * 0.25
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    matrix = torch.stack([cos, -sin, shift[:, 0], sin, cos, shift[:, 1]], dim=1).view(count, 2, 3)
    grid = torch.nn.functional.affine_grid(matrix, list(batch.shape), align_corners=False)
    return torch.nn.functional.grid_sample(batch, grid, padding_mode="border", align_corners=False)


def train(model: ResNetForImageClassification, images: torch.Tensor, labels: torch.Tensor) -> None:
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.05)
    batches = len(images) // 64
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, total_steps=EPOCHS * batches)
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for rows in torch.randperm(len(images), generator=generator)[: batches * 64].view(batches, 64):
            logits = model(augment(images[rows], generator)).logits
            loss = torch.nn.functional.cross_entropy(logits, labels[rows], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1:2d} of {EPOCHS}: loss {total / batches:.3f}", flush=True)


def main() -> None:
    torch.manual_seed(0)
    processor, model = make_processor(), make_model()
    train_images, test_images, train_labels, test_labels = split_digits()

    def pixels(images: np.ndarray) -> torch.Tensor:
        return processor([picture(image) for image in images], return_tensors="pt")["pixel_values"]

    train(model, pixels(train_images), torch.from_numpy(train_labels))
    model.eval()
    with torch.no_grad():
        predictions = model(pixels(test_images)).logits.argmax(1).numpy()
    print(f"held-out accuracy {(predictions == test_labels).mean():.4f} on {len(test_labels)} digits")

    model.save_pretrained(HERE / "digits")
    processor.save_pretrained(HERE / "digits")
    (HERE / "pictures").mkdir(exist_ok=True)
    for label in range(10):
        index = int(np.flatnonzero(test_labels == label)[0])
        picture(test_images[index]).save(HERE / "pictures" / f"digit-{label}.png", optimize=True)


if __name__ == "__main__":
    main()
