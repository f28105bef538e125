"""Small text encoders with tokenizers of their own, and the vectors that transformers makes with them."""

import json
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

SMALL = {
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 130,
    "type_vocab_size": 2,
}
NARROW = {"embedding_size": 16}
# Of a class: its tokenizer, how its vectors are pooled, and what it wants beside SMALL, or instead of it.
ENCODERS = {
    "Bert": ("wordpiece", "mean", {}),
    "Roberta": ("bytes", "cls", {}),
    "XLMRoberta": ("unigram", "mean", {}),
    "DistilBert": ("wordpiece", "last", {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64}),
    "MPNet": ("wordpiece", "mean", {}),
    "Electra": ("wordpiece", "cls", NARROW),
    "Albert": ("unigram", "mean", NARROW),
    "DebertaV2": (
        "unigram",
        "mean",
        {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 8},
    ),
    "ModernBert": ("bytes", "mean", {"global_attn_every_n_layers": 2, "local_attention": 6}),
    "NomicBert": ("wordpiece", "mean", {}),
    "EuroBert": ("bytes", "mean", {"num_key_value_heads": 2}),
    "T5": ("unigram", "mean", {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4}),
    "Qwen3": ("bytes", "last", {"num_key_value_heads": 2, "head_dim": 8}),
}
SPECIAL = ["<pad>", "<unk>", "<s>", "</s>", "<mask>"]
CORPUS = ["the hearth is warm and the cat sits on the mat", "where is the hearth", "a dog ran through the rain"] * 20
TEXTS = [
    "The cat sits on the mat.",
    "",
    "where is the hearth",
    "Grüße aus Köln, 你好 👋🏽 e\u0301\u200d\ufeff",
    "the cat sits on the mat and " * 3,
    "The cat sits on the mat.",
    "x",
]


def train_tokenizer(kind: str) -> Tokenizer:
    """A tokenizer of a kind, trained on CORPUS, which puts <s> before a text and </s> after it."""
    if kind == "wordpiece":
        tokenizer = Tokenizer(models.WordPiece(unk_token="<unk>"))
        tokenizer.normalizer = normalizers.BertNormalizer()
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.decoder = decoders.WordPiece()
        trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=SPECIAL, show_progress=False)
    elif kind == "bytes":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=300, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
        )
    else:
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.normalizer = normalizers.NFKC()
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.decoder = decoders.Metaspace()
        trainer = trainers.UnigramTrainer(
            vocab_size=150, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False
        )
    tokenizer.train_from_iterator(CORPUS, trainer)
    ends = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    return tokenizer


def make_encoder(name: str, folder: Path) -> None:
    """A folder with the class, of random weights, large enough for each token to matter, and its tokenizer."""
    kind, _, wanted = ENCODERS[name]
    numbers = {f"{name}_token_id": SPECIAL.index(token) for name, token in NAMES.items()}
    config = getattr(transformers, f"{name}Config")(**SMALL | numbers | wanted)
    auto = transformers.AutoModelForTextEncoding if name == "T5" else transformers.AutoModel
    torch.manual_seed(0)
    model = auto.from_config(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.2)
            else:
                parameter.add_(torch.randn_like(parameter) * 0.05)
    model.save_pretrained(folder)
    tokens = {f"{name}_token": token for name, token in NAMES.items()}
    transformers.PreTrainedTokenizerFast(tokenizer_object=train_tokenizer(kind), **tokens).save_pretrained(folder)


NAMES = {"pad": "<pad>", "bos": "<s>", "eos": "</s>", "cls": "<s>", "sep": "</s>", "mask": "<mask>"}


def write_modules(folder: Path, pooling: str, normalizes: bool = True) -> None:
    """The files in which sentence-transformers says how vectors are made."""
    kinds = ["Transformer", "Pooling", "Normalize"][: 3 if normalizes else 2]
    paths = ["", "1_Pooling", "2_Normalize"]
    modules = [
        {"idx": i, "name": str(i), "path": paths[i], "type": f"sentence_transformers.models.{kind}"}
        for i, kind in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir(exist_ok=True)
    modes = {"mean": "mean_tokens", "cls": "cls_token", "last": "lasttoken"}
    settings = {f"pooling_mode_{mode}": name == pooling for name, mode in modes.items()}
    settings |= {"word_embedding_dimension": 32, "pooling_mode_max_tokens": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(settings))


def load(folder: Path) -> tuple[torch.nn.Module, transformers.PreTrainedTokenizerBase]:
    """The folder's model, which attends as transformers itself does, and its tokenizer."""
    kind = json.loads((folder / "config.json").read_text())
    is_half = kind["architectures"][0].endswith("EncoderModel")
    auto = transformers.AutoModelForTextEncoding if is_half else transformers.AutoModel
    model = auto.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32)
    return model.eval(), transformers.AutoTokenizer.from_pretrained(folder)


def pooled(folder: Path, texts: list[str], pooling: str, normalizes: bool = True) -> torch.Tensor:
    """What sentence-transformers makes of each text, alone."""
    model, tokenizer = load(folder)
    vectors = []
    for text in texts:
        tokens = torch.tensor([tokenizer(text, split_special_tokens=True)["input_ids"]])
        with torch.no_grad():
            states = model(input_ids=tokens, attention_mask=torch.ones_like(tokens)).last_hidden_state[0]
        vector = {"mean": states.mean(0), "cls": states[0], "last": states[-1]}[pooling]
        vectors.append(torch.nn.functional.normalize(vector, dim=0) if normalizes else vector)
    return torch.stack(vectors)
