"""What may lie in the resource of a model: JSON and safetensors of our own, and what people read beside them.

Looked at by name and by first bytes, before anything is read. Formats of others are told by their marks, so
that the reason says which one it is.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path, PurePath, PurePosixPath
from typing import Final

from sarcoma_core.archive.folder import is_catalog, is_hidden
from sarcoma_core.errors import InputError

CHECKPOINTS: Final = ("checkpoint.safetensors", "checkpoint.json")
"""What a training leaves that is to go on."""

_SHOWN_TO_PEOPLE = (".csv", ".json", ".md", ".html", ".png", ".txt")
_PLAIN_NAMES = ("LICENSE", "NOTICE")
_PICKLES = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle", ".joblib", ".npy", ".npz")
_PICKLE_BYTES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")
"""How a pickle begins since protocol 2, and a zip, which is what torch writes a pickle into."""
_NNUNET = (("plans.json", "dataset.json"), ("nnUNetPlans.json",))
_BUNDLE = ("configs/metadata.json", "configs/inference.json", "configs/inference.yaml", "models/model.pt")
_DEPTH = 2
_MOST_OF_WEIGHTS, _MOST_OF_OTHERS = 2**32, 2**26
"""Bytes of a file: hashes and manifests are read before anybody knows what it holds."""
_ONLY = "only JSON and safetensors of our own are read"


def require_ours(folder: Path) -> None:
    """Refuse a folder that holds what is no part of a model set of ours; nothing of it is run or unpacked.

    Args:
        folder: with one folder for each model, or with one model.

    Raises:
        InputError: it holds a symbolic link, a pickle, the format of others, or any other file.
    """
    held = sorted(_walk(folder))
    _require_no_others({path.relative_to(folder) for path in held})
    for path in held:
        place = path.relative_to(folder)
        if path.is_symlink() or not stat.S_ISREG(path.lstat().st_mode):
            kind = "a symbolic link" if path.is_symlink() else "what is no file"
            raise _refused(f"a model must be of plain files and folders; found {kind}{_where(place)}")
        _require_name(place, path.lstat().st_size)
        if is_hidden(place):
            continue
        with path.open("rb") as stream:
            head = stream.read(4)
        if place.suffix.lower() != ".safetensors" and head.startswith(_PICKLE_BYTES):
            kind = f"a pickle or zip named {place.suffix}"
            raise _refused(f"a model must hold no other files; found {kind}{_where(place)}: {_ONLY}")


def require_names(sizes: Mapping[str, int]) -> None:
    """Refuse what the names and sizes of files alone tell to be no part of a model set of ours.

    Args:
        sizes: bytes of each file, by its path below the resource.

    Raises:
        InputError: a file is a pickle by its name, the format of others, too large, or any other file.
    """
    _require_no_others({PurePosixPath(name) for name in sizes})
    for name, size in sorted(sizes.items()):
        _require_name(PurePosixPath(name), size)


def _require_no_others(places: AbstractSet[PurePath]) -> None:
    if whose := _of_others(places):
        raise _refused(f"a model must be a folder of ours; found {whose}: {_ONLY}", later=True)


def _require_name(place: PurePath, size: int) -> None:
    if place.suffix.lower() in _PICKLES:
        raise _refused(
            f"weights must be safetensors; found a {place.suffix} file{_where(place)}, which can be a "
            "pickle: that runs code when it is loaded"
        )
    if is_hidden(place):
        return
    if not _may_lie_there(place):
        raise _refused(f"a model must hold no other files; found {_kind(place)}{_where(place)}: {_ONLY}")
    if size > (most := _most_bytes(place)):
        raise _refused(
            f"a {place.suffix[:20]} file must be of {most // 2**20} MiB at most; found a larger one"
            f"{_where(place)}"
        )


def _walk(folder: Path) -> Iterator[Path]:
    """Every file and link below a folder; no link is followed."""
    for place, folders, files in os.walk(folder, onerror=_unreadable, followlinks=False):
        yield from (Path(place, name) for name in files)
        yield from (path for name in folders if (path := Path(place, name)).is_symlink())


def _unreadable(error: OSError) -> None:
    raise _refused(f"every folder of a model must be readable; one is not: {error.strerror}")


def _most_bytes(place: PurePath) -> int:
    return _MOST_OF_WEIGHTS if place.suffix.lower() == ".safetensors" else _MOST_OF_OTHERS


def _may_lie_there(place: PurePath) -> bool:
    if is_catalog(place) or place.name in _PLAIN_NAMES:
        return len(place.parts) <= _DEPTH
    if place.suffix.lower() == ".safetensors":
        own = place.name in CHECKPOINTS or place.name.startswith("weights")
        return own and len(place.parts) <= _DEPTH
    return place.suffix.lower() in _SHOWN_TO_PEOPLE and len(place.parts) <= _DEPTH


def _of_others(places: AbstractSet[PurePath]) -> str:
    """Whose format a folder is, in words; empty where it bears no mark of one that we know."""
    names = {place.name for place in places}
    folds = any(place.parent.name.startswith("fold_") and place.suffix == ".pth" for place in places)
    if folds or any(names.issuperset(marks) for marks in _NNUNET):
        return "a folder of nnU-Net"
    if any(place.as_posix().endswith(_BUNDLE) for place in places):
        return "a MONAI bundle"
    return ""


def _kind(place: PurePath) -> str:
    if len(place.parts) > _DEPTH:
        return "a folder within a folder"
    return f"a {place.suffix[:20]} file" if place.suffix else "a file without a suffix"


def _where(place: PurePath) -> str:
    """In which folder it lies; a file's own name is not told, as it may be a name."""
    return f" in {place.parts[0][:40]}" if len(place.parts) > 1 else ""


def _refused(rule: str, *, later: bool = False) -> InputError:
    told = " Models of nnU-Net and MONAI bundles are for a later version." if later else ""
    return InputError(
        f"model: {rule}.", hint=f"docs/outputs.md, The model folder, says what may be in it.{told}"
    )
