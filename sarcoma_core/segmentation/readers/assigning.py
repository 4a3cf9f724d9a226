"""Cases to readers: balanced, seeded, and the same whatever the order in which they are named."""

import hashlib
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from sarcoma_core.archive.folder import natural
from sarcoma_core.errors import UsageError
from sarcoma_core.segmentation.readers.records import CaseAssignment

_Pair = frozenset[str]


def assign_cases(
    cases: Iterable[str],
    readers: Sequence[str],
    *,
    per_case: int = 2,
    seed: int = 0,
    standing: Sequence[CaseAssignment] = (),
) -> tuple[CaseAssignment, ...]:
    """Give cases to readers, each to so many.

    Each time those take a case who have the fewest, then those who read least together. Where nothing stands
    yet the numbers of cases differ by one at most, and with two readers of a case those of second reads too.
    What stands is kept: who reads a case, and whose read is the first; a case with fewer readers than
    `per_case` gets more.

    Args:
        cases: labels of the sessions.
        readers: ids of those who take what is new.
        per_case: how many read each.
        seed: of every choice between equals.
        standing: what was assigned before.

    Returns:
        All assignments, by case in natural order.

    Raises:
        UsageError: there are too few readers, or a case needs none.
    """
    number = len(set(readers))
    if not 1 <= per_case <= number:
        fewer = f"; or say --per-case {number}" if number else ""
        raise UsageError(
            f"--per-case: must be 1 to the number of readers, {number}; found {per_case}.",
            hint=f"Name all who take new cases: --readers anna,ben,cleo{fewer}.",
        )
    kept = {one.case: one for one in standing}
    reading = {one.case: list(one.readers) for one in standing}
    loads = Counter(reader for one in reading.values() for reader in one)
    together = Counter(pair for one in reading.values() for pair in _pairs(one))
    for case in sorted(set(cases), key=lambda case: _chance(seed, case)):
        held = reading.setdefault(case, [])
        while len(held) < per_case:
            free = sorted(set(readers) - set(held))
            if not free:
                break
            one = min(free, key=lambda r: (loads[r], _met(r, held, together), _chance(seed, f"{case}\0{r}")))
            together.update(_pair(one, other) for other in held)
            loads[one] += 1
            held.append(one)
    firsts = _level({case: tuple(held) for case, held in reading.items()}, kept)
    made = (
        CaseAssignment(case, firsts[case], tuple(r for r in held if r != firsts[case]))
        for case, held in reading.items()
    )
    return tuple(sorted(made, key=lambda one: natural(one.case)))


def _met(reader: str, held: Sequence[str], together: Mapping[_Pair, int]) -> int:
    """How often a reader has read with those who have a case already."""
    return sum(together[_pair(reader, other)] for other in held)


def _level(reading: Mapping[str, tuple[str, ...]], kept: Mapping[str, CaseAssignment]) -> dict[str, str]:
    """Whose read is the first in each case, so that second reads are level; what stands is not changed.

    One hands a first read on to another of the same case, and so on, until one with at least two second reads
    fewer is reached: an augmenting path, after which no better choice is left.
    """
    firsts = {case: kept[case].first if case in kept else held[0] for case, held in sorted(reading.items())}
    open_cases = {case: reading[case] for case in firsts if case not in kept}
    while path := _path(reading, firsts, open_cases):
        firsts.update(path)
    return firsts


def _path(
    reading: Mapping[str, tuple[str, ...]],
    firsts: Mapping[str, str],
    open_cases: Mapping[str, tuple[str, ...]],
) -> dict[str, str]:
    """Cases with who is to take the first read of each, to level second reads; none where nothing does."""
    seconds = Counter({reader: 0 for held in reading.values() for reader in held})
    seconds.update(r for case, held in reading.items() for r in held if r != firsts[case])
    for most in sorted(seconds, key=lambda reader: (-seconds[reader], reader)):
        taken: dict[str, dict[str, str]] = {most: {}}
        waiting = deque([most])
        while waiting:
            one = waiting.popleft()
            for case, held in open_cases.items():
                giver = firsts[case]
                if one in held and giver not in taken:
                    taken[giver] = {**taken[one], case: one}
                    if seconds[giver] <= seconds[most] - 2:
                        return taken[giver]
                    waiting.append(giver)
    return {}


def _pair(one: str, other: str) -> _Pair:
    return frozenset((one, other))


def _pairs(readers: Sequence[str]) -> Iterable[_Pair]:
    return (_pair(one, other) for one, other in combinations(readers, 2))


def _chance(seed: int, text: str) -> str:
    """A number that depends on the seed and the text alone, not on an order."""
    return hashlib.sha256(f"{seed}\0{text}".encode(errors="surrogateescape")).hexdigest()
