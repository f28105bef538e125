"""Models beyond the everyday list: rarer attention, routing, transforms, codecs and decoders."""

import torch
import transformers as hf
from case import Case, fixed, lively, pictures, sentences, sounds
from torch import nn

_SIZES = {
    "vocab_size": 99,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}


def longt5_encoder() -> Case:
    config = hf.LongT5Config(vocab_size=99, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, local_radius=4)
    return fixed(sentences(lively(hf.LongT5EncoderModel(config))))


def nystromformer() -> Case:
    config = hf.NystromformerConfig(**_SIZES, segment_means_seq_len=16, num_landmarks=4)
    return fixed(sentences(lively(hf.NystromformerModel(config)), example=16, mask=False))


def fnet() -> Case:
    return sentences(
        lively(hf.FNetModel(hf.FNetConfig(vocab_size=99, hidden_size=32, num_hidden_layers=2, intermediate_size=64))),
        mask=False,
    )


def mixtral() -> Case:
    config = hf.MixtralConfig(**_SIZES, num_key_value_heads=2, num_local_experts=4, use_cache=False)
    return sentences(lively(hf.MixtralForCausalLM(config)))


def qwen2_moe() -> Case:
    config = hf.Qwen2MoeConfig(
        **_SIZES,
        num_key_value_heads=2,
        num_experts=4,
        moe_intermediate_size=32,
        shared_expert_intermediate_size=32,
        use_cache=False,
    )
    return sentences(lively(hf.Qwen2MoeForCausalLM(config)))


def squeezebert() -> Case:
    return sentences(lively(hf.SqueezeBertModel(hf.SqueezeBertConfig(**_SIZES, embedding_size=32))))


def xlnet() -> Case:
    config = hf.XLNetConfig(vocab_size=99, d_model=32, n_layer=2, n_head=4, d_inner=64)
    return sentences(lively(hf.XLNetModel(config)))


def roformer() -> Case:
    return sentences(lively(hf.RoFormerModel(hf.RoFormerConfig(**_SIZES))))


def convbert() -> Case:
    return fixed(sentences(lively(hf.ConvBertModel(hf.ConvBertConfig(**_SIZES, embedding_size=32)))))


def mobilebert() -> Case:
    config = hf.MobileBertConfig(
        **_SIZES | {"hidden_size": 64, "embedding_size": 32, "intra_bottleneck_size": 32, "true_hidden_size": 32}
    )
    return sentences(lively(hf.MobileBertModel(config)))


def canine() -> Case:
    config = hf.CanineConfig(
        **_SIZES, downsampling_rate=4, local_transformer_stride=16, upsampling_kernel_size=4, num_hash_buckets=64
    )
    return fixed(sentences(lively(hf.CanineModel(config)), example=32, lengths=(32, 32)))


def bart() -> Case:
    config = hf.BartConfig(
        vocab_size=99,
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        use_cache=False,
    )
    return sentences(lively(hf.BartForConditionalGeneration(config)))


def opt() -> Case:
    config = hf.OPTConfig(
        vocab_size=99,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        ffn_dim=64,
        word_embed_proj_dim=32,
        use_cache=False,
    )
    return sentences(lively(hf.OPTForCausalLM(config)))


def bloom() -> Case:
    config = hf.BloomConfig(vocab_size=99, hidden_size=32, n_layer=2, n_head=4, use_cache=False)
    return sentences(lively(hf.BloomForCausalLM(config)))


def gemma2() -> Case:
    config = hf.Gemma2Config(**_SIZES, num_key_value_heads=2, head_dim=8, use_cache=False, sliding_window=8)
    return sentences(lively(hf.Gemma2ForCausalLM(config)))


def qwen3() -> Case:
    config = hf.Qwen3Config(**_SIZES, num_key_value_heads=2, head_dim=8, use_cache=False)
    return sentences(lively(hf.Qwen3ForCausalLM(config)))


def mamba() -> Case:
    config = hf.MambaConfig(vocab_size=99, hidden_size=32, num_hidden_layers=2, state_size=4, use_cache=False)
    return fixed(sentences(lively(hf.MambaForCausalLM(config)), mask=False))


def levit() -> Case:
    config = hf.LevitConfig(
        image_size=64, hidden_sizes=[16, 32, 48], num_attention_heads=[1, 2, 3], depths=[1, 1, 1], key_dim=[8, 8, 8]
    )
    return pictures(lively(hf.LevitForImageClassification(config)), 64)


def mobilevit() -> Case:
    config = hf.MobileViTConfig(
        image_size=64, hidden_sizes=[16, 24, 32], neck_hidden_sizes=[8, 8, 16, 16, 24, 24, 32], num_attention_heads=4
    )
    return pictures(lively(hf.MobileViTForImageClassification(config)), 64)


def pvt_v2() -> Case:
    config = hf.PvtV2Config(
        image_size=64,
        hidden_sizes=[8, 16, 24, 32],
        depths=[1, 1, 1, 1],
        num_attention_heads=[1, 2, 2, 4],
        mlp_ratios=[2, 2, 2, 2],
    )
    return pictures(lively(hf.PvtV2ForImageClassification(config)), 64)


def poolformer() -> Case:
    config = hf.PoolFormerConfig(hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1])
    return pictures(lively(hf.PoolFormerForImageClassification(config)), 64)


def focalnet() -> Case:
    config = hf.FocalNetConfig(
        image_size=32, embed_dim=16, depths=[1, 1], hidden_sizes=[16, 32], focal_levels=[2, 2], focal_windows=[3, 3]
    )
    return pictures(lively(hf.FocalNetForImageClassification(config)), 32)


def videomae() -> Case:
    config = hf.VideoMAEConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        image_size=32,
        patch_size=8,
        num_frames=4,
        tubelet_size=2,
    )
    return Case(
        lively(hf.VideoMAEForVideoClassification(config)),
        lambda batch: {"pixel_values": torch.randn(batch, 4, 3, 32, 32)},
        (2,),
        [(1,), (3,)],
        {"pixel_values": {0: 0}},
    )


def timesformer() -> Case:
    config = hf.TimesformerConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        image_size=32,
        patch_size=8,
        num_frames=4,
    )
    return Case(
        lively(hf.TimesformerForVideoClassification(config)),
        lambda batch: {"pixel_values": torch.randn(batch, 4, 3, 32, 32)},
        (2,),
        [(1,), (3,)],
        {"pixel_values": {0: 0}},
    )


def encodec() -> Case:
    config = hf.EncodecConfig(
        num_filters=4,
        upsampling_ratios=[4, 2],
        hidden_size=16,
        codebook_size=32,
        codebook_dim=16,
        num_lstm_layers=1,
        target_bandwidths=[48.0],
        sampling_rate=16000,
    )

    def inputs(batch, samples):
        return {"input_values": torch.randn(batch, 1, samples)}

    return Case(lively(hf.EncodecModel(config)), inputs, (2, 320), [(1, 320)], {"input_values": {0: 0}})


def wavlm() -> Case:
    config = hf.WavLMConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        conv_dim=[16, 16],
        conv_stride=[5, 4],
        conv_kernel=[10, 5],
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
    )
    return sounds(lively(hf.WavLMModel(config)))


class Translator(nn.Module):
    """torch.nn.Transformer with a causal mask."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(50, 16)
        self.transformer = nn.Transformer(16, 4, 1, 1, 32, batch_first=True)
        self.head = nn.Linear(16, 50)

    def forward(self, source, target):
        mask = nn.Transformer.generate_square_subsequent_mask(target.shape[1])
        return self.head(self.transformer(self.table(source), self.table(target), tgt_mask=mask, tgt_is_causal=True))


def translator() -> Case:
    def inputs(batch, source, target):
        return {"source": torch.randint(0, 50, (batch, source)), "target": torch.randint(0, 50, (batch, target))}

    return Case(
        lively(Translator()),
        inputs,
        (2, 9, 7),
        [(1, 5, 3), (3, 12, 15)],
        {"source": {0: 0, 1: 1}, "target": {0: 0, 1: 2}},
    )


class FourierLayer(nn.Module):
    """A Fourier neural operator's layer: the lowest frequencies mixed by a complex weight."""

    def __init__(self) -> None:
        super().__init__()
        self.lift, self.project = nn.Linear(1, 8), nn.Linear(8, 1)
        self.weight = nn.Parameter(torch.randn(8, 8, 5, dtype=torch.complex64) / 8)
        self.local = nn.Conv1d(8, 8, 1)

    def forward(self, field):
        x = self.lift(field).transpose(1, 2)
        spectrum = torch.fft.rfft(x)
        mixed = torch.zeros_like(spectrum)
        mixed[:, :, :5] = torch.einsum("bix,iox->box", spectrum[:, :, :5], self.weight)
        x = nn.functional.gelu(torch.fft.irfft(mixed, n=x.shape[-1]) + self.local(x))
        return self.project(x.transpose(1, 2))


def fourier_operator() -> Case:
    return Case(
        FourierLayer().eval(),
        lambda batch, points: {"field": torch.randn(batch, points, 1)},
        (2, 32),
        [(1, 24), (3, 40)],
        {"field": {0: 0, 1: 1}},
    )


CASES = {
    function.__name__: function
    for function in (
        *(longt5_encoder, nystromformer, fnet, mixtral, qwen2_moe),
        *(squeezebert, xlnet, roformer, convbert, mobilebert, canine, bart, opt, bloom, gemma2, qwen3, mamba),
        *(levit, mobilevit, pvt_v2, poolformer, focalnet, videomae, timesformer),
        *(encodec, wavlm, translator, fourier_operator),
    )
}
