"""Prints the fastest seconds of one forward of one picture of the house network in PyTorch, as JSON: {"fp32", "bf16"}.

Arguments: height, width (pixels of the grid), threads. Random weights: the time does not depend on them. fp32 is
PyTorch's default; bf16 is autocast, whose cast weights are kept from one forward to the next. The two take turns, so
that other work on the machine weighs on both alike.
"""

import json
import sys
import time

import torch

from tempera.network import GUIDE, SIZES, Painter

WARM_UP, RUNS, BUDGET = 3, 40, 60.0  # forwards of each kind; seconds after which no more are begun
STYLES = 30

height, width, threads = (int(a) for a in sys.argv[1:4])
torch.set_num_threads(threads)
model = Painter(SIZES["standard"], vocab=4000, styles=STYLES).eval()
inputs = (
    torch.randn(1, 4, height, width),
    torch.full((1,), 0.5),
    torch.randn(1, GUIDE, height, width),
    torch.zeros(1, model.text, dtype=torch.int64),
    torch.zeros(1, STYLES),
    torch.zeros(1, model.size.conditions),
)
seconds: dict[str, list[float]] = {"fp32": [], "bf16": []}


def forward(kind: str) -> float:
    with torch.autocast("cpu", torch.bfloat16, enabled=kind == "bf16"):
        start = time.perf_counter()
        model(*inputs)
        return time.perf_counter() - start


began = time.perf_counter()
with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):  # the outer one keeps the cast weights
    for i in range(WARM_UP + RUNS):
        for kind, times in seconds.items():
            took = forward(kind)
            if i >= WARM_UP:
                times.append(took)
        if i > WARM_UP and time.perf_counter() - began > BUDGET:
            break
print(json.dumps({kind: min(times) for kind, times in seconds.items()}))
