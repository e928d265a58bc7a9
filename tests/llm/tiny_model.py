"""A model of Qwen's architecture with random weights, its own tokenizer and chat template: it answers noise, fast.

Run with a Python that has transformers: ``.venv-vllm/bin/python tests/llm/tiny_model.py FOLDER``; it downloads nothing.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TEXTS = (
    "You help people to find things in a shop. Answer in short sentences.",
    "I want something cheap, light and quiet, under 300 dollars, please.",
    "我想要便宜、轻便的，三百块以内，谢谢。",
    '{"name": "recommend_items", "arguments": {"query": "laptop", "max_price": 900, "count": 3}}',
    "<tool_call> </tool_call> <tool_response> </tool_response> <tools> </tools> system user assistant tool",
)
TEMPLATE = """\
{%- if tools %}<|im_start|>system
{% if messages[0].role == 'system' %}{{ messages[0].content }}
{% endif %}# Tools
<tools>{% for tool in tools %}
{{ tool | tojson }}{% endfor %}
</tools>
Call one so: <tool_call>{"name": "NAME", "arguments": {}}</tool_call><|im_end|>
{% elif messages[0].role == 'system' %}<|im_start|>system
{{ messages[0].content }}<|im_end|>
{% endif %}
{%- for message in messages %}{% if message.role == 'assistant' %}<|im_start|>assistant
{{ message.content or '' }}{% for call in message.tool_calls or [] %}
<tool_call>{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}</tool_call>
{%- endfor %}<|im_end|>
{% elif message.role == 'tool' %}<|im_start|>user
<tool_response>{{ message.content }}</tool_response><|im_end|>
{% elif message.role == 'user' %}<|im_start|>user
{{ message.content }}<|im_end|>
{% endif %}{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


def make(folder: Path, *, hidden: int = 64, layers: int = 2, context: int = 8192, seed: int = 7) -> Path:
    """Write config, weights and tokenizer to ``folder`` and return it; about 0.1 million parameters by default."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = _tokenizer(folder, context)
    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=hidden * 2,
        num_hidden_layers=layers,
        num_attention_heads=max(2, hidden // 32),
        num_key_value_heads=2,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=2,
        pad_token_id=0,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder, safe_serialization=True)
    # Sampled: the likeliest word of noise is the same one for ever.
    generation = {"eos_token_id": 2, "pad_token_id": 0, "do_sample": True, "temperature": 1.0}
    (folder / "generation_config.json").write_text(json.dumps(generation))
    return folder


def _tokenizer(folder: Path, context: int) -> int:
    """Train a byte-level BPE on a few lines, save it with the chat template, and return the vocabulary's size."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS * 4, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", model_max_length=context
    )
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    return -(-len(fast) // 64) * 64


if __name__ == "__main__":
    make(Path(sys.argv[1]))
