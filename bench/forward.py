"""Prints the median seconds of one forward of one picture of the preview network in PyTorch.

Arguments: height, width (pixels of the grid), threads. Random weights: the time does not depend on them.
"""

import json
import statistics
import sys
import time

import torch

from tempera.network import SIZES, Painter

height, width, threads = (int(a) for a in sys.argv[1:4])
torch.set_num_threads(threads)
model = Painter(SIZES["preview"], vocab=8000, styles=15).eval()
inputs = (
    torch.randn(1, 4, height, width),
    torch.full((1,), 0.5),
    torch.randn(1, 5, height, width),
    torch.zeros(1, 24, dtype=torch.int64),
    torch.zeros(1, dtype=torch.int64),
)
seconds = []
with torch.inference_mode():
    for i in range(45):
        start = time.perf_counter()
        model(*inputs)
        if i >= 5:
            seconds.append(time.perf_counter() - start)
print(json.dumps(statistics.median(seconds)))
