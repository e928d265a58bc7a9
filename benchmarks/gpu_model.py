"""Models of real shape without weights: a config, and a tokenizer trained on the project's own texts.

vLLM fills them with random numbers (``--load-format dummy``): speed and memory are those of the real model, the answers
are noise.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from core.settings import CHECKOUT

SHAPES: dict[str, dict[str, Any]] = {
    # Dense models of Qwen3's architecture, as their published configurations have it.
    "8b": {"hidden_size": 4096, "num_hidden_layers": 36, "intermediate_size": 12288, "num_attention_heads": 32},
    "4b": {"hidden_size": 2560, "num_hidden_layers": 36, "intermediate_size": 9728, "num_attention_heads": 32},
    "1.7b": {"hidden_size": 2048, "num_hidden_layers": 28, "intermediate_size": 6144, "num_attention_heads": 16},
    "tiny": {"hidden_size": 64, "num_hidden_layers": 2, "intermediate_size": 128, "num_attention_heads": 2},
}
VOCABULARY = 16_000
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TEMPLATE = """\
{%- if messages[0].role == 'system' %}<|im_start|>system
{{ messages[0].content }}<|im_end|>
{% endif %}
{%- for tool in tools or [] %}<|im_start|>system
{{ tool | tojson }}<|im_end|>
{% endfor %}
{%- for message in messages %}{% if message.role != 'system' %}<|im_start|>{{ message.role }}
{{ message.content or '' }}{% for call in message.tool_calls or [] %}{{ call.function | tojson }}{% endfor %}<|im_end|>
{% endif %}{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


def make(shape: str, folder: Path, context: int = 32_768) -> Path:
    """Write config and tokenizer of a shape to a folder and return it; the weights are left out."""
    folder.mkdir(parents=True, exist_ok=True)
    tiny = shape == "tiny"
    config = {
        "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "vocab_size": 16_384 if tiny else 151_936,
        "head_dim": 32 if tiny else 128, "num_key_value_heads": 2 if tiny else 8, "hidden_act": "silu",
        "max_position_embeddings": context, "rms_norm_eps": 1e-6, "rope_theta": 1_000_000, "torch_dtype": "bfloat16",
        "tie_word_embeddings": shape != "8b", "attention_bias": False, "bos_token_id": 0, "eos_token_id": 2,
        **SHAPES[shape],
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    _tokenizer().save(str(folder / "tokenizer.json"))
    named = {
        "tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>",
        "model_max_length": context, "chat_template": TEMPLATE,
    }  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(named), encoding="utf-8")
    generation = {"eos_token_id": 2, "do_sample": True, "temperature": 1.0}
    (folder / "generation_config.json").write_text(json.dumps(generation), encoding="utf-8")
    return folder


def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    return tokenizer


def _texts() -> Iterator[str]:
    """Yield what prompts are made of: prompts, tool schemas, goods and pages of this project."""
    for pattern in ("prompts/**/*", "docs/*.md", "shops/electronics/*.csv", "agent/llm/*.py", "tools/*.py"):
        for path in sorted(CHECKOUT.glob(pattern)):
            if path.is_file():
                yield from path.read_text(encoding="utf-8", errors="replace").splitlines()
