"""What a base is built from: packages by name and version, and nothing of our own.

A base's context is put together here instead of being the checkout, so that a commit which changes only our
code rebuilds no base: what is not sent cannot change what the engine's cache holds.
"""

import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sarcoma_core.images.catalogue import PARENTS
from sarcoma_core.interface import Base


def base_context(root: Path, base: Base, wheels: Sequence[Path] = ()) -> Mapping[str, str | Path]:
    """The files that a base is built from: name in the build context, and text, or a file to copy.

    Args:
        root: the checkout.
        base: the base.
        wheels: wheels of torch, for the base that installs it.
    """
    containers = root / "containers"
    own = containers / base
    files = (
        own / "Dockerfile",
        *sorted(own.glob("*.txt")),
        root / "constraints.txt",
        containers / "install.sh",
    )
    context: dict[str, str | Path] = {path.name: path.read_text("utf-8") for path in files}
    context["requirements.txt"] = "".join(f"{line}\n" for line in requirements(root, base))
    if base == "torch":
        # The folder is mounted, so it must be there.
        context["wheels/README"] = "The wheels of torch that --torch-index named as a folder.\n"
        context.update({f"wheels/{wheel.name}": wheel for wheel in wheels})
    return context


def requirements(root: Path, base: Base) -> tuple[str, ...]:
    """The packages that a base adds to its parent: `[project.dependencies]`, or the extra of its name.

    Args:
        root: the checkout.
        base: the base.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    lines = project["dependencies"] if PARENTS[base] is None else project["optional-dependencies"][base]
    # What an extra says of another one of ours, its base's parent holds.
    return tuple(line for line in lines if not line.startswith(f"{project['name']}["))


@contextmanager
def written(context: Mapping[str, str | Path]) -> Iterator[Path]:
    """A context as a folder, for as long as a build lasts.

    Args:
        context: what `base_context` returns.
    """
    with tempfile.TemporaryDirectory(prefix="sarcoma-") as folder:
        for name, content in context.items():
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            if isinstance(content, str):
                path.write_text(content, encoding="utf-8")
            else:
                shutil.copyfile(content, path)
            # The engine's cache asks for modes too, and this user's umask may differ.
            path.chmod(0o644)
            path.parent.chmod(0o755)
        yield Path(folder)
