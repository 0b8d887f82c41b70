"""Trains the same GPT in PyTorch on random tokens and prints its tokens per second.

usage: torch_peer.py WIDTH DEPTH HEADS CONTEXT BATCH fp32|tf32|bf16 eager|compile

Vocabulary 256, GELU, tied readout, biases, fused AdamW, attention by scaled_dot_product_attention, clipping at 1.
"""
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

VOCABULARY = 256
WARM_UP = 10
BURSTS = 5
STEPS = 10


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
    def __init__(self, width, depth, heads, context):
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, width)
        self.positions = nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width)

    def forward(self, ids, targets):
        x = self.tokens(ids) + self.positions.weight[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        logits = self.norm(x) @ self.tokens.weight.T
        return F.cross_entropy(logits.float().view(-1, VOCABULARY), targets.view(-1))


def main(width, depth, heads, context, batch, precision, mode):
    torch.manual_seed(1)
    tf32 = precision != "fp32"
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    model = Gpt(width, depth, heads, context).cuda()
    run = torch.compile(model) if mode == "compile" else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    data = torch.randint(VOCABULARY, (64, batch, context + 1), device="cuda")

    def step(i):
        sample = data[i % len(data)]
        with torch.autocast("cuda", torch.bfloat16, enabled=precision == "bf16"):
            loss = run(sample[:, :-1], sample[:, 1:].contiguous())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    for i in range(WARM_UP):
        step(i)
    speeds = []
    for _ in range(BURSTS):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for i in range(STEPS):
            step(i)
        torch.cuda.synchronize()
        speeds.append(STEPS * batch * context / (time.perf_counter() - start))
    print(round(statistics.median(speeds)))


main(*map(int, sys.argv[1:6]), *sys.argv[6:])
