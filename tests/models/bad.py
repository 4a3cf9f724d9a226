"""Sets of models that must be refused, each with the words of the reason; one fault each."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sarcoma_core.models.card import WEIGHTS
from sarcoma_core.models.folder import CARD, CARD_TEXT, CONFIG
from sarcoma_core.provenance import Outcome, list_files
from tests.archive.filed import filed, put
from tests.models.made import (
    ARGUMENTS,
    make_member,
    make_set,
    plain_weights,
    raw_pickle,
    safetensors_bytes,
    spoil,
    two_faced_pickle,
    zipped_pickle,
)

MEMBER = "T1CE"


class Bad(NamedTuple):
    """A fault of a set.

    Attributes:
        name: what it is.
        spoil: makes the fault in a good set; a pickle of it makes the file that is given when it is loaded.
        reason: a pattern of the message.
    """

    name: str
    spoil: Callable[[Path, Path], object]
    reason: str


def _weights(folder: Path, body: bytes) -> None:
    """Other weights, of which the card has the very hash."""
    (folder / MEMBER / WEIGHTS).write_bytes(body)
    spoil(folder / MEMBER / CARD, "weights_sha256", {WEIGHTS: hashlib.sha256(body).hexdigest()})


def _numbers(folder: Path, number: float) -> None:
    tensors = plain_weights()
    tensors["convolutions.1.weight"].flat[-1] = number
    _weights(folder, safetensors_bytes(tensors))


def _config(key: str, value: Any) -> Callable[[Path, Path], object]:
    return lambda folder, _: spoil(folder / MEMBER / CONFIG, key, value)


def _card(key: str, value: Any) -> Callable[[Path, Path], object]:
    return lambda folder, _: spoil(folder / MEMBER / CARD, key, value)


def _link(folder: Path, name: str, goal: str) -> None:
    path = folder / name
    path.unlink(missing_ok=True)
    path.symlink_to(goal)


def _lying_shape(folder: Path) -> None:
    """A header that tells of 2**40 numbers, in a file of a few."""
    body = (folder / MEMBER / WEIGHTS).read_bytes()
    length = int.from_bytes(body[:8], "little")
    header = json.loads(body[8 : 8 + length])
    header["convolutions.1.bias"]["shape"] = [2**20, 2**20]
    text = json.dumps(header).encode()
    _weights(folder, len(text).to_bytes(8, "little") + text + body[8 + length :])


def _traversing_manifest(folder: Path) -> None:
    filed(folder, Outcome("", "", "done"), files=list_files(folder))
    tree = json.loads((folder / "run.json").read_text())
    tree["files"][0]["path"] = "../../T1CE/card.json"
    (folder / "run.json").write_text(json.dumps(tree))


def _changed_since_its_manifest(folder: Path) -> None:
    filed(folder, Outcome("", "", "done"), files=list_files(folder))
    put(folder, f"{MEMBER}/{CARD_TEXT}", b"Good for everything.")


GOOD = safetensors_bytes(plain_weights())
SPACING = "segmentation: spacing must be three finite lengths, 0.1 to 20 mm; found"

BAD: tuple[Bad, ...] = (
    # 1 a pickle, by its name and by its bytes
    Bad("pickle as weights", lambda f, s: _weights(f, raw_pickle(s)), "first bytes are those of another"),
    Bad("zip as weights", lambda f, s: _weights(f, zipped_pickle(s)), "first bytes are those of another"),
    Bad("two-faced", lambda f, s: _weights(f, two_faced_pickle(s)), "must be a whole safetensors file"),
    Bad("model.pt", lambda f, s: put(f, f"{MEMBER}/model.pt", raw_pickle(s)), r"found a \.pt file in T1CE"),
    Bad("MODEL.PTH", lambda f, s: put(f, "MODEL.PTH", raw_pickle(s)), r"found a \.PTH file, which can be a"),
    Bad("hidden", lambda f, s: put(f, f"{MEMBER}/.old.pkl", raw_pickle(s)), r"found a \.pkl file"),
    Bad("csv", lambda f, s: put(f, f"{MEMBER}/a.csv", raw_pickle(s)), r"pickle or zip named \.csv in T1CE"),
    Bad("json", lambda f, s: put(f, f"{MEMBER}/a.json", zipped_pickle(s)), r"pickle or zip named \.json"),
    # 2 a path that leads out
    Bad(
        "traversal",
        _card("weights_sha256", {"../../x.safetensors": "0"}),
        r"found '\.\./\.\./x\.safetensors'",
    ),
    Bad("absolute", _card("weights_sha256", {"/etc/passwd": "0"}), "found '/etc/passwd'"),
    Bad("inner", _card("weights_sha256", {WEIGHTS: "0", "a/weights.safetensors": "0"}), "found 'a/weights"),
    Bad("manifest", lambda f, _: _traversing_manifest(f), "must stay inside the resource; one does not"),
    # 3 huge shapes
    Bad("input", _config("input_shape", [1, 512, 512, 512]), "33554432 together at most; found"),
    Bad("channels", _config("input_shape", [513, 8, 8, 8]), r"found \[513, 8, 8, 8\]"),
    Bad("width", _config("arguments", {**ARGUMENTS, "width": 10**9}), "0 to 4096.*; found width 1000000000"),
    Bad("levels", _config("arguments", {"widths": [8] * 17}), "at most 16 of them; found widths"),
    Bad("patch", _config("segmentation.patch", [512, 512, 512]), r"patch must .* found \[512, 512, 512\]"),
    Bad("header", lambda f, _: _lying_shape(f), "must be a whole safetensors file; it is not"),
    # 4 a wrong hash
    Bad(
        "hash", lambda f, _: (f / MEMBER / WEIGHTS).write_bytes(GOOD[:-1] + b"\1"), "must have the SHA-256 of"
    ),
    Bad("told hash", _card("weights_sha256", {WEIGHTS: "0" * 64}), r"SHA-256 of card\.json, 000000000000"),
    Bad(
        "untold", lambda f, _: put(f, f"{MEMBER}/weights-2.safetensors", GOOD), "found weights-2.safetensors"
    ),
    Bad("changed", lambda f, _: _changed_since_its_manifest(f), r"as run\.json lists it; T1CE/card\.md is"),
    # 5 a wrong spacing
    Bad("no spacing", _config("segmentation.spacing", [0, 3, 3]), f"{SPACING} \\[0.0, 3.0, 3.0\\]"),
    Bad("thin", _config("segmentation.spacing", [0.09, 3, 3]), f"{SPACING} \\[0.09"),
    Bad("thick", _config("segmentation.spacing", [3, 3, 20.1]), SPACING),
    Bad("nan", _config("segmentation.spacing", [3.0, 3.0, float("nan")]), f"{SPACING} .*NaN"),
    Bad("endless", _config("segmentation.spacing", [3.0, 3.0, float("inf")]), f"{SPACING} .*Infinity"),
    Bad("two axes", _config("segmentation.spacing", [3.0, 3.0]), SPACING),
    Bad("four axes", _config("segmentation.spacing", [3.0] * 4), SPACING),
    Bad("text", _config("segmentation.spacing", "3 mm"), 'spacing must be three lengths; found "3 mm"'),
    Bad("without", _config("segmentation.spacing", None), "it lacks spacing"),
    # 6 weights that are not finite
    *(
        Bad(f"{n}", lambda f, _, n=n: _numbers(f, n), "'convolutions.1.weight' is not")
        for n in (np.nan, np.inf)
    ),
    # 7 no card
    Bad("no card.json", lambda f, _: (f / MEMBER / CARD).unlink(), "must hold T1CE/card.json; it is missing"),
    Bad(
        "no card.md", lambda f, _: (f / MEMBER / CARD_TEXT).unlink(), "must hold T1CE/card.md; it is missing"
    ),
    Bad("no cohort", lambda f, _: _without_cohort(f), "must tell cohort and limits of a model that segments"),
    Bad(
        "no config", lambda f, _: (f / MEMBER / CONFIG).unlink(), "must hold T1CE/config.json; it is missing"
    ),
    # 8 a future schema
    Bad("config of 3", _config("schema", 3), "T1CE/config.json must be of schema 1 to 2; found 3"),
    Bad("card of 4", _card("schema", 4), "T1CE/card.json must be of schema 1 to 2; found 4"),
    Bad("unknown field", _config("segmentation.colour", "red"), 'alone; found "colour"'),
    Bad("unknown network", _config("architecture", "unet-3000"), "must be one of .*; found 'unet-3000'"),
    # 9 a symbolic link
    Bad(
        "link",
        lambda f, _: _link(f, f"{MEMBER}/{CARD_TEXT}", "../T2FS/card.md"),
        "found a symbolic link in T1CE",
    ),
    Bad(
        "link out", lambda f, _: _link(f, f"{MEMBER}/{CARD}", "/etc/passwd"), "found a symbolic link in T1CE"
    ),
    Bad("folder", lambda f, _: _link(f, "T2", "T1CE"), "found a symbolic link$|found a symbolic link\\."),
    Bad("hidden link", lambda f, _: _link(f, ".x", "/"), "found a symbolic link"),
    Bad("pipe", lambda f, _: os.mkfifo(f / MEMBER / "notes.md"), "found what is no file in T1CE"),
    # 10 a file that was cut short
    *(
        Bad(f"cut {cut}", lambda f, _, cut=cut: _weights(f, GOOD[:-cut]), "must be a whole safetensors file")
        for cut in (1, 4, 1000)
    ),
    Bad("longer", lambda f, _: _weights(f, GOOD + b"\0"), "must be a whole safetensors file"),
    Bad("empty", lambda f, _: _weights(f, b""), "must be a safetensors file"),
    # formats of others, and what is none of ours
    Bad("bundle", lambda f, _: put(f, "configs/metadata.json", b"{}"), "found a MONAI bundle: only JSON and"),
    Bad(
        "nnU-Net",
        lambda f, s: put(f, "fold_0/checkpoint_final.pth", raw_pickle(s)),
        "found a folder of nnU-Net",
    ),
    Bad("onnx", lambda f, _: put(f, f"{MEMBER}/model.onnx", b"x"), r"found a \.onnx file in T1CE: only JSON"),
    Bad("script", lambda f, _: put(f, f"{MEMBER}/load.py", b"1"), r"found a \.py file in T1CE"),
    Bad("program", lambda f, _: put(f, "load", b"1"), "found a file without a suffix"),
    Bad("deep", lambda f, _: put(f, f"{MEMBER}/a/b.json", b"{}"), "found a folder within a folder in T1CE"),
    # a set that contradicts itself
    Bad("name", lambda f, _: (f / MEMBER).rename(f / "T1"), "named by its sequences, T1CE; found 'T1/'"),
    Bad("sequences", _config("segmentation.sequences", ["T2FS"]), "seen.intensity must be of T2FS"),
    Bad("role", _config("segmentation.sequences", ["T9"]), "sequences must be distinct, each one of T1CE"),
    Bad("label", _config("segmentation.label", "NIFTI"), 'NORMALISED for one sequence.*found "NIFTI"'),
    Bad("regions", _config("arguments.outputs", 3), "as many regions as classes; found 2 and 3"),
    Bad("no task", _config("segmentation", None), "must have segmentation, null where"),
    Bad("kinds", lambda f, _: _weights(f, _in_double()), "must hold numbers of F16, F32, I64; found F64"),
    Bad("bomb", lambda f, _: put(f, f"{MEMBER}/{CONFIG}", b"[" * 10**5), "must be a JSON object of schema 1"),
    Bad("twice", lambda f, _: _twice(f), "each key once, 1 MiB at most; it is not"),
    Bad(
        "log",
        lambda f, _: _sparse(f / MEMBER / "log.csv", 2**26 + 1),
        r"a \.csv file must be of 64 MiB at most",
    ),
    Bad("strides", _config("arguments.strides", [[2, 2, 2], [2, 2, 3]]), "divisible .* strides, .*; found"),
    Bad("wide", lambda f, _: _wide_features(f, 33), "536870912 features in its finest level at most"),
    Bad("line", _card("name", "a\nlicence: none"), r"name, version, licence \(each a line\)"),
    Bad("large", lambda f, _: _padded(f, 2**20 + 1), "1 MiB at most; it is not"),
)
"""What is found without a network: a number of the issue's list, or a sibling of it."""


def _without_cohort(folder: Path) -> None:
    tree = json.loads((folder / MEMBER / CARD).read_text())
    (folder / MEMBER / CARD).write_text(json.dumps({**tree, "cohort": None}))


def _twice(folder: Path) -> None:
    path = folder / MEMBER / CARD
    path.write_text(path.read_text().replace("{", '{"synthetic": true, ', 1))


def _sparse(path: Path, size: int) -> None:
    with path.open("wb") as stream:
        stream.truncate(size)


def _wide_features(folder: Path, width: int) -> None:
    spoil(folder / MEMBER / CONFIG, "arguments.width", width)
    spoil(folder / MEMBER / CONFIG, "segmentation.patch", [256, 256, 256])


def _in_double() -> bytes:
    return safetensors_bytes({name: one.astype("<f8") for name, one in plain_weights().items()})


def _padded(folder: Path, size: int) -> None:
    path = folder / MEMBER / CONFIG
    path.write_text(path.read_text().ljust(size))


def _wide(folder: Path) -> None:
    """Arguments that are legal, and ask for 64 GiB where the file holds 3 kB."""
    arguments = {"channels": 1, "outputs": 2, "width": 4096, "depth": 64}
    spoil(folder / MEMBER / CONFIG, "arguments", arguments)


BAD_NETWORKS: tuple[Bad, ...] = (
    Bad("wide", lambda f, _: _wide(f), "must fit architecture plain-conv .* they do not"),
    Bad("deep", _config("arguments.depth", 65), "depth must be 2 to 64; found 65"),
    Bad("other", _config("architecture", "residual-unet"), "must fit architecture residual-unet"),
    Bad(
        "huge", lambda f, _: make_member(f / MEMBER, safetensors_bytes(plain_weights(1e38))), "finite numbers"
    ),
)
"""What is found where the network is built."""


def make_bad(folder: Path, bad: Bad, sprung: Path) -> Path:
    """A set with that fault.

    Args:
        folder: to fill.
        bad: the fault.
        sprung: the file that a pickle makes when it is loaded.
    """
    make_set(folder)
    bad.spoil(folder, sprung)
    return folder


def snapshot(folder: Path) -> dict[str, Any]:
    """Everything below a folder: links by where they lead, files by their bytes."""

    def told(path: Path) -> Any:
        if path.is_symlink():
            return path.readlink()
        return path.read_bytes() if path.is_file() else None

    return {str(path.relative_to(folder)): told(path) for path in sorted(folder.rglob("*"))}
