"""Measure the shipped weights on what training never saw, with a judge that was trained apart.

    python -m tempera.evaluate --pairs 454                # the whole table
    python -m tempera.evaluate --pairs 120 --ablations 40
    python -m tempera.evaluate --parts "in use" h3        # these alone; the others keep what was measured before

* h1, ablations: held-out (concept, style) pairs. The painter gets the drawing of the concept that the composer would take,
  of another hand, the label and the asked style. The judge says which concept and which style it sees. Beside it: the judge
  on the true drawings (ceiling), on the reference alone, and on another pair's picture (floor). With the default also copying:
  distance to the nearest training drawing over that to the second nearest (32 px planes), below 1/3 counts as a copy, beside
  the same for the true held-out drawings; and the Fréchet distance of the judge's features, beside real halves against each
  other ("own features", not FID).
* h2: concepts that training never saw in any style, from words, with and without something to look at.
* contours: share of the given lines that the picture has, and of its lines that were given (F1, two pixels apart).
* in use: things painted from words in styles of which the library has a drawing, of which it has to take another hand's, and
  in programmatic ones. The pairs are not held out.
* h3: scenes read, composed and painted from words alone: counts by connected shapes, colours by nearest colour word,
  relations by which shape the judge takes for which thing.
* engine: what the Go engine's tests measure with these weights: the seam of repeating pictures, the error outside a mask;
  and the time a picture takes here.

Everything but "engine" runs through ONNX Runtime on the files of ``tempera/weights``. Shares have a 95 % interval (Wilson).
Nothing is picked. Writes ``tempera/weights/evaluation.json`` and a sheet.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

import torch

from tempera import data, judge, reference
from tempera.batches import Stock
from tempera.export import renew_checksums
from tempera.held_out import Pairs, Setting, Shipped, drawn_to_contours
from tempera.in_use import Scenes, Words
from tempera.measures import frechet, gallery_of, seen
from tempera.samples import picture_grid
from tempera.words import WEIGHTS

SETTINGS = (
    Setting("default"), Setting("adherence 0", adherence=0.0), Setting("adherence 0.5", adherence=0.5),
    Setting("adherence 1", adherence=1.0), Setting("guidance 1.5", guidance=1.5), Setting("text only", reference=False),
)  # fmt: skip
PARTS = ("h1", "ablations", "h2", "contours", "in use", "h3", "engine")


def evaluate(options: argparse.Namespace) -> dict[str, Any]:
    """What the asked parts measured; rows of H1 that were not asked for are missing."""
    critic, state = judge.load(options.judge)
    stock = Stock(options.pack, backdrops=17, side=64)
    result: dict[str, Any] = {}
    settings = [s for s in SETTINGS if ("h1" if s.name == "default" else "ablations") in options.parts]
    if settings or "contours" in options.parts:
        shipped, pairs = Shipped(), Pairs(stock, critic, state["classes"], options.pairs)
        if settings:
            result |= pairs_scored(shipped, pairs, settings, options)
        if "contours" in options.parts:
            result["contours"] = drawn_to_contours(shipped, pairs, min(len(pairs.rows), options.contours))
    words = Words(critic, state["classes"], stock)
    if "h2" in options.parts:
        result["h2"] = words.unseen(options.hands)
    if "in use" in options.parts:
        result["in use"] = words.hands(options.hands)
    if "h3" in options.parts:
        result["h3"] = Scenes(critic, state["classes"], stock).run(options.scenes)
    if "engine" in options.parts:
        result["engine"] = engine() | {"seconds": seconds(words.road)}
    return result


def engine() -> dict[str, float]:
    """Numbers that a test of the Go engine logs as "measured NAME VALUE"."""
    command = ["go", "test", "-count=1", "-v", "-run", "TestTrained/(seam|mask)", "./internal/engine/tempera"]
    done = subprocess.run(command, cwd=data.HERE.parent, capture_output=True, text=True, check=True)
    found = {name: float(value) for name, value in re.findall(r"measured (\w+) ([\d.]+)", done.stdout)}
    if not found:
        raise SystemExit(f"{' '.join(command)} measured nothing:\n{done.stdout}")
    return found


def seconds(road: reference.Road, count: int = 8) -> float:
    """Median time of a 256 px picture at the defaults, one at a time, with ONNX Runtime's own number of threads."""
    times = []
    for seed in range(count):
        begun = time.monotonic()
        road.paint("a red fox", seed=seed)
        times.append(time.monotonic() - begun)
    return round(statistics.median(times), 3)


def pairs_scored(
    shipped: Shipped, pairs: Pairs, settings: list[Setting], options: argparse.Namespace
) -> dict[str, Any]:
    """H1 at these settings; at the default also copies and features."""
    asked, n = shipped.asked(pairs.batch), len(pairs.rows)
    true, given = pairs.batch.target, pairs.batch.guide[:, :4]
    rows: dict[str, Any] = {}
    shown, default = [given[:16]], None
    for setting in settings:
        count = n if setting.name == "default" else min(n, options.ablations)
        part = asked.part(slice(0, count))
        parts = [
            shipped.paint(part.part(slice(i, i + 8)), setting, i, pairs.styled[i : i + 8][: count - i])
            for i in range(0, count, 8)
        ]
        painted = torch.cat(parts)
        rows[setting.name] = pairs.score(painted)
        default = painted if setting.name == "default" else default
        shown.append(painted[:16])
        print(setting.name, json.dumps(rows[setting.name]), flush=True)
    columns = min(len(row) for row in shown)
    picture_grid([row[:columns] for row in (*shown, true)], data.CACHE / "evaluation.png")
    if default is None:
        return {"h1": rows}
    rows["the reference itself, no network"] = pairs.score(given)
    rows["the true drawing (the judge's ceiling)"] = pairs.score(true)
    rows["another pair's picture (its floor)"] = pairs.score(default.roll(1, 0))
    gallery = gallery_of(pairs.stock)
    features = [seen(pairs.critic, p)[0] for p in (default, true)]
    half = n // 2
    return {
        "h1": rows,
        "copying": {"painted": pairs.copies(default, *gallery), "true drawings": pairs.copies(true, *gallery)},
        "frechet": {
            "painted against true": round(frechet(*features), 2),
            "true against true, halves": round(frechet(features[1][:half], features[1][half:]), 2), "n": n,
        },
    }  # fmt: skip


def joined(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The parts of now over those of before, rows of H1 in the settings' order."""
    rows = before.get("h1", {}) | now.get("h1", {})
    order = [s.name for s in SETTINGS]
    rows = {k: rows[k] for k in sorted(rows, key=lambda k: order.index(k) if k in order else len(order))}
    return before | now | {"h1": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=454)
    parser.add_argument("--ablations", type=int, default=60, help="pairs of the settings beside the default")
    parser.add_argument("--contours", type=int, default=24)
    parser.add_argument("--hands", type=int, default=60, help="pictures of each kind of style in use, and of H2")
    parser.add_argument("--scenes", type=int, default=40, help="scenes of each kind")
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=PARTS, help="the others keep what was measured before"
    )
    parser.add_argument("--judge", type=Path, default=data.HERE / "judge.pt")
    parser.add_argument("--pack", type=Path, default=data.DATA)
    options = parser.parse_args()
    torch.set_num_threads(2)
    torch.set_grad_enabled(False)
    manifest = json.loads((WEIGHTS / "manifest.json").read_text())
    sizes = f"--pairs {options.pairs} --ablations {options.ablations} --contours {options.contours}"
    sizes += f" --hands {options.hands} --scenes {options.scenes}"
    path = WEIGHTS / "evaluation.json"
    whole = set(options.parts) == set(PARTS) or not path.exists()
    now = evaluate(options)
    before = {} if whole else json.loads(path.read_text())
    measured = before.get("measured", {}) | dict.fromkeys(options.parts, manifest["version"])
    result = joined(before, now) | {
        "version": manifest["version"], "samples_trained": manifest["trained"]["samples"],
        "command": f"python -m tempera.evaluate {sizes}", "measured": measured,
        "defaults": manifest["defaults"], "sampler": manifest["sampler"],
    }  # fmt: skip
    path.write_text(json.dumps(result, indent=1) + "\n")
    renew_checksums()  # the server insists on every file of the manifest
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
