"""Fill the numbers of MODEL_CARD.md from the manifests and evaluation.json.

python -m tempera.card

What is filled stands between ``<!-- NAME -->`` and ``<!-- /NAME -->``; the words around it are written by hand.
"""

from __future__ import annotations

import argparse
import json
import re
from typing import Any

from tempera import data
from tempera.words import WEIGHTS

CARD = data.HERE / "MODEL_CARD.md"


SHARES = ("top1", "top5", "top5_other_hands", "style", "style_twins_as_one")


def share(row: dict[str, float]) -> str:
    return f"{row['percent']} % ({row['low']}–{row['high']})"


def evaluation(result: dict[str, Any]) -> str:
    lines = [
        f"`{result['command']}` on version {result['version']}. Percent with 95 % intervals.", "",
        "| H1 | n | concept top-1 | top-5 | top-5, other hands | style | style, twins as one | error to the true drawing | distance from the reference |",
        "|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, row in result["h1"].items():
        cells = [str(row["top1"]["n"]), *(share(row[k]) for k in SHARES)]
        cells += [f"{row[k]:.3f}" for k in ("error_to_true", "distance_from_reference")]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", *others(result)]
    return "\n".join(lines)


def others(result: dict[str, Any]) -> list[str]:
    """The measures beside H1; a run that was cut short lacks some, and the card says so."""
    missing = [part for part in ("copying", "contours", "h2", "in use", "h3", "engine") if part not in result]
    if missing:
        return [f"Not measured in this run: {', '.join(missing)}; `make tempera-eval` measures them."]
    copying, f, c, e = result["copying"], result["frechet"], result["contours"], result["engine"]
    painted, true = copying["painted"], copying["true drawings"]
    return [
        "| painted from words | n | concept top-1 | top-5 | style | style, twins as one |", "|---|---|---|---|---|---|",
        *(from_words(f"H2 {name}", row) for name, row in result["h2"].items()),
        *(from_words(f"styles in use: {name}", row) for name, row in result["in use"].items()), "",
        "| measure | painted | beside it |", "|---|---|---|",
        f"| copies (nearest / second nearest below 1/3) | {share(painted)}, median {painted['median_ratio']}; "
        f"{painted['of_what_was_looked_at']} of them of the drawing that was looked at "
        f"| true held-out drawings {share(true)}, median {true['median_ratio']} |",
        f"| Fréchet distance, own features | {f['painted against true']} | true halves {f['true against true, halves']} |",
        f"| contour guidance, F1 | {c['f1']} | without contours {c['f1_without']} |",
        *(f"| H3 {kind} | {share(row)} of {row['n']} | |" for kind, row in result["h3"].items()),
        f"| largest error outside a mask, of 255 | {e['outside_mask']:g} | |",
        f"| step across the border of a repeating picture, in steps inside | {e['seam']} | not repeating {e['seam_open']} |",
        f"| seconds a 256 px picture, one at a time | {e['seconds']} | see docs/benchmarks.md for comparisons |",
    ]  # fmt: skip


def from_words(name: str, row: dict[str, Any]) -> str:
    return f"| {name} | {row['top1']['n']} | " + " | ".join(share(row[k]) for k in SHARES if k in row) + " |"


def sources(manifest: dict[str, Any]) -> str:
    head = "| style | package | licence | author | drawings |\n|---|---|---|---|---|\n"
    return head + "\n".join(
        f"| {e['style']} | {e['package']} {e['version']} | {e['licence']} | {e['author']} | {e['images']} |"
        for e in manifest["drawings"]
    )


def training(weights: dict[str, Any]) -> str:
    t = weights["trained"]
    more = ""
    if r := t.get("restyled"):
        device = "two CPU cores" if r["device"] == "cpu" else f"one {r['device']}"
        more = (
            f" Then `restyle.py`, {r['minutes']} minutes on {device}, {r['samples']:,} pictures in {r['step']:,} steps."
        )
    return (
        f"Version {weights['version']}: {t['parameters'] / 1e6:.1f} million parameters, recipe `{t['recipe']}`, "
        f"{t['minutes']} minutes on one {t['device']}, {t['samples']:,} pictures in {t['steps']:,} steps.{more}"
    )


def use(weights: dict[str, Any]) -> str:
    d = weights["defaults"]
    return f"Defaults: {d['steps']} steps, guidance {d['guidance']}, adherence {d['adherence']}, style {d['style']}."


def fill(text: str, name: str, body: str) -> str:
    found, n = re.subn(rf"(?s)(<!-- {name} -->\n).*?(<!-- /{name} -->)", lambda m: m[1] + body + "\n" + m[2], text)
    if not n:
        raise SystemExit(f"MODEL_CARD.md has no place for {name}")
    return found


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    weights = json.loads((WEIGHTS / "manifest.json").read_text())
    text = CARD.read_text(encoding="utf-8")
    text = fill(text, "training", training(weights))
    text = fill(text, "sources", sources(data.load_manifest()))
    text = fill(text, "evaluation", evaluation(json.loads((WEIGHTS / "evaluation.json").read_text())))
    CARD.write_text(fill(text, "use", use(weights)), encoding="utf-8")


if __name__ == "__main__":
    main()
