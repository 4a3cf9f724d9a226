"""A seeded sample of what cosmic-ray's operators make of a module.

Left out is what dies whatever the tests are: what is no Python, what differs in an annotation only, and
arithmetic that becomes a shift or a bit operation, which no float has. Spread over the places of the source.
"""

import random
from collections import defaultdict
from itertools import zip_longest

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.operators.provider import OperatorProvider

from tools.mutants.mutant import Mutant, meaning

_BITS = ("RShift", "LShift", "BitOr", "BitAnd", "BitXor")


def sample(source: str, size: int, seed: int) -> list[Mutant]:
    """As many different mutants, or all when there are fewer; the same ones for the same source and seed."""
    rng = random.Random(seed)  # noqa: S311  no secret
    places: dict[tuple[int, int], list[tuple[int, Operator, int]]] = defaultdict(list)
    for name in sorted(OperatorProvider()):
        if _is_fair(name) and not (operator := OperatorProvider()[name]).arguments():
            for occurrence, (start, _) in enumerate(_positions(source, operator())):
                places[start].append((start[0], operator(), occurrence))
    for found in places.values():
        rng.shuffle(found)
    spread = [*places.values()]
    rng.shuffle(spread)
    chosen: list[Mutant] = []
    seen = {meaning(source)}
    for line, operator, occurrence in filter(None, (one for turn in zip_longest(*spread) for one in turn)):
        mutant = _mutant(source, line, mutate_code(source, operator, occurrence))
        if mutant is None or mutant.meaning in seen:
            continue
        seen.add(mutant.meaning)
        chosen.append(mutant)
        if len(chosen) == size:
            break
    return sorted(chosen, key=lambda mutant: mutant.line)


def _is_fair(name: str) -> bool:
    if name == "ExceptionReplacer":  # its exception is not imported, and it fails on a name with a dot
        return False
    bits = [word in _BITS for word in name.split("_")[1:]]
    return not name.startswith("ReplaceBinaryOperator") or bits[0] == bits[1]


def _positions(source: str, operator: Operator) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    return [place for node in ast_nodes(get_ast(source)) for place in operator.mutation_positions(node)]


def _mutant(source: str, line: int, changed: str | None) -> Mutant | None:
    if changed is None:
        return None
    try:
        meaning(changed)
    except SyntaxError:
        return None
    before, after = source.splitlines(), changed.splitlines()
    if len(before) != len(after):
        return Mutant(line, before[line - 1].strip(), "(removed)", changed)
    at = next(i for i, (one, other) in enumerate(zip(before, after, strict=True)) if one != other)
    return Mutant(at + 1, before[at].strip(), after[at].strip(), changed)
