"""Small and well-known networks; each function returns a module and its example inputs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

Made = tuple[nn.Module, Tensor]


class Bottleneck(nn.Module):
    def __init__(self, inner: int, middle: int, outer: int, stride: int) -> None:
        super().__init__()
        self.path = nn.Sequential(
            nn.Conv2d(inner, middle, 1, bias=False), nn.BatchNorm2d(middle), nn.ReLU(),
            nn.Conv2d(middle, middle, 3, stride, 1, bias=False), nn.BatchNorm2d(middle), nn.ReLU(),
            nn.Conv2d(middle, outer, 1, bias=False), nn.BatchNorm2d(outer),
        )  # fmt: skip
        same = stride == 1 and inner == outer
        self.short = nn.Identity() if same else nn.Conv2d(inner, outer, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.path(x) + self.short(x))


def resnet50() -> Made:
    """He et al. 2015, with the stride in the 3 x 3 convolutions."""
    blocks: list[nn.Module] = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.MaxPool2d(3, 2, 1)]
    inner = 64
    for middle, count, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for number in range(count):
            blocks.append(Bottleneck(inner, middle, 4 * middle, stride if number == 0 else 1))
            inner = 4 * middle
    whole = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))
    return whole, torch.empty(1, 3, 224, 224)


class Inverted(nn.Module):
    def __init__(self, inner: int, outer: int, stride: int, times: int) -> None:
        super().__init__()
        middle = inner * times
        first = [nn.Conv2d(inner, middle, 1, bias=False), nn.ReLU6()] if times > 1 else []
        self.path = nn.Sequential(
            *first,
            nn.Conv2d(middle, middle, 3, stride, 1, groups=middle, bias=False),
            nn.ReLU6(),
            nn.Conv2d(middle, outer, 1, bias=False),
        )
        self.same = stride == 1 and inner == outer

    def forward(self, x: Tensor) -> Tensor:
        return x + self.path(x) if self.same else self.path(x)


def mobilenet_v2() -> Made:
    """Sandler et al. 2018: 300 million multiply-accumulates."""
    blocks: list[nn.Module] = [nn.Conv2d(3, 32, 3, 2, 1, bias=False)]
    inner = 32
    for times, outer, count, stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ):  # fmt: skip
        for number in range(count):
            blocks.append(Inverted(inner, outer, stride if number == 0 else 1, times))
            inner = outer
    blocks += [nn.Conv2d(320, 1280, 1, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 1000)]
    return nn.Sequential(*blocks), torch.empty(1, 3, 224, 224)


class Vit(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 768, 16, 16)
        layer = nn.TransformerEncoderLayer(768, 12, 3072, activation="gelu", batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, 12, enable_nested_tensor=False)
        self.head = nn.Linear(768, 1000)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([torch.zeros_like(tokens[:, :1]), tokens], 1)
        return self.head(self.blocks(tokens)[:, 0])


def vit_b16() -> Made:
    """Dosovitskiy et al. 2020, on 224 x 224 pixels."""
    return Vit(), torch.empty(1, 3, 224, 224)


def bert_layer() -> Made:
    return nn.TransformerEncoderLayer(64, 4, 128, batch_first=True), torch.empty(2, 16, 64)


class LlamaBlock(nn.Module):
    def __init__(self, hidden: int, heads: int, kv_heads: int, inner: int) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.size = heads, kv_heads, hidden // heads
        self.q, self.o = nn.Linear(hidden, hidden, bias=False), nn.Linear(hidden, hidden, bias=False)
        self.k, self.v = (nn.Linear(hidden, kv_heads * self.size, bias=False) for _ in range(2))
        self.gate, self.up = (nn.Linear(hidden, inner, bias=False) for _ in range(2))
        self.down = nn.Linear(inner, hidden, bias=False)
        self.norm = nn.RMSNorm(hidden)

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, hidden = x.shape
        y = self.norm(x)
        q = self.q(y).view(batch, tokens, self.heads, self.size).transpose(1, 2)
        k = self.k(y).view(batch, tokens, self.kv_heads, self.size).transpose(1, 2)
        v = self.v(y).view(batch, tokens, self.kv_heads, self.size).transpose(1, 2)
        found = functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        x = x + self.o(found.transpose(1, 2).reshape(batch, tokens, hidden))
        y = self.norm(x)
        return x + self.down(functional.silu(self.gate(y)) * self.up(y))


def llama_block() -> Made:
    return LlamaBlock(64, 4, 2, 128), torch.empty(1, 16, 64)


def nothing() -> None:
    return None


def only_a_module() -> nn.Module:
    return nn.Linear(2, 2)


def raises() -> Any:
    raise RuntimeError("no such weights")


class Branches(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + 1 if x.sum() > 0 else x - 1


def branches_on_data() -> Made:
    return Branches(), torch.empty(2, 2)
