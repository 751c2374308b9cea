"""Plans ahead of time: processes that plan while the device trains."""

from __future__ import annotations

import multiprocessing
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from tempera.plans import Index, Packed, Planner, pack
from tempera.words import Tokenizer

AHEAD = 24  # batches that may wait


class Feed:
    """Packed plans, ``size`` a batch. With no processes they are planned when asked for."""

    def __init__(
        self, root: Path, seed: int, processes: int, size: int, scenes: float = 0.5, judge: bool = False
    ) -> None:
        self.processes: list[multiprocessing.Process] = []
        if not processes:
            self.planner = Planner(Index(root, judge=judge), seed, scenes)
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
            return pack([self.planner.plan() for _ in range(size)], self.tokenizer)
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


def _work(
    root: Path, seed: int, scenes: float, judge: bool, size: Synchronized[int], out: multiprocessing.Queue
) -> None:
    planner, tokenizer = Planner(Index(root, judge=judge), seed, scenes), Tokenizer.load()
    while True:
        out.put(pack([planner.plan() for _ in range(size.value)], tokenizer))
