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


def share(row: dict[str, float]) -> str:
    return f"{row['percent']} % ({row['low']}–{row['high']})"


def evaluation(result: dict[str, Any]) -> str:
    lines = [
        f"`{result['command']}` on version {result['version']}. Percent with 95 % intervals.", "",
        "| H1 | n | concept top-1 | top-5 | top-5, other hands | style | error to the true drawing | distance from the reference |",
        "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, row in result["h1"].items():
        cells = [str(row["top1"]["n"]), *(share(row[k]) for k in ("top1", "top5", "top5_other_hands", "style"))]
        cells += [f"{row[k]:.3f}" for k in ("error_to_true", "distance_from_reference")]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    copying, h3 = result["copying"], result["h3"]
    lines += ["", "| measure | painted | beside it |", "|---|---|---|"]
    lines.append(
        f"| copies (nearest / second nearest below 1/3) | {share(copying['painted'])}, median {copying['painted']['median_ratio']} "
        f"| true held-out drawings {share(copying['true drawings'])}, median {copying['true drawings']['median_ratio']} |"
    )
    f = result["frechet"]
    lines.append(f"| Fréchet distance, own features | {f['painted against true']} | true halves {f['true against true, halves']} |")
    c = result["contours"]
    lines.append(f"| contour guidance, F1 | {c['f1']} | without contours {c['f1_without']} |")
    lines += [f"| H3 {kind} | {share(row)} of {row['n']} | |" for kind, row in h3.items()]
    return "\n".join(lines)


def sources(manifest: dict[str, Any]) -> str:
    head = "| style | package | licence | author | drawings |\n|---|---|---|---|---|\n"
    return head + "\n".join(
        f"| {e['style']} | {e['package']} {e['version']} | {e['licence']} | {e['author']} | {e['images']} |"
        for e in manifest["drawings"]
    )


def training(weights: dict[str, Any]) -> str:
    t = weights["trained"]
    return (
        f"Version {weights['version']}: {t['parameters'] / 1e6:.1f} million parameters, recipe `{t['recipe']}`, "
        f"{t['minutes']} minutes on one {t['device']}, {t['samples']:,} pictures in {t['steps']:,} steps."
    )


def use(weights: dict[str, Any]) -> str:
    d = weights["defaults"]
    return f"Defaults: {d['steps']} steps, guidance {d['guidance']}, adherence {d['adherence']}, style {d['style']}."


def fill(text: str, name: str, body: str) -> str:
    found, n = re.subn(rf"(?s)(<!-- {name} -->\n).*?(\n<!-- /{name} -->)", lambda m: m[1] + body + m[2], text)
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
