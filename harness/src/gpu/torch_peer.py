"""Trains the same GPT in PyTorch on random tokens and prints its tokens per second.

usage: torch_peer.py WIDTH DEPTH HEADS CONTEXT BATCH VOCABULARY fp32|tf32|bf16 eager|compile

GELU, tied readout, biases, fused AdamW, attention by scaled_dot_product_attention, clipping at 1.
"""
import sys

import torch
from torch import nn
from torch.nn import functional as F

import torch_bench


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x):
        batch, time_, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, time_, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(batch, time_, width))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self, width, depth, heads, context, vocabulary):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width)

    def forward(self, ids, targets):
        x = self.tokens(ids) + self.positions.weight[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        logits = self.norm(x) @ self.tokens.weight.T
        return F.cross_entropy(logits.float().flatten(0, 1), targets.view(-1))


def main(width, depth, heads, context, batch, vocabulary, precision, mode):
    torch_bench.prepare(precision)
    model = Gpt(width, depth, heads, context, vocabulary).cuda()
    data = torch.randint(vocabulary, (64, batch, context + 1), device="cuda")

    def loss_of(run, i):
        sample = data[i % len(data)]
        return run(sample[:, :-1], sample[:, 1:].contiguous())

    torch_bench.print_speed(model, mode, precision, batch * context, loss_of)


main(*map(int, sys.argv[1:7]), *sys.argv[7:])
