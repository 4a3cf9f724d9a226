"""An asset is told by its files, however they came into the project; it is whole, or it is refused."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sarcoma_core.archive.asset import AssetFolder, asset_hash, open_asset
from sarcoma_core.archive.catalog import write_catalog
from sarcoma_core.archive.holdings import OwnHoldings, ResourceFolders
from sarcoma_core.archive.store import Archive
from sarcoma_core.errors import ArchiveError, InputError
from sarcoma_core.interface import Asset, AssetSpec
from sarcoma_core.provenance import MANIFEST, Outcome
from sarcoma_core.xnat.rest.holdings import RemoteResources
from sarcoma_core.xnat.rest.remote import RemoteTarget
from tests.archive.filed import EARLY, LATE, filed, put, served, session

MODEL = AssetSpec("model", Asset(label="MODEL_*", help="the model"))
TABLE = AssetSpec("table", Asset(label="CLINICAL", help="the table", optional=True))
FILES = {"weights.safetensors": b"1234", "a b/ä.json": b"{}", "empty": b""}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Project `P` has a session, as every project has."""
    held = Archive(tmp_path_factory.mktemp("assets") / "archive")
    session(held, "S1", "S1_MR")
    return held


@pytest.fixture(scope="module", params=["folder", "server"])
def look(request: pytest.FixtureRequest, archive: Archive) -> Iterator[Callable[[], OwnHoldings]]:
    """What the project's own resources hold, as a folder and as a server tell it."""
    if request.param == "folder":
        yield lambda: ResourceFolders(archive.resources_path("P"))
        return
    with served(archive) as connection:
        yield lambda: RemoteResources(connection, RemoteTarget("project", "P"))


def by_hand(folder: Path) -> Path:
    for path, content in FILES.items():
        put(folder, path, content)
    return folder


def by_step(folder: Path, finished: str = EARLY) -> Path:
    filed(by_hand(folder), Outcome("", "", "done"), finished=finished)
    return folder


def folder_hash(folder: Path) -> str:
    return asset_hash(ResourceFolders(folder.parent), folder.name)


def told_by_hand(files: dict[str, bytes]) -> str:
    """The hash as `sha256sum` would give it: of lines of path, tab and SHA-256, in order of the paths."""
    lines = [f"{path}\t{hashlib.sha256(content).hexdigest()}" for path, content in sorted(files.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_equal_files_have_one_hash_with_a_manifest_and_without_here_and_there(
    archive: Archive, look: Callable[[], OwnHoldings]
) -> None:
    by_hand(archive.resources_path("P") / "MODEL_HAND")
    by_step(archive.resources_path("P") / "MODEL_STEP")
    for label in ("MODEL_HAND", "MODEL_STEP"):
        assert asset_hash(look(), label) == told_by_hand(FILES)


def test_catalogs_and_hidden_files_do_not_count_here_and_there(
    archive: Archive, look: Callable[[], OwnHoldings]
) -> None:
    folder = by_hand(archive.resources_path("P") / "MODEL_MORE")
    for path in (".DS_Store", ".cache/x", "a b/.y"):
        put(folder, path)
    write_catalog(folder, "MODEL_MORE", resource_label="MODEL_MORE")
    assert (folder / "MODEL_MORE_catalog.xml").is_file()
    assert asset_hash(look(), "MODEL_MORE") == told_by_hand(FILES)


def test_a_resource_that_is_not_there_is_told_as_one_without_files(look: Callable[[], OwnHoldings]) -> None:
    assert asset_hash(look(), "MODEL_NONE") == told_by_hand({})


def test_a_damaged_manifest_is_told_here_and_there(archive: Archive, look: Callable[[], OwnHoldings]) -> None:
    put(archive.resources_path("P"), "MODEL_BAD/run.json", b"{")
    with pytest.raises(ArchiveError, match=r"MODEL_BAD/run\.json: must be a manifest"):
        asset_hash(look(), "MODEL_BAD")


@pytest.mark.parametrize("made", [by_hand, by_step])
@pytest.mark.parametrize("change", ["another byte", "another name", "one more", "one less", "moved"])
def test_any_change_of_a_file_is_another_asset(
    tmp_path: Path, made: Callable[[Path], Path], change: str
) -> None:
    folder = made(tmp_path / "MODEL_A")
    before = folder_hash(folder)
    match change:
        case "another byte":
            put(folder, "weights.safetensors", b"1235")
        case "another name":
            (folder / "empty").rename(folder / "void")
        case "one more":
            put(folder, "more", b"")
        case "one less":
            (folder / "empty").unlink()
        case _:
            (folder / "empty").rename(folder / "a b" / "empty")
    if made is by_step:
        filed(folder, Outcome("", "", "done"), finished=EARLY)
    assert folder_hash(folder) != before


def test_the_same_files_written_at_another_time_are_the_same_asset(tmp_path: Path) -> None:
    first, second = by_step(tmp_path / "MODEL_A", EARLY), by_step(tmp_path / "MODEL_B", LATE)
    assert (first / MANIFEST).read_bytes() != (second / MANIFEST).read_bytes()
    assert folder_hash(first) == folder_hash(second)


def test_where_a_manifest_lists_the_files_none_of_them_is_opened_to_tell_the_hash(tmp_path: Path) -> None:
    folder = by_step(tmp_path / "MODEL_A")
    for path in FILES:
        (folder / path).unlink()
    assert folder_hash(folder) == told_by_hand(FILES)


# At the door.


def nothing(folder: Path) -> None:
    del folder


def only_hidden(folder: Path) -> Path:
    put(folder, ".DS_Store")
    return put(folder, f"{folder.name}_catalog.xml")


EMPTY: tuple[Callable[[Path], object], ...] = (nothing, Path.mkdir, only_hidden)


@pytest.mark.parametrize("make", EMPTY)
def test_an_asset_without_files_is_missing(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "asset")
    assert open_asset(TABLE, tmp_path / "asset") is None
    with pytest.raises(
        InputError, match=r"--model: must be a folder .* resource MODEL_\*; found none"
    ) as caught:
        open_asset(MODEL, tmp_path / "asset")
    assert "--model DIR" in caught.value.hint


def test_an_asset_that_is_not_mounted_is_missing() -> None:
    assert open_asset(TABLE, None) is None
    with pytest.raises(InputError, match=r"--model: must be a folder"):
        open_asset(MODEL, None)


@pytest.mark.parametrize("asset", [MODEL, TABLE])
@pytest.mark.parametrize("made", [by_hand, by_step])
def test_an_asset_is_opened_with_the_hash_that_the_project_tells(
    tmp_path: Path, asset: AssetSpec, made: Callable[[Path], Path]
) -> None:
    """The folder of a mount has a name of its own, which is no part of the hash."""
    folder = made(tmp_path / "mount")
    opened = open_asset(asset, folder)
    assert opened
    assert opened.sha256 == told_by_hand(FILES)
    assert (opened.record is not None) == (made is by_step)
    for name, content in FILES.items():
        assert opened.file(name).read_bytes() == content


DAMAGE: dict[str, Callable[[Path], object]] = {
    "changed": lambda path: path.write_bytes(b"1235"),
    "cut": lambda path: path.write_bytes(b"123"),
    "longer": lambda path: path.write_bytes(b"12345"),
    "missing": Path.unlink,
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("asset", [MODEL, TABLE])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_file_that_is_not_as_its_manifest_lists_it_is_refused_and_not_named(
    tmp_path: Path, asset: AssetSpec, damage: str
) -> None:
    """An optional asset too: it is there. A file name may be a name."""
    put(tmp_path, "MODEL_A/Doe^John.csv")
    folder = by_step(tmp_path / "MODEL_A")
    assert open_asset(asset, folder)
    DAMAGE[damage](folder / "Doe^John.csv")
    with pytest.raises(
        InputError, match=rf"{asset.flag}: every file must be as run\.json lists it"
    ) as caught:
        open_asset(asset, folder)
    assert "Doe" not in str(caught.value)
    missing = damage in ("missing", "a folder")
    assert ("missing" in caught.value.message, "another" in caught.value.message) == (missing, not missing)


def test_a_file_that_no_manifest_lists_lies_beside_and_cannot_be_read(tmp_path: Path) -> None:
    """A server merges files into a resource and leaves stale ones behind."""
    folder = by_step(tmp_path / "MODEL_A")
    put(folder, "stale.json")
    opened = open_asset(MODEL, folder)
    assert opened
    assert opened.sha256 == told_by_hand(FILES)
    with pytest.raises(InputError, match=r"must hold stale\.json; run\.json does not list it"):
        opened.file("stale.json")


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    opened = AssetFolder(by_hand(tmp_path / "MODEL_A"), None, "")
    with pytest.raises(InputError, match=r"must hold config\.json; it is missing"):
        opened.file("config.json")
