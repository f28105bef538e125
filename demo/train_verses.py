"""Trains the demo's language model: a small Gemma3 on the King James Bible, whose text is in the public domain.

Writes the checkpoint folder `demo/verses` (config, weights in bfloat16, tokenizer: a plain Hugging Face folder that
`python -m hearth.export` recognises by itself) and `demo/jonah.txt`, a book that it was not trained on. The text comes
from the Debian packages bible-kjv and bible-kjv-text. Takes about half an hour on two cores.

usage: python demo/train_verses.py
"""

import math
import re
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, PreTrainedTokenizerFast

HERE = Path(__file__).parent
FOLDER = HERE / "verses"
HELD_OUT_BOOK = "Jonah"
HELD_OUT_FILE = HERE / "jonah.txt"
VOCABULARY = 2048
CONTEXT = 256
BATCH = 16
STEPS = 900
WARM_UP_STEPS = 40
HIGHEST_RATE = 3e-3


def read_chapters() -> dict[str, list[str]]:
    """Chapters of each book as text, a verse a line, as Debian's `bible` program prints them."""
    command = ["bible", "-f", "Gen1:1-Rev22:21"]
    try:
        printed = subprocess.run(command, input="q\n", capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        sys.exit("The text comes from two Debian packages: apt-get install bible-kjv bible-kjv-text")
    verses = re.findall(r"^(\d?[A-Z][A-Za-z]*)(\d+):\d+ +(.+)$", printed, re.MULTILINE)
    books: dict[str, list[str]] = {}
    for (book, _), chapter in groupby(verses, key=lambda verse: verse[:2]):
        books.setdefault(book, []).append("".join(f"{text.strip()}\n" for _, _, text in chapter))
    return books


def train_tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    """Byte pairs with a fallback to single bytes, as Gemma's."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>"]
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex("\n"), "isolated"),
            pre_tokenizers.Split("\u2581", "merged_with_next"),
            pre_tokenizers.Punctuation("isolated"),
        ]
    )
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[*special, *(f"<0x{byte:02X}>" for byte in range(256))],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", tokenizer.token_to_id("<bos>"))]
    )
    names = {"pad_token": "<pad>", "eos_token": "<eos>", "bos_token": "<bos>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=1024, **names)


def make_model(tokenizer: PreTrainedTokenizerFast) -> Gemma3ForCausalLM:
    config = Gemma3TextConfig(
        vocab_size=len(tokenizer),
        hidden_size=256,
        intermediate_size=608,
        num_hidden_layers=5,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=64,
        query_pre_attn_scalar=64,
        sliding_window=128,
        layer_types=["sliding_attention", "sliding_attention", "full_attention", "sliding_attention", "full_attention"],
        max_position_embeddings=1024,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=True,
    )
    return Gemma3ForCausalLM(config)


def rate_of(step: int) -> float:
    """The learning rate as part of the highest: a rise, then half a wave of cosine down to nothing."""
    if step < WARM_UP_STEPS:
        return (step + 1) / WARM_UP_STEPS
    return 0.5 * (1 + math.cos(math.pi * (step - WARM_UP_STEPS) / (STEPS - WARM_UP_STEPS)))


def loss_of(model: Gemma3ForCausalLM, tokens: torch.Tensor) -> torch.Tensor:
    """Mean surprise, in nats, of each token [batch, count] by those before it."""
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(input_ids=tokens[:, :-1], use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), tokens[:, 1:].flatten())


def train(model: Gemma3ForCausalLM, tokens: torch.Tensor) -> None:
    generator = torch.Generator().manual_seed(0)
    matrices = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=HIGHEST_RATE, betas=(0.9, 0.95))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate_of)
    window = torch.arange(CONTEXT + 1)
    total = 0.0
    for step in range(1, STEPS + 1):
        starts = torch.randint(0, len(tokens) - CONTEXT, (BATCH, 1), generator=generator)
        loss = loss_of(model, tokens[starts + window])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        total += loss.item()
        if step % 25 == 0:
            print(f"step {step} of {STEPS}: loss {total / 25:.3f}", flush=True)
            total = 0.0


def main() -> None:
    torch.manual_seed(0)
    books = read_chapters()
    held_out = "".join(books.pop(HELD_OUT_BOOK))
    chapters = [chapter for book in books.values() for chapter in book]
    tokenizer = train_tokenizer(chapters)
    model = make_model(tokenizer)
    print(f"{model.num_parameters():,} parameters, {len(tokenizer)} tokens")
    tokens = torch.tensor([token for ids in tokenizer(chapters)["input_ids"] for token in ids])
    print(f"{len(tokens):,} tokens of {len(chapters)} chapters")
    model.train()
    train(model, tokens)
    model.eval().to(torch.bfloat16)
    with torch.no_grad():
        text = torch.tensor(tokenizer(held_out)["input_ids"])[:1024]
        print(f"perplexity of {HELD_OUT_BOOK}: {loss_of(model, text.unsqueeze(0)).exp():.2f}")
    model.save_pretrained(FOLDER)
    tokenizer.save_pretrained(FOLDER)
    HELD_OUT_FILE.write_text(held_out)


if __name__ == "__main__":
    main()
