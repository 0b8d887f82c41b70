"""What the PyTorch peers share: the precision of products, a training step's end, and the clock."""
import statistics
import time

import torch

WARM_UP = 10
BURSTS = 5
STEPS = 10


def prepare(precision):
    torch.manual_seed(1)
    tf32 = precision != "fp32"
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32


def print_speed(model, mode, precision, units, loss_of):
    """Trains with fused AdamW and clipping at 1 and prints the median of `units` (of a step) per second.

    loss_of(run, i): the loss of step i, computed by calling run, the model or its compiled form.
    """
    run = torch.compile(model) if mode == "compile" else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)

    def step(i):
        with torch.autocast("cuda", torch.bfloat16, enabled=precision == "bf16"):
            loss = loss_of(run, i)
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
        speeds.append(STEPS * units / (time.perf_counter() - start))
    print(round(statistics.median(speeds)))
