"""The caption vocabulary and the tokenizer that FORMAT.md fixes.

python -m tempera.words        # writes tempera/weights/vocab.txt
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from pathlib import Path

from tempera import data, scenes

WEIGHTS = data.HERE / "weights"
LENGTH = 24
PAD, UNK, SEP = 0, 1, 2

COLOURS = {
    "red": (226, 59, 52), "orange": (245, 139, 40), "yellow": (250, 204, 48), "green": (64, 170, 84),
    "teal": (32, 168, 160), "blue": (52, 120, 230), "purple": (142, 84, 214), "pink": (242, 112, 170),
    "brown": (140, 92, 60), "black": (40, 40, 46), "white": (246, 246, 248), "grey": (145, 150, 158),
    "gold": (222, 172, 50), "silver": (190, 198, 208), "turquoise": (64, 208, 200), "cyan": (56, 196, 232),
    "navy": (34, 52, 110), "lime": (150, 214, 60), "magenta": (220, 60, 180), "beige": (228, 210, 180),
    "violet": (120, 80, 220), "crimson": (190, 30, 60), "lavender": (190, 170, 240), "mint": (160, 226, 196),
    "coral": (255, 127, 100), "olive": (130, 130, 50), "maroon": (120, 30, 44), "peach": (255, 200, 160),
}  # fmt: skip
COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
GLUE = (
    "a an the of in on at with and to over under above below behind beside between front inside next left right "
    "top near by small big large tiny huge giant row grid circle group many few pair scene picture drawing style "
    "transparent background simple colourful cute happy sad plain sticker pixel art blueprint neon outline soft "
    "light dark pale bright deep field hills forest trees snowy winter beach ocean lake sky clouds cloudy stars "
    "starry moon moonlit outer galaxy city town street skyline room living kitchen bedroom home indoors desert dunes "
    "mountain mountains meadow flowers grass green garden sunset sunrise dusk evening underwater sea night day "
    "gradient solid color colour wall floor no nothing nobody without alone together many pattern beautiful pretty "
    "avatar portrait profile hair beard glasses sunglasses curly bald blond smiling angry surprised face person icon "
    "pencil sketch chalk halftone mosaic silhouette gold relief paper cut stitch cross line bold studio cartoon game"
).split()
SUFFIXES = ("s", "es", "ed", "er", "ing", "ly", "y", "ies", "ness", "man", "men", "woman", "ful", "less", "ish")


def split(text: str) -> list[str]:
    """Words of a caption: NFKC, lower case, runs of letters and digits."""
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).lower())


class Tokenizer:
    """Word pieces by greedy longest prefix; see FORMAT.md."""

    def __init__(self, vocab: list[str]) -> None:
        self.ids = {piece: i for i, piece in enumerate(vocab)}

    @classmethod
    def load(cls, path: Path = WEIGHTS / "vocab.txt") -> Tokenizer:
        return cls(path.read_text(encoding="utf-8").split("\n")[:-1])

    def __len__(self) -> int:
        return len(self.ids)

    def encode(self, text: str) -> list[int]:
        """LENGTH ids, padded with PAD."""
        ids: list[int] = []
        for word in split(text):
            ids += self._word(word)
        return (ids + [PAD] * LENGTH)[:LENGTH]

    def _word(self, word: str) -> list[int]:
        if word in self.ids:
            return [self.ids[word]]
        pieces, start = [], 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = ("##" if start else "") + word[start:end]
                if piece in self.ids:
                    pieces.append(self.ids[piece])
                    start = end
                    break
            else:
                return [UNK]
        return pieces


def build_vocab(limit: int = 5000) -> list[str]:
    """Specials, letters, suffixes, glue, then the words of CLDR labels (all), of other sets' names that two names
    share, and of tags (by frequency)."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    pieces = ["<pad>", "<unk>", "<sep>", *letters, *(f"##{c}" for c in letters), *(f"##{s}" for s in SUFFIXES)]
    known = json.loads((data.DATA / "index.json").read_text())["concepts"]
    sure = [*GLUE, *COLOURS, *COUNTS, *scenes.KINDS]
    sure += [w for e in data.load_manifest()["drawings"] for w in split(e["style"] + " " + e["title"])]
    sure += [w for c in data.concepts() for w in split(c.label)]
    names = Counter(w for c in known for w in split(c["label"]))
    tags = Counter(w for c in known for tag in c["tags"] for w in split(tag))
    ordered = sure + [w for w, n in _by_frequency(names) if n >= 2] + [w for w, _ in _by_frequency(tags)]
    ordered = [w for w in ordered if w.isascii()]
    return list(dict.fromkeys(pieces + ordered))[:limit]


def _by_frequency(words: Counter[str]) -> list[tuple[str, int]]:
    return sorted(words.items(), key=lambda kv: (-kv[1], kv[0]))


def main() -> None:
    vocab = build_vocab()
    WEIGHTS.mkdir(exist_ok=True)
    (WEIGHTS / "vocab.txt").write_text("\n".join(vocab) + "\n", encoding="utf-8")
    print(f"{len(vocab)} pieces")


if __name__ == "__main__":
    main()
