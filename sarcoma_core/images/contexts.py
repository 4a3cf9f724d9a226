"""What a base is built from: packages by name and version, and nothing of our own.

A base's context is put together here instead of being the checkout, so that a commit which changes only our
code rebuilds no base: what is not sent cannot change what the engine's cache holds.
"""

import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sarcoma_core.images.catalogue import PARENTS


def base_context(root: Path, base: str) -> Mapping[str, str]:
    """The files that a base is built from: name in the build context, and text.

    Args:
        root: the checkout.
        base: a key of `PARENTS`.

    Raises:
        KeyError: there is no such base.
    """
    first = PARENTS[base] is None
    containers = root / "containers"
    files = {
        "Dockerfile": containers / base / "Dockerfile",
        "constraints.txt": root / "constraints.txt",
        "install.sh": containers / "install.sh",
    }
    texts = {name: path.read_text("utf-8") for name, path in files.items()}
    return texts | ({"requirements.txt": _dependencies(root)} if first else {})


def _dependencies(root: Path) -> str:
    """`[project.dependencies]` as a requirements file; no base depends on the rest of pyproject.toml."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    return "".join(f"{requirement}\n" for requirement in project["dependencies"])


@contextmanager
def written(context: Mapping[str, str]) -> Iterator[Path]:
    """A context as a folder, for as long as a build lasts.

    Args:
        context: what `base_context` returns.
    """
    with tempfile.TemporaryDirectory(prefix="sarcoma-") as folder:
        for name, text in context.items():
            path = Path(folder, name)
            path.write_text(text, encoding="utf-8")
            path.chmod(0o644)  # the engine's cache asks for the mode too, and this user's umask may differ
        yield Path(folder)
