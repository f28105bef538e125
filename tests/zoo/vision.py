"""Vision models, all of transformers' own code."""

import torch
import transformers as hf
from case import Case, lively, pictures
from torch import nn

_VIT = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
_VIT |= {"image_size": 32, "patch_size": 8}


def resnet() -> Case:
    config = hf.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 2], num_labels=5)
    return pictures(lively(hf.ResNetForImageClassification(config)), 32, resizable=[(48, 64), (33, 47)])


def mobilenet_v1() -> Case:
    config = hf.MobileNetV1Config(image_size=64, depth_multiplier=0.25, min_depth=4, num_labels=5)
    return pictures(lively(hf.MobileNetV1ForImageClassification(config)), 64)


def mobilenet_v2() -> Case:
    config = hf.MobileNetV2Config(image_size=64, depth_multiplier=0.25, min_depth=4, num_labels=5)
    return pictures(lively(hf.MobileNetV2ForImageClassification(config)), 64)


def efficientnet() -> Case:
    config = hf.EfficientNetConfig(
        image_size=64,
        width_coefficient=0.25,
        depth_coefficient=0.3,
        hidden_dim=320,
        num_labels=5,
    )
    return pictures(lively(hf.EfficientNetForImageClassification(config)), 64)


def convnext() -> Case:
    config = hf.ConvNextConfig(hidden_sizes=[8, 16, 16, 24], depths=[1, 1, 2, 1], num_labels=5)
    return pictures(lively(hf.ConvNextForImageClassification(config)), 64)


def convnext_v2() -> Case:
    config = hf.ConvNextV2Config(hidden_sizes=[8, 16, 16, 24], depths=[1, 1, 2, 1], num_labels=5)
    return pictures(lively(hf.ConvNextV2ForImageClassification(config)), 64)


def regnet() -> Case:
    config = hf.RegNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 2], groups_width=4, layer_type="y", num_labels=5
    )
    return pictures(lively(hf.RegNetForImageClassification(config)), 32, resizable=[(48, 64), (33, 47)])


def vit() -> Case:
    return pictures(lively(hf.ViTForImageClassification(hf.ViTConfig(**_VIT))), 32)


def deit() -> Case:
    return pictures(lively(hf.DeiTForImageClassificationWithTeacher(hf.DeiTConfig(**_VIT))), 32)


def dinov2() -> Case:
    return pictures(lively(hf.Dinov2Model(hf.Dinov2Config(**_VIT))), 32)


def beit() -> Case:
    config = hf.BeitConfig(**_VIT, use_relative_position_bias=True, use_mask_token=False)
    return pictures(lively(hf.BeitModel(config)), 32)


def swin() -> Case:
    config = hf.SwinConfig(image_size=32, patch_size=4, embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4)
    return pictures(lively(hf.SwinForImageClassification(config)), 32)


def swin_v2() -> Case:
    config = hf.Swinv2Config(image_size=32, patch_size=4, embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4)
    return pictures(lively(hf.Swinv2ForImageClassification(config)), 32)


def segformer() -> Case:
    config = hf.SegformerConfig(
        depths=[1, 1, 1, 1], hidden_sizes=[8, 16, 16, 24], num_attention_heads=[1, 2, 2, 4], decoder_hidden_size=16
    )
    return pictures(lively(hf.SegformerForSemanticSegmentation(config)), 64, resizable=[(96, 64), (128, 160)])


def dpt() -> Case:
    config = hf.DPTConfig(
        **_VIT,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        is_hybrid=False,
    )
    config.num_hidden_layers = 4
    return pictures(lively(hf.DPTForDepthEstimation(config)), 32)


def detr() -> Case:
    backbone = hf.ResNetConfig(embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1])
    backbone.out_features = ["stage4"]
    config = hf.DetrConfig(
        use_timm_backbone=False,
        use_pretrained_backbone=False,
        backbone=None,
        backbone_config=backbone,
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        num_queries=5,
    )
    return pictures(lively(hf.DetrForObjectDetection(config)), 64)


def yolos() -> Case:
    config = hf.YolosConfig(**_VIT | {"image_size": [32, 48]}, num_detection_tokens=5)
    case = pictures(lively(hf.YolosForObjectDetection(config)), 32)
    case.inputs = lambda batch: {"pixel_values": torch.randn(batch, 3, 32, 48)}
    return case


def sam_image_encoder() -> Case:
    config = hf.SamVisionConfig(
        hidden_size=32,
        output_channels=16,
        num_hidden_layers=2,
        num_attention_heads=4,
        image_size=64,
        patch_size=8,
        window_size=3,
        global_attn_indexes=[1],
        mlp_dim=64,
    )
    return pictures(lively(hf.SamVisionModel(config)), 64)


def clip() -> Case:
    config = hf.CLIPConfig(
        text_config={**_text(), "vocab_size": 99, "eos_token_id": 98, "bos_token_id": 1},
        vision_config=_VIT,
        projection_dim=16,
    )
    return _two_towers(hf.CLIPModel(config))


def siglip() -> Case:
    config = hf.SiglipConfig(text_config={**_text(), "vocab_size": 99}, vision_config=_VIT)
    return _two_towers(hf.SiglipModel(config))


def swin2sr() -> Case:
    config = hf.Swin2SRConfig(
        image_size=16, embed_dim=16, depths=[2, 1], num_heads=[2, 2], window_size=4, upscale=2, patch_size=1
    )
    return pictures(lively(hf.Swin2SRForImageSuperResolution(config)), 16)


def _text() -> dict:
    sizes = {key: value for key, value in _VIT.items() if key not in ("image_size", "patch_size")}
    return sizes | {"max_position_embeddings": 16}


class TwoTowers(nn.Module):
    """How near each text is to each picture."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids, pixel_values):
        answer = self.model(input_ids=input_ids, pixel_values=pixel_values)
        return answer.logits_per_image, answer.text_embeds, answer.image_embeds


def _two_towers(model: nn.Module) -> Case:
    def inputs(texts, images):
        ids = torch.randint(3, 97, (texts, 16))
        ids[:, -1] = 98
        return {"input_ids": ids, "pixel_values": torch.randn(images, 3, 32, 32)}

    dims = {"input_ids": {0: 0}, "pixel_values": {0: 1}}
    return Case(TwoTowers(lively(model)), inputs, (2, 3), [(1, 2), (4, 1)], dims)


CASES = {
    function.__name__: function
    for function in (
        *(resnet, mobilenet_v1, mobilenet_v2, efficientnet, convnext, convnext_v2, regnet),
        *(vit, deit, dinov2, beit, swin, swin_v2),
        *(segformer, dpt, detr, yolos, sam_image_encoder, clip, siglip, swin2sr),
    )
}
