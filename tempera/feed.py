"""Plans ahead of time: processes that plan while the device trains."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import numpy as np

from tempera.plans import FILTERS, Index, Packed, Plan, Planner, pack
from tempera.words import Tokenizer

AHEAD = 24  # batches that may wait


class Feed:
    """Packed plans, ``size`` a batch. With no processes they are planned when asked for."""

    def __init__(
        self, root: Path, seed: int, processes: int, size: int, scenes: float = 0.5, judge: bool = False
    ) -> None:
        self.processes: list[multiprocessing.Process] = []
        if not processes:
            self.planner, self.judge = planner_of(root, seed, scenes, judge), judge
            self.tokenizer = Tokenizer.load()
            return
        context = multiprocessing.get_context("spawn")
        self.size = context.Value("i", size)
        self.queue = context.Queue(AHEAD)
        for k in range(processes):
            arguments = (root, seed + 1000 * k, scenes, judge, self.size, self.queue)
            self.processes.append(context.Process(target=_work, args=arguments, daemon=True))
            self.processes[-1].start()

    def next(self, size: int) -> Packed:
        if not self.processes:
            return pack(planned(self.planner, size, self.judge), self.tokenizer)
        self.size.value = size
        while True:
            packed = self.queue.get(timeout=120)
            if packed.n == size:  # others were planned before the size changed
                return packed

    def close(self) -> None:
        """What waits is dropped: a planner ended in the middle of a batch leaves half of it in the pipe."""
        for process in self.processes:
            process.terminate()
        self.processes = []


def planner_of(root: Path, seed: int, scenes: float, judge: bool) -> Planner:
    planner = Planner(Index(root, judge=judge), seed, scenes)
    return evenly(planner) if judge else planner


def evenly(planner: Planner) -> Planner:
    """Every hand as frequent as any other, so that who learns to tell them favours none; what is easily told is rare."""
    p = np.array([0.3 if n.startswith("avatar") else 0.2 if n in FILTERS else 1.0 for n in planner.names])
    planner.shares = np.cumsum(p / p.sum())
    return planner


def answer_alone(plan: Plan) -> Plan:
    """The plan without anything that leads to its target: half as many pixels to compose."""
    return replace(plan, reference=[], hole=None, contours=0.0, look_row=-1)


def planned(planner: Planner, size: int, judge: bool) -> list[Plan]:
    """So many plans; a judge looks at the answers only."""
    plans = [planner.plan() for _ in range(size)]
    return [answer_alone(p) for p in plans] if judge else plans


def _work(
    root: Path, seed: int, scenes: float, judge: bool, size: Synchronized[int], out: multiprocessing.Queue
) -> None:
    planner, tokenizer = planner_of(root, seed, scenes, judge), Tokenizer.load()
    while True:
        out.put(pack(planned(planner, size.value, judge), tokenizer))
