"""Words of a prompt: how they are told apart, and how alike two of them are.

The same rules stand in internal/engine/tempera/read/words.go.
"""

from __future__ import annotations

import re
import unicodedata

GLUE = re.compile(r"[=<>{}\\|@$^]|\w[(\[]|://")  # inside a run of letters and signs: code, an address, not words
BLANK = " \t\n\r"
LONGEST_GLUED = 40  # letters of such a run that are kept


def words(text: str) -> list[tuple[str, bool]]:
    """(word, whether a comma or the like stands before it): letters without accents, lower case, no apostrophes and
    no "'s". A run
    without blanks that is plainly no words ("onerror=alert(1)") is one word that nothing knows."""
    found: list[tuple[str, bool]] = []
    word, pause, text = "", False, unicodedata.normalize("NFKD", text).lower() + " "
    at = seen = 0  # runs are looked at once, at their first letter
    while at < len(text):
        c = text[at]
        if at >= seen and c.isalnum():
            glued, seen = _glued(text, at)
            if glued:
                found.append((glued[:LONGEST_GLUED], pause))
                pause, at = False, at + len(glued)
                continue
        at += 1
        if c.isalnum():
            word += c
            continue
        if unicodedata.category(c) == "Mn" or c in "'’":
            if c in "'’" and word and text[at] == "s" and not text[at + 1].isalnum():
                at += 1  # "a witch's hat" is a witch hat
            continue
        if word:
            found.append((word, pause))
            word, pause = "", False
        if c in "&+":
            found.append(("and", False))
        pause = pause or c in ",;.:!?()/\n"
    return found


def _glued(text: str, start: int) -> tuple[str, int]:
    """The run of signs that begins here up to its last letter, if it is glued together like code, else "", and its end."""
    end = next(i for i in range(start, len(text)) if text[i] in BLANK)
    while not text[end - 1].isalnum():
        end -= 1
    run = text[start:end]
    return run if GLUE.search(run) else "", end


def clean(text: str) -> str:
    return " ".join(w for w, _ in words(text))


def singular(phrase: str) -> list[str]:
    """What the phrase could be the plural of."""
    ends = (("s", ""), ("es", ""), ("ies", "y"))
    return [phrase.removesuffix(many) + one for many, one in ends if phrase.endswith(many)]


def slips(a: str, b: str, limit: int) -> int:
    """Letters added, left out, changed or swapped with a neighbour between a and b; ``limit`` when that many or more."""
    if abs(len(a) - len(b)) >= limit:
        return limit
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i in range(1, len(a) + 1):
        now = [i]
        for j in range(1, len(b) + 1):
            d = min(row[j] + 1, now[j - 1] + 1, row[j - 1] + (a[i - 1] != b[j - 1]))
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                d = min(d, before[j - 2] + 1)
            now.append(d)
        before, row = row, now
    return min(row[-1], limit)
