"""The network in torch: frozen e5 embeddings, the first layers of its encoder, one linear layer on top."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention
from training.pii.e5 import E5, WIDTH, dequantised

from leitstand.privacy.tagging.labels import LABELS

HEADS, INNER, EPSILON = 12, 1536, 1e-12


class Layer(nn.Module):
    """One BERT layer, norm after addition; q, k and v in one matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH, EPSILON), nn.LayerNorm(WIDTH, EPSILON)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """x: (batch, length, 384); mask: (batch, 1, 1, length), true where there is text."""
        b, n, _ = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        mixed = scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(b, n, WIDTH)
        x = self.norm1(x + self.out(mixed))
        return self.norm2(x + self.down(gelu(self.up(x))))


class Tagger(nn.Module):
    """ids (batch, length) → logits (batch, length, labels)."""

    def __init__(self, layers: int, vocabulary: Path) -> None:
        super().__init__()
        with np.load(vocabulary) as stored:
            blocks = stored["blocks"]
        words = dequantised(blocks.reshape(-1, 18)).reshape(len(blocks), WIDTH)
        self.words = nn.Embedding.from_pretrained(torch.from_numpy(words), freeze=True)
        self.places = nn.Parameter(torch.zeros(512, WIDTH))
        self.norm = nn.LayerNorm(WIDTH, EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.head = nn.Linear(WIDTH, len(LABELS))

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        x = self.words(ids) + self.places[: ids.shape[1]]
        x = self.norm(x)
        for layer in self.layers:
            x = layer(x, mask)
        return self.head(x)

    @torch.no_grad()
    def start_from(self, model: E5) -> None:
        """Take over the weights of multilingual-e5-small, the type embedding added to the places."""
        t = {name: torch.from_numpy(value.copy()) for name, value in model.tensors.items()}
        self.places.copy_(t["emb.pos"].view(-1, WIDTH)[:512] + t["emb.type"].view(-1, WIDTH)[0])
        self.norm.weight.copy_(t["emb.ln.w"]), self.norm.bias.copy_(t["emb.ln.b"])
        for number, layer in enumerate(self.layers):
            p = f"l{number}."
            layer.qkv.weight.copy_(torch.cat([t[f"{p}{n}.w"].view(WIDTH, WIDTH) for n in "qkv"]))
            layer.qkv.bias.copy_(torch.cat([t[f"{p}{n}.b"] for n in "qkv"]))
            for target, name, shape in (
                (layer.out, "ao", (WIDTH, WIDTH)), (layer.up, "fi", (INNER, WIDTH)), (layer.down, "fo", (WIDTH, INNER)),
            ):  # fmt: skip
                target.weight.copy_(t[f"{p}{name}.w"].view(shape))
                target.bias.copy_(t[f"{p}{name}.b"])
            for norm, name in ((layer.norm1, "aln"), (layer.norm2, "oln")):
                norm.weight.copy_(t[f"{p}{name}.w"])
                norm.bias.copy_(t[f"{p}{name}.b"])
