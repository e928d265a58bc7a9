"""The sequential model's network in torch. Only training imports this file: the default install holds no torch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import nn


class Block(nn.Module):  # type: ignore[misc,unused-ignore]  # without torch it is untyped
    """Attention and a feed-forward layer, each normalised first and added to its input."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        """Make the layers."""
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the next layer's vectors, shape (batch, length, width); ``mask`` is true where a place may look."""
        batch, length, width = hidden.shape
        parts = self.qkv(self.norm1(hidden)).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        hidden = hidden + self.drop(self.out(mixed.transpose(1, 2).reshape(batch, length, width)))
        inner = self.down(nn.functional.gelu(self.up(self.norm2(hidden))))
        return torch.add(hidden, self.drop(inner))


class Network(nn.Module):  # type: ignore[misc,unused-ignore]  # as above
    """Items in order -> one vector after each of them, to be multiplied with the items' vectors."""

    def __init__(
        self,
        texts: npt.NDArray[np.float32] | None,
        items: int,
        width: int,
        blocks: int,
        heads: int,
        length: int,
        dropout: float,
    ) -> None:
        """Draw the weights; with texts, an item's vector is its own plus a projection of its text's."""
        super().__init__()
        self.own = nn.Embedding(items, width)
        self.places = nn.Embedding(length, width)
        for table in (self.own, self.places):
            nn.init.normal_(table.weight, std=0.02)
        # A copy in torch's own memory: how an array happens to lie would change the last digits of sums.
        self.register_buffer("texts", None if texts is None else torch.tensor(texts))
        self.text = None if texts is None else nn.Linear(texts.shape[1], width, bias=False)
        if self.text is not None:
            nn.init.normal_(self.text.weight, std=0.02)
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.drop = nn.Dropout(dropout)

    def items(self) -> torch.Tensor:
        """Return all items' vectors."""
        return self.own.weight if self.text is None else torch.add(self.own.weight, self.text(self.texts))

    def forward(self, rows: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
        """Return the vectors, shape (batch, length, width); ``rows`` holds -1 before short sequences."""
        length, width = rows.shape[1], items.shape[1]
        there = rows >= 0
        hidden = nn.functional.embedding(rows.clamp(min=0), items) * width**0.5
        hidden = self.drop(hidden + self.places.weight[-length:])
        causal = torch.ones(length, length, dtype=torch.bool).tril()
        itself = torch.eye(length, dtype=torch.bool)
        # A place before the sequence's begin looks at itself alone, since a softmax over nothing is no number.
        mask = ((causal & there[:, None, :]) | itself)[:, None]
        for block in self.blocks:
            hidden = block(hidden, mask)
        found: torch.Tensor = self.norm(hidden)
        return found
