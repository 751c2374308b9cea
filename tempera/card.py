"""Fill MODEL_CARD.md's numbers from manifest.json and evaluation.json.

python -m tempera.card
"""

from __future__ import annotations

import argparse
import json
import re
from typing import Any

from tempera import data
from tempera.words import WEIGHTS

CARD = data.HERE / "MODEL_CARD.md"


def evaluation(result: dict[str, Any]) -> str:
    head = (
        f"`{result['command']}`: {result['pairs']} held-out (concept, style) pairs, one seed, {result['steps']} steps. "
        "Is the asked concept among the real drawings of the asked style that are nearest to the picture (galleries of "
        f"about {result['mean_gallery']}; chance is 0.1 % and 0.4 %)? *Same hand* are the four styles that share their "
        "drawings' shapes. Errors are mean squared differences of planes from -1 to 1.\n"
    )
    lines = [
        "| input | top-1 | top-5 | top-5, same hand | top-5, other hand | error to the true drawing | distance from the reference |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in result["rows"].items():
        cells = [
            f"{row[k]} %" for k in ("top1_percent", "top5_percent", "top5_percent_same_hand", "top5_percent_other_hand")
        ]
        cells += [f"{row[k]:.3f}" for k in ("error_to_true", "distance_from_reference")]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return head + "\n" + "\n".join(lines)


def sources(manifest: dict[str, Any]) -> str:
    return "\n".join(
        f"| {e['style']} | {e['package']} {e['version']} | {e['licence']} | {e['author']} | {e['images']} |"
        for e in manifest["drawings"]
    )


def section(text: str, title: str, body: str) -> str:
    """The text with what stands between a heading and the reading below it replaced."""
    return re.sub(rf"(## {title}\n\n).*?(?=\n\nRead it plainly|\n## |\Z)", lambda m: m[1] + body, text, flags=re.S)


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    weights = json.loads((WEIGHTS / "manifest.json").read_text())
    text = CARD.read_text(encoding="utf-8")
    trained = weights["trained"]
    text = re.sub(
        r"(?s)It was trained for .*? pictures seen in all\.",
        f"It was trained for {round(trained['minutes'])} minutes on two shared CPU cores,\n{trained['samples']:,} pictures seen in all.",
        text,
    )
    rows = sources(data.load_manifest())
    text = re.sub(
        r"(?s)(\| style \| package .*?\|---\|---\|---\|---\|---\|\n).*?\n\n", lambda m: m[1] + rows + "\n\n", text
    )
    if (WEIGHTS / "evaluation.json").exists():
        text = section(text, "Evaluation", evaluation(json.loads((WEIGHTS / "evaluation.json").read_text())))
    else:
        text = section(text, "Evaluation", "Not measured on these weights.")
    d = weights["defaults"]
    said = f"{d['steps']} steps, guidance {d['guidance']}, adherence {d['adherence']}, style {d['style']}"
    text = re.sub(r"Defaults: .*?\. Guidance", f"Defaults: {said}. Guidance", text)
    CARD.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
