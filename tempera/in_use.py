"""Pictures painted from words alone, as people ask for them: styles in use, concepts never trained on (H2), scenes (H3)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from tempera import judge, outlining, reference
from tempera.batches import Stock, to_planes
from tempera.measures import interval, seen, shapes
from tempera.plans import FILTERS
from tempera.words import COLOURS

Pair = tuple[str, str]  # concept, style


class Words:
    """Single things painted from words through the whole road, and what the judge takes them for."""

    def __init__(self, critic: judge.Judge, classes: list[str], stock: Stock) -> None:
        self.critic, self.place, self.stock = critic, {c: i for i, c in enumerate(classes)}, stock
        self.road = reference.Road()
        self.have: dict[str, set[str]] = {}
        for e in self.road.index:
            self.have.setdefault(e["concept"], set()).add(e["style"])
        avatars = ("game-icon", "avatar")
        self.drawn = [s for s in stock.styles[1 : -len(FILTERS)] if not s.startswith(avatars)]

    def hands(self, count: int, draw: int = 5) -> dict[str, Any]:
        """Styles in use: where the library has a drawing of the asked hand, where another's has to do
        (ink and kawaii, which are of lines, apart), and programmatic ones. Not held out: what is asked is whether the style is the one asked for. ``draw`` says which of
        them are drawn by lot."""
        have = {c: h for c, h in self.have.items() if h - {"game-icon"} and "avatar" not in c}
        cases = {
            "own hand": [(c, s) for c, h in have.items() for s in self.drawn if s in h],
            "another hand, in lines": [(c, s) for c, h in have.items() for s in sorted(outlining.STYLES) if s not in h],
            "another hand": [(c, s) for c, h in have.items() for s in self.drawn if s not in h | outlining.STYLES],
            "programmatic": [(c, s) for c in have for s in FILTERS],
        }
        return {name: self._score(some, count, draw=draw) for name, some in cases.items()}

    def unseen(self, count: int) -> dict[str, Any]:
        """H2: whole concepts that training never saw in any style, each in the styles that draw it; then the same from words
        alone, with nothing to look at."""
        hidden = set(self.stock.holdout["h2"])
        pairs = [(c, s) for c, s in self.stock.rows if c in hidden and s in self.drawn]
        return {
            "as in use": self._score(pairs, count),
            "from words alone": self._score(pairs, count, adherence=-1.0),
        }

    def _score(self, some: list[Pair], count: int, adherence: float | None = None, draw: int = 5) -> dict[str, Any]:
        some = [pair for pair in some if pair[0] in self.place]
        chosen = np.random.default_rng(draw).permutation(len(some))[:count]
        tops, fives, styles, alike, far = 0, 0, 0, 0, []
        names, one = self.stock.styles, judge.twins(self.stock.styles)
        for i in chosen:
            concept, style = some[i]
            words = "a " + self.stock.concepts[concept]["label"]
            picture = self.road.paint(words, style=style, seed=int(i), adherence=adherence)
            planes = to_planes(torch.from_numpy(picture.transpose(2, 0, 1)).float()[None])
            _, found, look = seen(self.critic, planes)
            five = found[0].topk(5).indices.tolist()
            tops, fives = tops + (five[0] == self.place[concept]), fives + (self.place[concept] in five)
            named = int(look[0].argmax())
            styles += named == names.index(style)
            alike += int(one[named] == one[names.index(style)])
            if self.road.composed is not None:
                far.append(float(np.square(picture - self.road.composed).mean()) ** 0.5)
        n = len(chosen)
        return {
            "top1": interval(tops, n), "top5": interval(fives, n), "style": interval(styles, n),
            "style_twins_as_one": interval(alike, n), "from_composed": round(float(np.mean(far)), 3) if far else None,
        }  # fmt: skip


class Scenes:
    """H3 through the whole road: words, layout, picture."""

    def __init__(self, critic: judge.Judge, classes: list[str], stock: Stock) -> None:
        self.critic, self.place, self.stock = critic, {c: i for i, c in enumerate(classes)}, stock
        self.road = reference.Road()

    def run(self, least: int) -> dict[str, Any]:
        every = self.stock.holdout["h3"]
        kinds = {"count": [], "colour": [], "relation": []}
        for scene in every:
            kind = scene["key"][0] if scene["key"][0] in kinds else "relation"
            if kind != "relation" or scene["key"][0] in ("left of", "right of", "on top of", "below"):
                kinds[kind].append(scene)
        return {k: self._share(k, some[:least]) for k, some in kinds.items()}

    def _share(self, kind: str, some: list[dict]) -> dict[str, float]:
        hits = 0
        for scene in some:
            picture = self.road.paint(scene["caption"], style="flat", seed=1)  # [256, 256, 4] premultiplied
            hits += getattr(self, "_" + kind)(picture, scene["key"])
        return interval(hits, len(some))

    def _count(self, picture: np.ndarray, key: list[str]) -> bool:
        return len(shapes(picture[..., 3])) == ("two", "three", "four", "five", "six").index(key[1]) + 2

    def _colour(self, picture: np.ndarray, key: list[str]) -> bool:
        """The mean colour of the more vivid half is nearest to the asked word, of ten."""
        solid = picture[picture[..., 3] > 0.9][:, :3]
        if not len(solid):
            return False
        vivid = solid.max(1) - solid.min(1)
        mean = solid[vivid >= np.median(vivid)].mean(0) * 255
        words = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "black")
        tones = {w: np.array(COLOURS[w], float) for w in words}
        unit = mean / np.linalg.norm(mean) + 0.002 * mean
        return (
            min(words, key=lambda w: np.linalg.norm(unit - tones[w] / np.linalg.norm(tones[w]) - 0.002 * tones[w]))
            == key[1]
        )

    def _relation(self, picture: np.ndarray, key: list[str]) -> bool:
        found = sorted(shapes(picture[..., 3]), key=lambda s: -s[2].sum())[:2]
        if len(found) < 2:
            return False
        how, a, b = key
        votes = []
        for _, _, mask in found:
            alone = torch.from_numpy((picture * mask[..., None]).transpose(2, 0, 1)).float()[None]
            ys, xs = np.nonzero(mask)
            box = alone[:, :, ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
            votes.append(seen(self.critic, to_planes(F.interpolate(box, size=(128, 128), mode="area")))[1][0])
        ia, ib = self.place[a], self.place[b]
        first_is_a = votes[0][ia] - votes[0][ib] > votes[1][ia] - votes[1][ib]
        one, two = (found[0], found[1]) if first_is_a else (found[1], found[0])
        return {
            "left of": one[0] < two[0], "right of": one[0] > two[0], "on top of": one[1] < two[1], "below": one[1] > two[1],
        }[how]  # fmt: skip
