#!/usr/bin/env python3
"""What the official code itself loses in bf16, beside each set of networks: bf16.json, for each result the relative
difference |a - b| / |b| (Euclidean norms) in bf16 from the set's own, which is f32. Where a tensor is one row, roundings
that fall one way or the other move that by a factor of four, so the worst of DRAWS runs is kept, between which the
weights differ by a tenth of what bf16 rounds away.

    tests/golden/official_bf16.py INTERNVL_CHECKOUT DIT_CHECKOUT [SETS]

INTERNVL_CHECKOUT is github OpenGVLab/InternVL, DIT_CHECKOUT facebookresearch/DiT; needs torch 2.11.0, transformers
4.37.2, timm 0.9.12, safetensors, einops, numpy below 2. SETS: default this folder. Each network first runs in f32 and must agree
with its set, so that a wrong use of the official code cannot pass for a loss."""
import json
import pathlib
import sys
import types

import torch
from safetensors.torch import load_file

F32_LIMIT = 1e-4
DRAWS = 16
JITTER = 3e-4  # relative; bf16 rounds by up to 3.9e-3


class Set:
    """One folder: its network, made by `build`, and what `run` gives for its inputs."""

    def __init__(self, folder, build, run):
        self.folder, self.build, self.run = folder, build, run
        self.io = load_file(folder / "io.safetensors")

    def losses(self, dtype, jitter=0.0):
        network = self.build()
        network.load_state_dict(load_file(self.folder / "model.safetensors"))
        with torch.no_grad():
            for p in network.parameters():
                p.mul_(1 + jitter * torch.randn_like(p))
            results = self.run(network.to(dtype).eval(), self.io, dtype)
        return {name: relative(value, self.io[name]) for name, value in results.items()}

    def write(self):
        exact = self.losses(torch.float32)
        worst = max(exact.values())
        assert worst < F32_LIMIT, f"{self.folder}: f32 is off by {worst}"
        torch.manual_seed(0)
        draws = [self.losses(torch.bfloat16, JITTER) for _ in range(DRAWS)]
        lost = {name: max(draw[name] for draw in draws) for name in draws[0]}
        (self.folder / "bf16.json").write_text(
            json.dumps({k: float(f"{v:.3g}") for k, v in sorted(lost.items())}, indent=1) + "\n")
        print(f"{self.folder}: {len(lost)} tensors, f32 within {worst:.1e}, bf16 loses up to {max(lost.values()):.1e}")


def relative(value, expected):
    return ((value.double() - expected.double()).norm() / expected.double().norm()).item()


def hidden_states(prefix, states, mask=None):
    return {f"{prefix}out.hidden_states.{i}": s if mask is None else s * mask[..., None] for i, s in enumerate(states)}


def run_vit(network, io, dtype):
    results = {}
    for name in [n for n in io if n.endswith(".in.pixel_values")]:
        size = name.split(".")[0]
        out = network(pixel_values=io[name].to(dtype), output_hidden_states=True)
        results |= hidden_states(size + ".", out.hidden_states)
        results[size + ".out.last_hidden_state"] = out.last_hidden_state
        results[size + ".out.pooler_output"] = out.pooler_output
    return results


def run_language(network, io, dtype):
    """Whole passes without padding: the rows of padding have no meaning."""
    results = {}
    for case in ("plain", "embeds", "long"):
        embeds = io.get(case + ".in.inputs_embeds")
        # A network of its own each: the rotary table remembers the longest call.
        out = network(input_ids=io.get(case + ".in.input_ids"),
                      inputs_embeds=None if embeds is None else embeds.to(dtype), output_hidden_states=True)
        results |= hidden_states(case + ".", out.hidden_states)
        results[case + ".out.logits"] = out.logits
    return results


def run_chat(network, io, dtype):
    network.img_context_token_id = io["in.img_context_token_id"].item()
    mask = io["in.attention_mask"]
    keep = mask[..., None]
    io["out.logits"] = io["out.logits"] * keep
    for name in [n for n in io if n.startswith("out.hidden_states")]:
        io[name] = io[name] * keep
    pixels = io["in.pixel_values"].to(dtype)
    out = network(pixel_values=pixels, input_ids=io["in.input_ids"], attention_mask=mask,
                  image_flags=io["in.image_flags"], output_hidden_states=True)
    results = hidden_states("", out.hidden_states, mask)
    return results | {"out.logits": out.logits * keep, "out.vit_embeds": network.extract_feature(pixels)}


def run_siglip(network, io, dtype):
    out = network(io["in.pixel_values"].to(dtype), output_hidden_states=True)
    return hidden_states("", out.hidden_states) | {"out.last_hidden_state": out.last_hidden_state,
                                                   "out.pooler_output": out.pooler_output}


def run_dit(network, io, dtype):
    embedder = network["t_embedder"]
    frequencies = embedder.timestep_embedding(io["in.t"], embedder.frequency_embedding_size)
    x, condition = io["in.x"].to(dtype), embedder.mlp(frequencies.to(dtype))
    results = {"out.t_embedder": condition}
    condition = condition + io["in.cond"].to(dtype)
    for i, block in enumerate(network["blocks"]):
        x = block(x, condition)
        results[f"out.hidden.{i + 1}"] = x
    return results | {"out.final": network["final_layer"](x, condition)}


def main():
    internvl, dit = (pathlib.Path(p) for p in sys.argv[1:3])
    sets = pathlib.Path(sys.argv[3] if len(sys.argv) > 3 else __file__).resolve()
    sets = sets if sets.is_dir() else sets.parent
    sys.path[:0] = [str(internvl / "internvl_chat"), str(dit)]
    from transformers import SiglipVisionConfig, SiglipVisionModel
    # Named by imports of the chat model, of no use in its forward pass.
    sys.modules["peft"] = types.SimpleNamespace(LoraConfig=None, get_peft_model=None)
    from internvl.model.internlm2 import configuration_internlm2, modeling_internlm2
    from internvl.model.internvl_chat import (InternVisionConfig, InternVisionModel, InternVLChatConfig,
                                              InternVLChatModel)
    import models as official_dit

    def config_of(folder):
        return json.loads((folder / "config.json").read_text())

    def vit(folder):
        config = InternVisionConfig(**config_of(folder))
        config.use_flash_attn = False
        return InternVisionModel(config)

    def language(folder):
        config = configuration_internlm2.InternLM2Config(**config_of(folder))
        config.attn_implementation = "eager"
        return modeling_internlm2.InternLM2ForCausalLM(config)

    def chat(folder):
        config = InternVLChatConfig(**config_of(folder))
        config.llm_config.attn_implementation = "eager"
        return InternVLChatModel(config, use_flash_attn=False)

    def blocks(folder):
        c = config_of(folder)
        width = c["hidden_size"]
        return torch.nn.ModuleDict({
            "t_embedder": official_dit.TimestepEmbedder(width, c["frequency_embedding_size"]),
            "blocks": torch.nn.ModuleList(official_dit.DiTBlock(width, c["num_heads"], c["mlp_ratio"])
                                          for _ in range(c["depth"])),
            "final_layer": official_dit.FinalLayer(width, c["patch_size"], c["out_channels"])})

    kinds = [("intern_vit/*", vit, run_vit), ("internlm2/*", language, run_language), ("internvl_chat", chat, run_chat),
             ("siglip_vision/*", lambda f: SiglipVisionModel(SiglipVisionConfig(**config_of(f))), run_siglip),
             ("dit_block", blocks, run_dit)]
    torch.set_num_threads(1)
    for pattern, build, run in kinds:
        for folder in sorted(sets.glob(pattern)):
            Set(folder, lambda: build(folder), run).write()


if __name__ == "__main__":
    main()
