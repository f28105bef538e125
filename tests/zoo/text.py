"""Language encoders, and decoders without a cache."""

import transformers as hf
from case import Case, lively, sentences

_BERT = {
    "vocab_size": 99,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}


def bert() -> Case:
    return sentences(lively(hf.BertModel(hf.BertConfig(**_BERT))))


def bert_classifier() -> Case:
    return sentences(lively(hf.BertForSequenceClassification(hf.BertConfig(**_BERT, num_labels=3))))


def distilbert() -> Case:
    config = hf.DistilBertConfig(vocab_size=99, dim=32, n_layers=2, n_heads=4, hidden_dim=64)
    return sentences(lively(hf.DistilBertForMaskedLM(config)))


def roberta() -> Case:
    return sentences(lively(hf.RobertaForTokenClassification(hf.RobertaConfig(**_BERT))))


def deberta() -> Case:
    config = hf.DebertaConfig(**_BERT, relative_attention=True, pos_att_type=["c2p", "p2c"])
    return sentences(lively(hf.DebertaModel(config)))


def deberta_v2() -> Case:
    config = hf.DebertaV2Config(**_BERT, relative_attention=True, pos_att_type=["c2p", "p2c"], position_buckets=16)
    return sentences(lively(hf.DebertaV2Model(config)))


def mpnet() -> Case:
    return sentences(lively(hf.MPNetModel(hf.MPNetConfig(**_BERT))))


def electra() -> Case:
    return sentences(lively(hf.ElectraForPreTraining(hf.ElectraConfig(**_BERT, embedding_size=16))))


def albert() -> Case:
    return sentences(lively(hf.AlbertModel(hf.AlbertConfig(**_BERT, embedding_size=16))))


def modernbert() -> Case:
    config = hf.ModernBertConfig(**_BERT, local_attention=8, pad_token_id=0)
    return sentences(lively(hf.ModernBertForMaskedLM(config)))


def t5_encoder() -> Case:
    config = hf.T5Config(vocab_size=99, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4)
    return sentences(lively(hf.T5EncoderModel(config)))


def bart_encoder() -> Case:
    config = hf.BartConfig(vocab_size=99, d_model=32, encoder_layers=2, encoder_attention_heads=4, encoder_ffn_dim=64)
    return sentences(lively(hf.BartModel(config).get_encoder()))


def gpt2() -> Case:
    config = hf.GPT2Config(vocab_size=99, n_positions=64, n_embd=32, n_layer=2, n_head=4, use_cache=False)
    return sentences(lively(hf.GPT2LMHeadModel(config)))


def llama() -> Case:
    config = hf.LlamaConfig(**_BERT, num_key_value_heads=2, use_cache=False)
    return sentences(lively(hf.LlamaForCausalLM(config)))


CASES = {
    function.__name__: function
    for function in (
        *(bert, bert_classifier, distilbert, roberta, deberta, deberta_v2, mpnet, electra, albert, modernbert),
        *(t5_encoder, bart_encoder, gpt2, llama),
    )
}
