"""A model folder is checked before a weight is loaded: whole, what its card says, and never a pickle."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.archive.asset import open_asset
from sarcoma_core.errors import InputError
from sarcoma_core.interface import AssetSpec
from sarcoma_core.models.folder import (
    CARD,
    CARD_TEXT,
    CONFIG,
    WEIGHTS,
    ModelCard,
    ModelFolder,
    open_model,
    require_use,
)
from sarcoma_core.provenance import Outcome, list_files
from sarcoma_core.steps import step_named
from tests.archive.filed import filed, put
from tests.models.made import (
    ARGUMENTS,
    make_model,
    plain_weights,
    raw_pickle,
    safetensors_bytes,
    two_faced_pickle,
    zipped_pickle,
)

(MODEL,) = step_named("check-model").assets


def opened(folder: Path, asset: AssetSpec = MODEL) -> ModelFolder:
    found = open_asset(asset, folder)
    assert found
    return open_model(found)


def change(path: Path, key: str, value: Any) -> None:
    """Set a field of a JSON file; None takes it out."""
    tree = json.loads(path.read_text())
    if value is None:
        del tree[key]
    else:
        tree[key] = value
    path.write_text(json.dumps(tree))


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    found = opened(make_model(tmp_path / "MODEL_A"))
    assert found.config.architecture == "plain-conv"
    assert found.config.arguments == ARGUMENTS
    assert found.config.input_shape == (1, 8, 8, 8)
    assert (found.card.name, found.card.version, found.card.licence) == ("trial", "1.0", "Apache-2.0")
    assert found.card.permitted_use == ("research",)
    assert found.weights == tmp_path / "MODEL_A" / WEIGHTS


def test_the_card_for_people_says_what_the_card_says(tmp_path: Path) -> None:
    text = (make_model(tmp_path / "MODEL_A", licence="CC-BY-NC-4.0") / CARD_TEXT).read_text()
    for told in ("trial 1.0", "CC-BY-NC-4.0", "research", "plain-conv", "not a medical device"):
        assert told in text


@pytest.mark.parametrize("name", [WEIGHTS, CONFIG, CARD, CARD_TEXT])
def test_each_of_the_four_files_must_be_there(tmp_path: Path, name: str) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"asset: must hold {name}; it is missing"):
        opened(folder)


def test_weights_of_another_hash_are_not_those_of_the_card(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    opened(folder)
    body = bytearray((folder / WEIGHTS).read_bytes())
    body[-1] ^= 1
    (folder / WEIGHTS).write_bytes(body)
    with pytest.raises(InputError, match=r"card\.json must have the SHA-256 of weights\.safetensors"):
        opened(folder)


# A pickle, by its name and by its bytes.


PICKLES: tuple[Callable[[Path], bytes], ...] = (raw_pickle, zipped_pickle)
NAMES = ("a.pt", "a.pth", "a.ckpt", "a.bin", "a.pkl", "a.pickle", "a.joblib", "A.PT")


@pytest.mark.parametrize("make", [raw_pickle, two_faced_pickle])
def test_the_pickles_of_these_tests_do_run_code_when_they_are_loaded(
    tmp_path: Path, make: Callable[[Path], bytes]
) -> None:
    pickle.loads(make(tmp_path / "sprung"))  # noqa: S301  that is what this shows
    assert (tmp_path / "sprung").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_a_file_named_as_a_pickle_is_refused_unread_whatever_lies_beside(tmp_path: Path, name: str) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    put(folder, name, raw_pickle(tmp_path / "sprung"))
    with pytest.raises(InputError, match=r"weights must be safetensors; found a .* which can be a pickle"):
        opened(folder)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["notes.txt", "pt", "model.onnx", "a.pt.md"])
def test_a_file_named_otherwise_may_lie_beside(tmp_path: Path, name: str) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    put(folder, name)
    opened(folder)


@pytest.mark.parametrize("make", PICKLES)
def test_a_pickle_under_the_name_of_weights_is_told_by_its_bytes_and_refused_unread(
    tmp_path: Path, make: Callable[[Path], bytes]
) -> None:
    """The card has its very hash: that does not make it safe."""
    folder = make_model(tmp_path / "MODEL_A", make(tmp_path / "sprung"))
    with pytest.raises(InputError, match="must be a safetensors file; its first bytes are those of another"):
        opened(folder)
    assert not (tmp_path / "sprung").exists()


BODY = safetensors_bytes(plain_weights())
HEADER = int.from_bytes(BODY[:8], "little")


@pytest.mark.parametrize(
    ("weights", "good"),
    [
        (BODY[: 8 + HEADER], True),
        (BODY[: 8 + HEADER - 1], False),
        (BODY[:8], False),
        (BODY[:7], False),
        (b"", False),
        ((2).to_bytes(8, "little") + b"{}", True),
        ((1).to_bytes(8, "little") + b"{}", False),
        ((3).to_bytes(8, "little") + b"{}", False),
        ((2).to_bytes(8, "little") + b"[]", False),
        ((2).to_bytes(8, "big") + b"{}", False),
    ],
    ids=["header", "cut", "length", "7 bytes", "empty", "smallest", "1", "3", "list", "big-endian"],
)
def test_a_safetensors_file_is_told_by_its_first_bytes(tmp_path: Path, weights: bytes, *, good: bool) -> None:
    """A length and a header that begins with `{` and lies in the file; its numbers are read later."""
    folder = make_model(tmp_path / "MODEL_A", weights)
    if good:
        opened(folder)
        return
    with pytest.raises(InputError, match="must be a safetensors file"):
        opened(folder)


# The two JSON files.


@pytest.mark.parametrize("name", [CONFIG, CARD])
@pytest.mark.parametrize(
    "text", ["", "{", "[]", "1", "null", "\xff", '{"schema": 2}', '{"schema": "1"}', "{}", "[" * 100_000]
)
def test_what_is_no_json_object_of_schema_1_is_refused(tmp_path: Path, name: str, text: str) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    (folder / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=f"{name} must be a JSON object of schema 1; it is not"):
        opened(folder)


@pytest.mark.parametrize("name", [CONFIG, CARD])
@pytest.mark.parametrize("schema", [0, 2, None])
def test_another_schema_is_refused(tmp_path: Path, name: str, schema: int | None) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    change(folder / name, "schema", schema)
    with pytest.raises(InputError, match=f"{name} must be a JSON object of schema 1"):
        opened(folder)


@pytest.mark.parametrize("shape", [[1, 1, 1, 1], [512, 512, 512, 512], [1, 8, 16, 32]], ids=str)
def test_an_input_has_channels_and_three_axes_of_1_to_512(tmp_path: Path, shape: list[int]) -> None:
    assert opened(make_model(tmp_path / "MODEL_A", input_shape=shape)).config.input_shape == tuple(shape)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("input_shape", shape) for shape in ([0, 8, 8, 8], [1, 8, 8, 513], [1, 8, 8], [1, 1, 8, 8, 8], [])),
        *(("input_shape", shape) for shape in ([1, 8, 8, 8.0], [True, 8, 8, 8], "1888", None, [1, 8, 8, -8])),
        *(("arguments", value) for value in ([], "x", None, {"channels": "1"}, {"channels": 1.0})),
        *(("arguments", value) for value in ({"channels": True}, {"channels": None}, {"channels": [1]})),
        *(("architecture", value) for value in (1, None, ["plain-conv"])),
    ],
    ids=str,
)
def test_a_config_that_breaks_its_rule_is_refused(tmp_path: Path, key: str, value: object) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    change(folder / CONFIG, key, value)
    with pytest.raises(InputError, match=r"config\.json must have architecture"):
        opened(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("permitted_use", uses) for uses in ([], ["clinical"], ["research", "clinical"], "research", None)),
        *(("permitted_use", uses) for uses in ([["research"]], [{}], [1], {"research": 1})),
        *((key, value) for key in ("name", "version", "licence") for value in ("", None, 1, ["x"])),
        *(("weights_sha256", value) for value in (None, 1, ["x"])),
    ],
    ids=str,
)
def test_a_card_that_breaks_its_rule_is_refused(tmp_path: Path, key: str, value: object) -> None:
    folder = make_model(tmp_path / "MODEL_A")
    change(folder / CARD, key, value)
    with pytest.raises(InputError, match=r"card\.json must have name"):
        opened(folder)


@pytest.mark.parametrize("digest", ["", "0" * 64])
def test_a_card_with_the_hash_of_other_weights_is_refused(tmp_path: Path, digest: str) -> None:
    with pytest.raises(InputError, match="must have the SHA-256"):
        opened(make_model(tmp_path / "MODEL_A", weights_sha256=digest))


def test_what_the_manifest_of_a_model_does_not_list_is_not_read(tmp_path: Path) -> None:
    """A server leaves stale files behind: a card of an earlier model is none of this one's."""
    folder = make_model(tmp_path / "MODEL_A")
    entries = list_files(folder)
    filed(folder, Outcome("", "", "done"), files=entries)
    opened(folder)
    filed(folder, Outcome("", "", "done"), files=tuple(e for e in entries if e.path != CARD_TEXT))
    with pytest.raises(InputError, match=r"asset: must hold card\.md; run\.json does not list it"):
        opened(folder)


# What it may be used for.


def card(*uses: str) -> ModelCard:
    return ModelCard("trial", "1.0", "CC-BY-NC-4.0", uses, "")


@pytest.mark.parametrize("use", ["research", "commercial"])
def test_a_use_must_be_one_that_the_licence_permits(use: Any) -> None:
    require_use(card(use), use)
    require_use(card("research", "commercial"), use)
    other = {"research": "commercial", "commercial": "research"}[use]
    with pytest.raises(
        InputError, match=rf"--use: must be permitted .*CC-BY-NC-4\.0: {other}\); found {use}"
    ):
        require_use(card(other), use)
