"""Speech encoders."""

import torch
import transformers as hf
from case import Case, lively, sounds

_WAV2VEC2 = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "conv_dim": [16, 16, 16],
    "conv_stride": [5, 4, 2],
    "conv_kernel": [10, 5, 3],
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    "vocab_size": 32,
}


def wav2vec2() -> Case:
    return sounds(lively(hf.Wav2Vec2ForCTC(hf.Wav2Vec2Config(**_WAV2VEC2))))


def hubert() -> Case:
    return sounds(lively(hf.HubertModel(hf.HubertConfig(**_WAV2VEC2, feat_extract_norm="layer"))))


def whisper_encoder() -> Case:
    config = hf.WhisperConfig(
        d_model=32,
        encoder_layers=2,
        encoder_attention_heads=4,
        encoder_ffn_dim=64,
        max_source_positions=50,
        decoder_attention_heads=4,
    )
    encoder = lively(hf.WhisperModel(config).get_encoder())
    return Case(
        encoder,
        lambda batch: {"input_features": torch.randn(batch, 80, 100)},
        (2,),
        [(1,), (3,)],
        {"input_features": {0: 0}},
    )


def audio_spectrogram_transformer() -> Case:
    config = hf.ASTConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_length=64,
        num_mel_bins=32,
    )
    return Case(
        lively(hf.ASTForAudioClassification(config)),
        lambda batch: {"input_values": torch.randn(batch, 64, 32)},
        (2,),
        [(1,), (3,)],
        {"input_values": {0: 0}},
    )


CASES = {function.__name__: function for function in (wav2vec2, hubert, whisper_encoder, audio_spectrogram_transformer)}
