"""What the bases name, read off pyproject.toml and the lists beside their Dockerfiles."""

import re
import tomllib
from collections.abc import Iterator, Sequence

from sarcoma_core.images.catalogue import checkout, lineage
from sarcoma_core.images.contexts import requirements
from sarcoma_core.interface import Base


def canonical(name: str) -> str:
    """The name of a distribution, as two spellings of it compare (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions(lines: Sequence[str]) -> Iterator[str]:
    """The names of distributions in lines of requirements."""
    for line in lines:
        if named := re.match(r"[\w.-]+", line):
            yield canonical(named[0])


def held(base: Base) -> set[str]:
    """The distributions that a base names, with those of the bases that it stands on."""
    names: set[str] = set()
    for below in lineage(base):
        names.update(distributions(requirements(checkout(), below)))
        for path in (checkout() / "containers" / below).glob("no-deps.txt"):
            names.update(distributions(path.read_text("utf-8").splitlines()))
    return names


def named_in_extras() -> set[str]:
    """The distributions that any extra names, but not ourselves."""
    extras = tomllib.loads((checkout() / "pyproject.toml").read_text("utf-8"))["project"][
        "optional-dependencies"
    ]
    return {name for lines in extras.values() for name in distributions(lines)} - {"sarcoma"}
