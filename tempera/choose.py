"""What checkpoints and defaults are chosen on: styles in use, of pairs that training saw. Never on held-out pairs.

    python -m tempera.choose 0.25,1 0.25,1.5 0,1                      # of the shipped weights
    python -m tempera.choose --weights .cache/tempera/run-restyled/ema.pt 0.25,1

Each setting is an adherence and a guidance scale. For each and for every kind of case of ``evaluate``'s styles in use, drawn
by another lot (a few may be the same), one line: how often the judge sees the asked style and the asked thing (percent), and how far the picture
is from what was composed (root mean square of premultiplied colour, 0 to 1). Things in their own hand are to stay near it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from tempera import data, in_use, judge
from tempera.batches import Stock
from tempera.export import load
from tempera.reference import Network, Told

DRAW = 77  # the evaluation's lot is 5


def network_of(weights: Path) -> Network:
    """A checkpoint as the road wants it, in bf16 as it trains."""
    model, _ = load(weights)
    model.to(memory_format=torch.channels_last)

    def one(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array))[None]

    def run(noisy: np.ndarray, t: float, told: Told) -> np.ndarray:
        with torch.autocast("cpu", torch.bfloat16):
            x = model(
                one(noisy), torch.tensor([t], dtype=torch.float32), one(told.guide), torch.tensor([told.tokens]),
                one(told.style), one(told.look),
            )  # fmt: skip
        return x.float()[0].numpy()

    return run


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", nargs="+", metavar="ADHERENCE,GUIDANCE")
    parser.add_argument("--weights", type=Path, help="an ema.pt; the shipped network when not given")
    parser.add_argument("--count", type=int, default=48, help="pictures of each kind")
    options = parser.parse_args()
    torch.set_num_threads(2)
    critic, state = judge.load(data.HERE / "judge.pt")
    words = in_use.Words(critic, state["classes"], Stock(data.DATA, backdrops=17, side=64))
    if options.weights:
        words.road.network = network_of(options.weights)
    for setting in options.settings:
        adherence, guidance = (float(part) for part in setting.split(","))
        words.road.manifest["defaults"] |= {"adherence": adherence, "guidance": guidance}
        for kind, found in words.hands(options.count, DRAW).items():
            style, top5 = (found[k]["percent"] for k in ("style", "top5"))
            print(
                f"{setting:10} {kind:24} style {style:5.1f}  top-5 {top5:5.1f}  off {found['from_composed']}",
                flush=True,
            )


if __name__ == "__main__":
    main()
