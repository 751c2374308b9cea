"""Carry training to a machine with a GPU and no internet, and bring the weights back.

    python -m tempera.data
    python -m tempera.gpu pack                      # .cache/tempera/pack, under 60 MB
    # there, the same --out each time, in parts of at most ten minutes:
    python -m tempera.judge --minutes 0.8 --pack .cache/tempera/pack --planners 10 --out OUT
    python -m tempera.train --size standard --minutes 27 --part 9 --pack .cache/tempera/pack --planners 8 --out OUT
    python -m tempera.gpu split --run OUT --out "$OUT"
    # here again:
    python -m tempera.gpu join --parts DIR --run .cache/tempera/run-standard
    python -m tempera.export --run .cache/tempera/run-standard

The pack holds the drawings as lossy WebP; it has to stay under the limit together with the tracked tree, so the
old weights stay at home. ``split`` writes the averaged weights as fp16 in files of at most 15 MiB.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from tempera import data
from tempera.library import straight

PART = 15 * 1024 * 1024


def squeeze(picture: np.ndarray, quality: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(straight(picture), "RGBA").save(out, "WEBP", quality=quality, alpha_quality=60, method=4)
    return out.getvalue()


def pack(source: Path, out: Path, quality: int, limit: int) -> None:
    drawings = np.load(source / "drawings.npy", mmap_mode="r")
    with ThreadPoolExecutor() as pool:
        bodies = list(pool.map(lambda i: squeeze(np.asarray(drawings[i]), quality), range(len(drawings))))
    total = sum(map(len, bodies))
    if total > limit:
        raise SystemExit(f"the pack would have {total / 1e6:.1f} MB: lower --quality or the rendered size")
    out.mkdir(parents=True, exist_ok=True)
    (out / "drawings.bin").write_bytes(b"".join(bodies))
    offsets = np.cumsum([0, *map(len, bodies)]).tolist()
    (out / "offsets.json").write_text(json.dumps(offsets))
    shutil.copy(source / "index.json", out / "index.json")
    print(f"{len(bodies)} drawings, {total / 1e6:.1f} MB")


def split(run: Path, out: Path) -> None:
    import torch

    state = torch.load(run / "ema.pt", map_location="cpu", weights_only=True)
    state["ema"] = {k: v.half() for k, v in state["ema"].items()}
    buffer = io.BytesIO()
    torch.save(state, buffer)
    body = buffer.getvalue()
    out.mkdir(parents=True, exist_ok=True)
    for i, at in enumerate(range(0, len(body), PART)):
        (out / f"ema.part{i:02d}").write_bytes(body[at : at + PART])
    for extra in ("log.jsonl", "judge.pt", *sorted(p.name for p in run.glob("sheet-*.webp"))[-1:]):
        if (run / extra).exists():
            shutil.copy(run / extra, out / extra)
    print(f"{len(body) / 1e6:.1f} MB in {-(-len(body) // PART)} parts")


def join(parts: Path, run: Path) -> None:
    run.mkdir(parents=True, exist_ok=True)
    files = sorted(parts.rglob("ema.part*"))
    if not files:
        raise SystemExit(f"no ema.part files under {parts}")
    (run / "ema.pt").write_bytes(b"".join(p.read_bytes() for p in files))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    packing = commands.add_parser("pack")
    packing.add_argument("--data", type=Path, default=data.DATA)
    packing.add_argument("--out", type=Path, default=data.CACHE / "pack")
    packing.add_argument("--quality", type=int, default=70)
    packing.add_argument("--limit", type=int, default=60_000_000, help="bytes")
    splitting = commands.add_parser("split")
    splitting.add_argument("--run", type=Path, required=True)
    splitting.add_argument("--out", type=Path, required=True)
    joining = commands.add_parser("join")
    joining.add_argument("--parts", type=Path, required=True)
    joining.add_argument("--run", type=Path, required=True)
    options = parser.parse_args()
    if options.command == "pack":
        pack(options.data, options.out, options.quality, options.limit)
    elif options.command == "split":
        split(options.run, options.out)
    else:
        join(options.parts, options.run)


if __name__ == "__main__":
    main()
