"""Where the things of a scene stand: relations between groups, and how all of it fills the canvas.

Part of the reference for the Go package internal/engine/tempera/compose (place.go, company.go); gathering.py places the
members of a group and things of equal rank. Everything goes by what is seen of a drawing (``Item.shape``), for drawings
have margins of very different sizes.
"""

from __future__ import annotations

import math
from dataclasses import replace

from tempera import scenes
from tempera.gathering import (
    GAP,
    Item,
    Layout,
    Room,
    before,
    bounds,
    centre,
    extent,
    gather,
    move,
    ring,
    several,
    share,
)
from tempera.reading import Group, Scene, clean
from tempera.reading_tables import LENSES, VESSELS
from tempera.shapes import rim

LIFT = {"apart": 0.15, "mounted": -0.3, "resting": -0.18, "": 0.03}  # of what is above, in its widths
TALL_WORDS = {"tree", "umbrella", "palm", "evergreen", "tent", "rainbow", "bridge", "cloud"}  # what others stand under
ON_THE_BACK = {"backpack"}
# What somebody has with them in a hand or in front of them. Everything else is company.
CARRIED_GROUPS = {"food-drink", "objects", "activities", "game", "symbols"}
CARRIED_KINDS = {"plant-flower", "animal-bug", "emotion", "heart", "hands", "hand-fingers-open", "sky-weather"}
# Longer side beside other things, by subgroup or group of the concept.
NATURAL = {
    "animal-bug": 0.7, "plant-flower": 0.8, "plant-other": 1.15, "place-building": 1.35, "food-drink": 0.8, "objects": 0.8,
    "activities": 0.8, "transport-ground": 1.15, "transport-water": 1.15,
}  # fmt: skip
SMALL_WORDS = set(
    "mouse rat hamster chick bird snail frog squirrel hedgehog lizard fish rabbit chipmunk turtle bat".split()
)
LARGE_WORDS = set("elephant whale giraffe sauropod rex dragon hippopotamus rhinoceros mammoth tree mountain".split())
FLAT_VESSELS = {"plate", "dish", "tray", "pan"}
DEPTH = 0.24  # of a ground, in heights of the picture
IN_HAND, COMPANY = 0.5, 0.72  # sides of the two, in that of whom they are with
ASIDE = (0.0, 0.34, -0.36, 0.0, 0.5, -0.5)  # where the first, second … of several companions stand, in widths


class Placer:
    """Puts the groups of one scene together around (0, 0), foot lines at 0."""

    def __init__(
        self, scene: Scene, layout: Layout, looks: dict[int, Item], concepts: dict[str, dict], d: scenes.Dice
    ) -> None:
        self.scene, self.layout, self.looks, self.concepts, self.d = scene, layout, looks, concepts, d
        ground = layout.backdrop.ground if layout.backdrop else 0.0
        self.room = Room(layout.width, (ground or 1.0) * layout.height, ground > 0)
        self.peers: list[list[Item]] = []  # what is of equal rank so far, each with its foot at (0, 0)
        self.main = -1  # group of the last of them that others go with; -1 is all of it
        self.companions = 0  # how many that has

    def place(self) -> list[Item]:
        for k in self.looks:
            group = self.scene.groups[k]
            company = any(self.scene.groups[i].relation != "wear" for i in self.looks if i != k)
            size = group.size * (natural(self.concepts[group.concept]) if company else 1.0)
            self.add(k, group, gather(self.looks[k], group, size, self.room, company, self.d))
        return self.packed()

    def packed(self) -> list[Item]:
        if len(self.peers) == 1:
            return self.peers[0]
        self.main = -1
        return share(self.peers, self.room, self.d)

    def add(self, k: int, group: Group, items: list[Item]) -> None:
        """The next group, placed so that "what came before <relation> group" holds."""
        centre(items)
        if not self.peers or (group.relation == "beside" and not group.contact):
            self.peers.append(items)
            self.main, self.companions = k, 0
            return
        if group.relation == "beside":
            joined = self.accompany(self.peers[-1], items, group)
        elif group.relation == "wear":
            joined = self.wear(self.peers[-1], items)
        elif group.contact == "filling":
            joined = self.fill(self.peers[-1], items)
        else:
            joined = self.join(self.packed(), items, group)
            self.peers, self.companions = [joined], 0
        centre(joined)
        self.peers[-1] = joined

    def subject(self, items: list[Item]) -> list[Item]:
        return [i for i in items if self.main in (i.group, -1)]

    def concept(self, items: list[Item]) -> dict:
        return self.concepts[self.scene.groups[items[0].group].concept]

    def words(self, items: list[Item]) -> list[str]:
        return label_words(self.concept(items))

    def large(self, items: list[Item]) -> bool:
        """Whether it is taller than who hides behind it."""
        return self.concept(items)["subgroup"] == "place-building" or not TALL_WORDS.isdisjoint(self.words(items))

    def join(self, a: list[Item], b: list[Item], group: Group) -> list[Item]:
        centre(a)
        jitter = self.d.between(-1, 1)
        (aw, ah), (bw, bh) = extent(a), extent(b)
        match group.relation:
            case "above" | "below":
                return self.stack(a, b, group, jitter)
            case "behind":
                return _overlap(a, b, jitter, self.large(b))
            case "front":
                return _overlap(b, a, jitter, self.large(a))
            case "around":
                return _ring(b, a, jitter)
            case "amid":
                return _ring(a, b, jitter)
            case "inside":
                if group.phrase.split(" ")[-1] in VESSELS:  # looks out of it
                    return _filled(a, b, jitter)
                move(a, 0.03 * jitter * bw, -0.27 * bh, 0.42 * min(bw, bh) / max(aw, ah))
                return b + a
        shift = (aw + bw) / 2 + GAP * (1 + jitter) * max(aw, bw)
        move(b, -shift if group.relation == "right" else shift, 0)
        return a + b

    def stack(self, a: list[Item], b: list[Item], group: Group, jitter: float) -> list[Item]:
        """One on top of the other; both have their foot at (0, 0)."""
        top, low = (a, b) if group.relation == "above" else (b, a)
        (tw, th), (lw, lh) = extent(top), extent(low)
        if group.relation == "below" and not TALL_WORDS.isdisjoint(self.words(b)):
            move(top, 0.1 * jitter * lw, 0.0, max(1.7 * max(lw, lh) / max(tw, th), 1.0))
            move(low, 0.0, 0.03)
            return top + low
        if group.contact != "apart" and tw > lw:  # what carries several is broad enough for them
            move(low, 0.0, 0.0, min(tw / lw, 2.2))
            lw, lh = extent(low)
        move(top, 0.12 * jitter * lw, -lh - LIFT[group.contact] * min(tw, lw))
        return low + top

    def accompany(self, a: list[Item], b: list[Item], group: Group) -> list[Item]:
        """Somebody and what they have with them: it is smaller and stands in front, a little to a side."""
        concept = self.concepts[group.concept]
        carried = concept["group"] in CARRIED_GROUPS or concept["subgroup"] in CARRIED_KINDS
        scale, subject = IN_HAND if carried else COMPANY, self.subject(a)
        if len(subject) > 1 and len(b) == len(subject):
            return a + [self.beside(s, b[0], group, scale, 1) for s in subject]
        if len(subject) > 1:
            return share([a, b], self.room, self.d)
        if len(b) > 1:
            (w, h), (bw, bh) = extent(a), extent(b)
            move(b, 0.0, 0.0, min(0.85 * w / bw, 0.4 * h / bh))
            return before(a, b, 0.0)
        self.companions += 1
        return [*a, self.beside(subject[0], b[0], group, scale, self.companions)]

    def beside(self, who: Item, item: Item, group: Group, scale: float, n: int) -> Item:
        """A copy of the item, brought to ``who``: in front of its body, out of its mouth, or at its feet to a
        side. Drawings look to the left unless they are mirrored."""
        item = replace(item, x=0.0, y=0.0)
        centre([item])
        x0, y0, x1, y1 = bounds([who])
        w, h = x1 - x0, y1 - y0
        bw, bh = extent([item])
        size = scale * group.size * max(w, h) / max(bw, bh)
        ahead = 1.0 if who.flip else -1.0
        jitter, face = self.d.between(-1, 1), is_face(self.concept([who]))
        if group.contact == "breathed":
            x, foot = ahead * (0.5 * w + 0.3 * bw * size), y0 + 0.25 * h + 0.5 * bh * size
            item.flip = who.flip
        elif group.contact in ("before", "worn") and n == 1:
            x, foot = 0.06 * jitter * w, y1 - 0.02 * h
            if face:  # below the chin
                foot = y1 + 0.4 * bh * size
            elif group.contact == "worn":
                foot = y0 + 0.6 * h + 0.5 * bh * size
        else:
            if not ON_THE_BACK.isdisjoint(self.words([item])):
                ahead = -ahead
            aside = ASIDE[min(n, len(ASIDE) - 1)] * (1.1 + 0.1 * jitter) * ahead
            if face:
                aside *= 1.2
            if scale == COMPANY:
                aside *= 1.75
            elif self.room.width > 1.4 * self.room.height:
                aside, size = aside * 1.5, size * 1.15
            x, foot = aside * w, y1 + 0.05 * h
        move([item], x, foot, size)
        item.x += (x0 + x1) / 2
        return item

    def fill(self, a: list[Item], b: list[Item]) -> list[Item]:
        """What the last group is full of."""
        last = a[-1].group
        at = next(k for k, i in enumerate(a) if i.group == last)
        vessel = a[at:]
        x0, _, x1, y1 = bounds(vessel)
        move(vessel, -(x0 + x1) / 2, -y1)
        (w, h), (bw, bh) = extent(vessel), extent(b)
        if self.scene.groups[last].phrase.split(" ")[-1] in FLAT_VESSELS:
            size = 0.75 * min(w / bw, h / bh)
            move(b, 0.0, -0.5 * h + 0.5 * bh * size, size)
            both = vessel + b
        else:
            both = _filled(b, vessel, 0.0)
        move(both, (x0 + x1) / 2, y1)
        return a[:at] + both

    def wear(self, a: list[Item], b: list[Item]) -> list[Item]:
        """Headwear on top of each of the last group's, glasses at eye height; one drawing for each wearer."""
        lenses = not LENSES.isdisjoint(self.words(b))
        worn = []
        for i in self.subject(a):
            w, h = extent([i])
            people = self.concept([i])["group"] in ("people-body", "avatar")
            item = replace(b[0], x=0.0, y=0.0)
            bw, bh = extent([item])
            s = min(max((0.62 if i.shape.frontal else 0.42) * w, 0.3 * max(w, h)), 0.6 * max(w, h)) / bw
            centre([item])
            down = 0.3 * bh * s
            if lenses:
                eyes = 0.17 if not i.shape.frontal else 0.36 if people or is_face(self.concept([i])) else 0.26
                down = eyes * h + 0.5 * bh * s
            x, y = i.shape.head
            move([item], i.x + x * i.side, i.y + y * i.side + down, s)
            worn.append(item)
        return a + worn

    def fit(self, items: list[Item]) -> None:
        """Scale and shift all items onto the canvas."""
        layout, d = self.layout, self.d
        centre(items)
        w, h = extent(items)
        single, size = len(items) == 1, self.scene.groups[items[0].group].size
        if not single:
            reach = d.between(0.92, 0.97)
        elif layout.backdrop:
            reach = d.between(0.58, 0.74) * min(max(size, 0.45), 1.25)
        else:
            reach = d.between(0.82, 0.95) * min(max(size, 0.45), 1.05)
        reach *= self.scene.zoom
        scale = min(reach * layout.width / w, reach * layout.height / h)
        if single:
            scale = min(scale, 1.3 * reach / h)
        foot = 0.0
        if self.room.grounded:
            foot = layout.backdrop.ground * layout.height + d.between(-0.02, 0.06)
            scale = min(scale, max((foot - 0.03) / h, 0.1))
            if several(items):  # those behind still stand on the ground
                feet = [i.y + i.shape.box[3] * i.side for i in items]
                scale = min(scale, DEPTH * layout.height / max(max(feet) - min(feet), 0.01))
        slack_x = max(layout.width - w * scale, 0.0)
        x = layout.width / 2 + d.between(-0.5, 0.5) * slack_x * 0.5
        slack_y = max(layout.height - h * scale, 0.0)
        y = layout.height / 2 + h * scale / 2 + d.between(-0.5, 0.5) * slack_y * 0.3
        move(items, x, foot if self.room.grounded else y, scale)


def _overlap(back: list[Item], front: list[Item], jitter: float, large: bool) -> list[Item]:
    """The one behind is larger, higher, and shows to one side; it looks past a tree or a house."""
    (fw, fh), (bw, bh) = extent(front), extent(back)
    unit = max(fw, fh)
    side = 1.0 if jitter >= 0 else -1.0
    if large:
        size = 0.85 * unit / max(bw, bh)
        move(back, side * (0.45 * fw + 0.12 * bw * size), -0.03 * unit, size)
        return back + front
    move(back, side * (0.2 + 0.1 * abs(jitter)) * unit, -0.14 * unit, max(1.5 * unit / max(bw, bh), 1.0))
    move(front, -side * 0.12 * unit, 0.0)
    return back + front


def _filled(a: list[Item], vessel: list[Item], jitter: float) -> list[Item]:
    """a looks out of the vessel, for more than half of its height."""
    (aw, ah), (w, h) = extent(a), extent(vessel)
    if h < 1.2 * w:
        h -= rim(vessel[0].shape) * vessel[0].side
        size = min(0.85 * w / aw, 0.8 * h / ah)
    else:
        size = min(1.3 * w / aw, 0.7 * h / ah)
    move(a, 0.06 * jitter * w, -max(0.55 * h, h - 0.3 * ah * size), size)
    return a + vessel


def _ring(middle: list[Item], others: list[Item], jitter: float) -> list[Item]:
    """Others in a ring around what is in the middle; a single one lies over it."""
    w, h = extent(middle)
    n = len(others)
    if n == 1:
        ow, oh = extent(others)
        move(others, 0.1 * jitter * w, -0.15 * h, 0.7 * max(w, h) / max(ow, oh))
        return middle + others
    rx, ry, turn = max(w, 0.6 * h) / 2, max(h, 0.6 * w) / 2, 0.5 * jitter
    places = ring(n, rx, ry, turn)
    near = min(math.dist(p, q) for p, q in zip(places, places[1:] + places[:1], strict=True))
    size = min(0.45 * max(w, h), near / math.sqrt(2))
    rx, ry = rx + 0.3 * size, ry + 0.3 * size
    round_about = []
    for i, (x, y) in zip(others, ring(n, rx, ry, turn), strict=True):
        side, box = size / i.shape.longest, i.shape.box
        x, y = x - side * (box[0] + box[2]) / 2, y - h / 2 - side * (box[1] + box[3]) / 2
        round_about.append(replace(i, x=x, y=y, side=side))
    return middle + round_about


def label_words(concept: dict) -> list[str]:
    return clean(concept["label"]).split(" ")


def is_face(concept: dict) -> bool:
    """Whether it is drawn as a head without a body."""
    return concept["subgroup"] == "person" or "face" in concept["tags"] or "face" in label_words(concept)


def natural(concept: dict) -> float:
    """How large a thing is beside others, roughly."""
    words = label_words(concept)
    if concept["group"] == "animals-nature" and not SMALL_WORDS.isdisjoint(words):
        return 0.7
    if not LARGE_WORDS.isdisjoint(words):
        return 1.25
    return NATURAL.get(concept["subgroup"], NATURAL.get(concept["group"], 1.0))
