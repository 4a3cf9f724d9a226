"""`sarcoma models`: what it lists, shows, checks, adds and refuses; in an archive and on a server."""

import json
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sarcoma_core.archive.asset import asset_hash, open_asset
from sarcoma_core.archive.holdings import ResourceFolders
from sarcoma_core.archive.store import Archive
from sarcoma_core.cli.main import main, parser
from sarcoma_core.errors import InputError
from sarcoma_core.launch.models import adding
from sarcoma_core.models.model_set import open_set
from sarcoma_core.provenance import Outcome, list_files
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.rest.answering import ServerError
from tests.archive.filed import filed, put, session
from tests.launch.lying_front import LyingFront, in_front_of
from tests.models.bad import BAD, Bad, make_bad, snapshot
from tests.models.made import make_member, make_model, make_set, raw_pickle, spoil

(MODEL,) = step_named("check-model").assets
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "models.md"
SAYS_NO_TORCH = "PyTorch is not installed here: the networks were not built"


class Place(NamedTuple):
    """A project P, and how it is named."""

    words: tuple[str, ...]
    archive: Archive
    front: LyingFront | None


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    held = Archive(tmp_path / "archive")
    session(held, "S1", "S1_MR")
    return held


@pytest.fixture(params=["archive", "server"])
def place(
    request: pytest.FixtureRequest, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    if request.param == "archive":
        yield Place(("--project", "P", "--archive", str(archive.root)), archive, None)
        return
    settings = StandInSettings(archive.root, login="admin", password="of tests")  # noqa: S106  it guards nothing
    with serving(StandIn(settings)) as url, in_front_of(url) as front:
        for name, value in (("HOST", front.url), ("USER", "admin"), ("PASS", "of tests")):
            monkeypatch.setenv(f"XNAT_{name}", value)
        yield Place(("--project", "P"), archive, front)


@pytest.fixture(autouse=True)
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """As at a site, whose environment has none; a test that wants it says so."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)


def models(*words: str | Path) -> int:
    return main(["models", *map(str, words)])


def resource(place: Place, label: str) -> dict[str, bytes]:
    folder = place.archive.resources_path("P") / label
    paths = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith("_catalog.xml"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def everything(place: Place) -> Mapping[str, Any]:
    """All files of the project, and what a server was asked beside reading."""
    return {**files(place.archive.root / "P"), "asked": repr(place.front.written) if place.front else ""}


def filled(place: Place, label: str, folder: Path) -> None:
    shutil.copytree(folder, place.archive.resources_path("P") / label)


def test_the_how_to_shows_what_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    session(Archive(Path("archive")), "S1", "S1_MR", project="STS")
    make_set(Path("MODEL_SEG_STS"), "T1CE", "T1CE_T2FS")
    shown = HOW_TO.read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(sarcoma models [^\n]*)\n```\n\n```text\n(.*?)```", shown, re.DOTALL)
    assert [command.split()[2] for command, _ in blocks] == ["add", "list"]
    for command, printed in blocks:
        assert main(shlex.split(command)[1:]) == 0
        assert capsys.readouterr().out == printed
        main(["models", "add", "MODEL_SEG_STS", "--project", "STS", "--archive", "archive", "--write"])
        capsys.readouterr()


# check


def test_a_good_set_is_told_by_member_with_the_command_that_is_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_set(tmp_path / "MODEL_SEG_A", "T1CE", "T1CE_T2FS")
    assert models("check", folder) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split("\t") == ["member", "name", "version", "licence", "networks", "weights", "tried"]
    assert rows[0].split("\t") == ["T1CE", "trial", "1.0", "Apache-2.0", "1", "658", "not built"]
    assert rows[1].split("\t")[:6] == ["T1CE_T2FS", "trial", "1.0", "Apache-2.0", "1", str(658 + 8 * 27)]
    assert rows[2].startswith(SAYS_NO_TORCH)
    assert rows[-1] == f"next: sarcoma models add {folder} --project P"
    assert parser().parse_args(shlex.split(rows[-1].removeprefix("next: "))[1:]).folder == folder


@pytest.mark.torch
def test_where_there_is_torch_each_network_is_built_and_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    folder = make_set(tmp_path / "MODEL_SEG_A")
    assert models("check", folder, "-o", "json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["member"] for row in rows] == ["T1CE", "T2FS"]
    assert all(" s on " in row["tried"] for row in rows)
    spoil(folder / "T2FS" / "config.json", "arguments.depth", 3)
    assert models("check", folder) == 1
    assert "T2FS/weights.safetensors must fit architecture plain-conv" in capsys.readouterr().err


def test_a_training_that_goes_on_and_a_model_of_phantoms_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_set(tmp_path / "MODEL_SEG_A", "T1CE", synthetic=True)
    put(folder, "T2FS/checkpoint.json", b"{}")
    assert models("check", folder) == 0
    said = capsys.readouterr().out.splitlines()
    assert "T2FS: unfinished, its training is to go on" in said
    assert "T1CE: Trained on synthetic patients only: not for patients." in said


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_bad_model_is_refused_by_check_and_by_add_and_nothing_is_run_or_written(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str], bad: Bad
) -> None:
    folder = make_bad(tmp_path / "MODEL_SEG_BAD", bad, tmp_path / "sprung")
    before = snapshot(tmp_path)
    for words in (("check",), ("add", "--project", "P", "--archive", archive.root, "--write", "--replace")):
        verb, *rest = words
        assert models(verb, folder, *rest) == 1
        told = capsys.readouterr()
        assert told.out == ""
        hint, error = told.err.splitlines()
        assert hint.startswith("next: ")
        with pytest.raises(InputError, match=bad.reason):
            raise InputError(error)
        assert snapshot(tmp_path) == before


def test_a_path_that_is_no_folder_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models("check", tmp_path / "none") == 1
    assert "error: model: must be a folder; found none there." in capsys.readouterr().err


# add


def test_without_write_nothing_is_written_and_the_last_line_is_the_command_that_does(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_set(tmp_path / "MODEL_SEG_A")
    before = everything(place)
    assert models("add", folder, *place.words) == 0
    said = capsys.readouterr().out.splitlines()
    assert everything(place) == before
    assert "there before: nothing" in said
    sizes = {line.split("\t")[0]: int(line.split("\t")[1]) for line in said if line.startswith("T")}
    assert sizes == {path: len(content) for path, content in files(folder).items()}
    start, _, command = said[-1].partition(": ")
    assert start == "Nothing was written. To write it"
    assert main(shlex.split(command)[1:]) == 0
    assert resource(place, "MODEL_SEG_A") == files(folder)


def test_what_was_added_is_the_very_model_for_a_step(place: Place, tmp_path: Path) -> None:
    folder = make_set(tmp_path / "here", "T1CE", "T1CE_T2FS")
    assert models("add", folder, *place.words, "--label", "MODEL_SEG_B", "--write") == 0
    added = place.archive.resources_path("P") / "MODEL_SEG_B"
    asset = open_asset(MODEL, added)
    assert asset
    assert open_set(asset).sha256 == asset_hash(ResourceFolders(tmp_path), "here")
    assert set(open_set(asset).members) == {"T1CE", "T1CE_T2FS"}


@pytest.mark.parametrize("of", ["set", "model"])
def test_the_next_command_can_be_pasted(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str], of: str
) -> None:
    folder = (make_set if of == "set" else make_model)(
        tmp_path / ("MODEL_SEG_A" if of == "set" else "MODEL_A")
    )
    assert models("add", folder, *place.words, "--write") == 0
    step, label = ("segment", "MODEL_SEG_A") if of == "set" else ("check-model", "MODEL_A")
    where = shlex.join(place.words)
    wanted = (
        f"sarcoma run {step} {where}"
        if place.front is None
        else f"sarcoma xnat launch {step} SESSION {where}"
    )
    assert capsys.readouterr().out.splitlines()[-1] == f"next: {wanted} --asset model={label}"


def test_the_same_model_again_changes_nothing(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_set(tmp_path / "MODEL_SEG_A")
    models("add", folder, *place.words, "--write")
    before = everything(place)
    capsys.readouterr()
    assert models("add", folder, *place.words, "--write") == 0
    assert "Nothing to do: all of it is there." in capsys.readouterr().out
    assert everything(place) == before


def test_another_model_under_the_label_stays_unless_it_is_to_be_replaced(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = make_set(tmp_path / "a"), make_set(tmp_path / "b", "T1CE", version="2.0")
    label = ("--label", "MODEL_SEG_A", "--write")
    models("add", first, *place.words, *label)
    before = everything(place)
    capsys.readouterr()
    assert models("add", second, *place.words, *label) == 1
    told = capsys.readouterr().err
    assert (
        "MODEL_SEG_A: must be free, or hold this very model; it holds another one. Nothing was written"
        in told
    )
    assert "--replace" in told
    assert everything(place) == before
    assert models("add", second, *place.words, *label, "--replace") == 0
    assert resource(place, "MODEL_SEG_A") == files(second)


def test_what_a_step_wrote_comes_with_its_manifest_and_nothing_that_it_does_not_list(
    place: Place, tmp_path: Path
) -> None:
    folder = make_set(tmp_path / "MODEL_SEG_A")
    entries = list_files(folder)
    put(folder, "T1CE/stale.csv")
    filed(folder, Outcome("", "", "done"), files=entries)
    assert models("add", folder, *place.words, "--write") == 0
    held = resource(place, "MODEL_SEG_A")
    assert set(held) == {"run.json", *(entry.path for entry in entries)}


def test_hidden_files_stay_at_home(place: Place, tmp_path: Path) -> None:
    folder = make_set(tmp_path / "MODEL_SEG_A")
    put(folder, ".DS_Store")
    put(folder, "T1CE/.notes.md")
    assert models("add", folder, *place.words, "--write") == 0
    assert not [path for path in resource(place, "MODEL_SEG_A") if "/." in f"/{path}"]


@pytest.mark.parametrize(
    "label", ["MODEL_a", "SEG_A", "MODEL_", "MODEL_SEG_", "MODEL_SEG_A/B", "MODEL_SEG-A", "MODEL_" + "A" * 59]
)
def test_a_label_is_model_and_capitals_digits_underscores(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str], label: str
) -> None:
    folder = make_model(tmp_path / "a")
    words = ("--project", "P", "--archive", archive.root, "--label", label, "--write")
    assert models("add", folder, *words) == 2
    assert (
        f"--label: must be MODEL_ and capital letters, digits and underscores, 64 in all; found {label!r}"
        in (capsys.readouterr().err)
    )


def test_the_longest_label_is_one(archive: Archive, tmp_path: Path) -> None:
    words = ("--project", "P", "--archive", archive.root, "--label", "MODEL_" + "A" * 58)
    assert models("add", make_model(tmp_path / "a"), *words) == 0


def test_a_set_needs_a_label_that_segment_takes(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ("--project", "P", "--archive", archive.root)
    assert models("add", make_set(tmp_path / "MODEL_A"), *place) == 2
    told = capsys.readouterr().err
    assert "--label: must begin with MODEL_SEG_ for models that segment" in told
    assert "Name one: --label MODEL_SEG_A" in told
    assert models("add", make_set(tmp_path / "here"), *place) == 2
    assert "--label: must be given where the folder's name is none" in capsys.readouterr().err


def test_a_project_that_is_not_there_is_told_before_anything_is_written(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(place)
    words = ("--project", "NONE", *place.words[2:])
    assert models("add", make_set(tmp_path / "MODEL_SEG_A"), *words, "--write") != 0
    assert "NONE" in capsys.readouterr().err
    assert everything(place) == before


def test_a_server_that_stops_halfway_holds_no_model_that_a_step_takes_and_the_next_run_mends_it(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed after each number of files: never is there a model that is neither the old one nor the new."""
    old, new = make_set(tmp_path / "old", "T1CE"), make_set(tmp_path / "new", "T1CE", version="2.0")
    put(new, "T1CE/training.csv", b"1\n")
    settings = StandInSettings(archive.root, login="admin", password="of tests")  # noqa: S106  it guards nothing
    keep = adding.put_resource_file
    with serving(StandIn(settings)) as url:
        for name, value in (("HOST", url), ("USER", "admin"), ("PASS", "of tests")):
            monkeypatch.setenv(f"XNAT_{name}", value)
        words = ("--project", "P", "--label", "MODEL_SEG_A", "--write", "--replace")
        assert models("add", old, *words) == 0
        for reached in range(len(files(new))):
            left = [reached]

            def stopping(*given: Any, left: list[int] = left) -> None:
                if not left[0]:
                    raise ServerError("The server has gone.")
                left[0] -= 1
                keep(*given)

            monkeypatch.setattr(adding, "put_resource_file", stopping)
            assert models("add", new, *words) == 1
            asset = open_asset(MODEL, archive.resources_path("P") / "MODEL_SEG_A")
            assert asset
            with pytest.raises(InputError, match=r"must hold T1CE/card\.json; it is missing"):
                open_set(asset)
        monkeypatch.setattr(adding, "put_resource_file", keep)
        capsys.readouterr()
        assert models("list", "--project", "P") == 0
        assert "refused: model: T1CE/card.json must be a JSON object" in capsys.readouterr().out
        assert models("add", new, *words) == 0
    assert resource(Place((), archive, None), "MODEL_SEG_A") == files(new)


def test_an_archive_that_stops_halfway_keeps_the_earlier_model(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = make_set(tmp_path / "old"), make_set(tmp_path / "new", version="2.0")
    words = ("--project", "P", "--archive", archive.root, "--label", "MODEL_SEG_A", "--write", "--replace")
    assert models("add", old, *words) == 0
    place = Place((), archive, None)
    keep, left = shutil.copyfile, [3]

    def full(*given: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        keep(*given)

    monkeypatch.setattr(adding.shutil, "copyfile", full)
    assert models("add", new, *words) == 1
    assert "--archive: must be writable and have space; found: No space left" in capsys.readouterr().err
    assert resource(place, "MODEL_SEG_A") == files(old)
    assert [path.name for path in archive.resources_path("P").iterdir()] == ["MODEL_SEG_A"]


def test_a_folder_that_changes_while_it_is_copied_is_not_added(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_set(tmp_path / "MODEL_SEG_A")
    keep = adding.plan_addition

    def changed(*given: Any) -> Any:
        plan = keep(*given)
        put(folder, "T1CE/card.md", b"Good for everything.")
        return plan

    monkeypatch.setattr("sarcoma_core.launch.models.adding.plan_addition", changed)
    before = everything(place)
    assert models("add", folder, *place.words, "--write") == 1
    assert "DIR: must not change while it is copied; it did." in capsys.readouterr().err
    assert everything(place) == before


def test_a_server_that_keeps_something_else_is_found_out(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keep = adding.put_resource_file
    settings = StandInSettings(archive.root, login="admin", password="of tests")  # noqa: S106  it guards nothing

    def lying(*given: Any) -> None:
        *rest, path, content = given
        keep(*rest, path, content[:-1] + b"X" if path == "T2FS/weights.safetensors" else content)

    monkeypatch.setattr(adding, "put_resource_file", lying)
    with serving(StandIn(settings)) as url:
        for name, value in (("HOST", url), ("USER", "admin"), ("PASS", "of tests")):
            monkeypatch.setenv(f"XNAT_{name}", value)
        assert models("add", make_set(tmp_path / "MODEL_SEG_A"), "--project", "P", "--write") == 1
    assert (
        "MODEL_SEG_A: must hold what was sent; the server answers with other files" in capsys.readouterr().err
    )


def test_json_says_what_was_written(place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_set(tmp_path / "MODEL_SEG_A")
    told = []
    for more in ((), ("--write",), ("--write",)):
        assert models("add", folder, *place.words, *more, "-o", "json") == 0
        told.append(json.loads(capsys.readouterr().out))
    assert [(one["there_before"], one["written"], one["nothing_to_do"]) for one in told] == [
        ("nothing", False, False),
        ("nothing", True, False),
        ("same", False, True),
    ]
    assert told[0]["members"] == ["T1CE", "T2FS"]
    assert told[0]["sha256"] == asset_hash(ResourceFolders(tmp_path), "MODEL_SEG_A")
    assert {one["path"] for one in told[0]["files"]} == set(files(folder))


# list


def test_a_project_without_models_says_how_it_gets_one(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert models("list", *place.words) == 0
    words = shlex.join(place.words)
    assert capsys.readouterr().out == f"No model. To put one there: sarcoma models add DIR {words}\n"


def test_each_member_is_a_line_with_its_spacing_its_main_number_and_its_state(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_set(tmp_path / "a", "T1CE", "T1CE_T2FS")
    make_member(folder / "T1CE", synthetic=True, version="0.5")
    put(folder, "T2FS/checkpoint.json", b"{}")
    filled(place, "MODEL_SEG_A", folder)
    filled(place, "MODEL_PLAIN", make_model(tmp_path / "b", licence="MIT"))
    make_set(tmp_path / "c", "T1CE")
    spoil(tmp_path / "c" / "T1CE" / "config.json", "schema", 9)
    filled(place, "MODEL_SEG_C", tmp_path / "c")
    put(tmp_path, "d/sarculator/model.json", b"{}")
    put(tmp_path, "d/card.json", b"{}")
    filled(place, "MODEL_BASE_OS", tmp_path / "d")
    put(tmp_path, "e/notes.md")
    filled(place, "MODEL_EMPTY", tmp_path / "e")
    filled(place, "COHORT", tmp_path / "e")
    before = everything(place)
    assert models("list", *place.words) == 0
    head, *rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert head == ["label", "member", "version", "licence", "spacing", "number", "state"]
    number = "Dice 0.951 (0.944 to 0.957), 50 patients: tumour, unseen patients"
    synthetic = "Trained on synthetic patients only: not for patients."
    assert [row for row in rows if "refused" not in row[6]] == [
        ["MODEL_BASE_OS", "", "", "", "", "", "no network: baselines of train-baselines"],
        ["MODEL_PLAIN", "model", "1.0", "MIT", "", "", "ready"],
        ["MODEL_SEG_A", "T1CE", "0.5", "Apache-2.0", "3 x 3 x 6", number, synthetic],
        ["MODEL_SEG_A", "T1CE_T2FS", "1.0", "Apache-2.0", "3 x 3 x 6", number, "ready"],
        ["MODEL_SEG_A", "T2FS", "", "", "", "", "unfinished: its training is to go on"],
    ]
    refused = {row[0]: row[6] for row in rows if "refused" in row[6]}
    assert set(refused) == {"MODEL_EMPTY", "MODEL_SEG_C"}
    assert "found no config.json" in refused["MODEL_EMPTY"]
    assert "T1CE/config.json must be of schema 1 to 2; found 9" in refused["MODEL_SEG_C"]
    assert everything(place) == before


def test_a_list_fetches_no_weights(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(("--project", "P", "--archive", str(archive.root)), archive, None)
    filled(place, "MODEL_SEG_A", make_set(tmp_path / "a", "T1CE"))
    (archive.resources_path("P") / "MODEL_SEG_A" / "T1CE" / "weights.safetensors").write_bytes(b"")
    opened: list[str] = []
    keep = ResourceFolders.content

    def content(self: ResourceFolders, label: str, path: str) -> bytes | None:
        opened.append(path)
        return keep(self, label, path)

    monkeypatch.setattr(ResourceFolders, "content", content)
    assert models("list", *place.words, "-o", "json") == 0
    assert json.loads(capsys.readouterr().out)[0]["state"] == "ready"
    assert set(opened) == {"T1CE/config.json", "T1CE/card.json"}


def test_quiet_prints_labels(place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(place, "MODEL_SEG_A", make_set(tmp_path / "a", "T1CE"))
    assert models("list", *place.words, "-q") == 0
    assert capsys.readouterr().out == "MODEL_SEG_A\n"


# show


def test_the_card_of_each_member_is_shown_from_a_project_and_from_a_folder(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_set(tmp_path / "a")
    filled(place, "MODEL_SEG_A", folder)
    assert models("show", "MODEL_SEG_A", *place.words) == 0
    from_project = capsys.readouterr().out
    assert from_project == "".join((folder / name / "card.md").read_text() for name in ("T1CE", "T2FS"))
    assert models("show", folder) == 0
    assert capsys.readouterr().out == from_project
    assert models("show", folder, "-o", "json") == 0
    first, second = json.loads(capsys.readouterr().out)
    assert (first["member"], second["member"]) == ("T1CE", "T2FS")
    assert first["config"]["segmentation"]["spacing"] == [3.0, 3.0, 6.0]
    assert second["card"]["cohort"]["patients"] == 60


def test_what_a_card_says_cannot_drive_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor forge a line of its own."""
    for text in ("\x1b[2J\x07Gone.", "good\nlicence: none", "x" * 501):
        folder = make_set(tmp_path / f"a{len(text)}", "T1CE")
        spoil(folder / "T1CE" / "card.json", "limits", [text])
        for verb in ("show", "check"):
            assert models(verb, folder) == 1
            said = capsys.readouterr()
            assert "must tell limits: a list of sentences; it is missing or wrong" in said.err
            assert text not in said.out + said.err


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("T1CE/old.pt", "which can be a pickle"),
        ("T1CE/load.py", r"found a .py file in T1CE"),
        ("plans.json", ""),
    ],
)
def test_a_list_says_what_the_step_would_refuse(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, reason: str
) -> None:
    """By names and sizes alone: nothing more is fetched."""
    folder = make_set(tmp_path / "a", "T1CE")
    put(folder, name, b"x")
    filled(place, "MODEL_SEG_A", folder)
    assert models("list", *place.words) == 0
    said = capsys.readouterr().out
    assert ("refused" in said) == bool(reason)
    assert reason in said


def test_an_archive_that_is_not_there_is_told_as_such(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert models("list", "--project", "P", "--archive", tmp_path / "none") == 1
    assert "--archive: must be a folder; found none there" in capsys.readouterr().err


def test_a_damaged_manifest_is_told_without_a_step_that_nobody_here_can_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_set(tmp_path / "a", "T1CE")
    put(folder, "run.json", b"{")
    assert models("check", folder) == 1
    said = capsys.readouterr().err
    assert "run its step again" not in said
    assert "next: Copy the folder again, run.json included; or leave it out." in said


@pytest.mark.parametrize("name", ["", " "])
def test_a_card_of_nothing_is_wrong_usage(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert models("show", name) == 2
    assert "MODEL: must name a resource or a folder; found nothing." in capsys.readouterr().err


def test_a_label_that_a_project_lacks_is_told_with_those_that_it_has(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(place, "MODEL_SEG_A", make_set(tmp_path / "a", "T1CE"))
    assert models("show", "MODEL_SEG_B", *place.words) == 2
    assert "MODEL: must be a resource of project P; found 'MODEL_SEG_B', it has: MODEL_SEG_A." in (
        capsys.readouterr().err
    )


def test_a_place_without_a_project_is_wrong_usage(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    assert models("show", "MODEL_SEG_A", "--archive", archive.root) == 2
    assert "--project: must be given with an archive or a server" in capsys.readouterr().err


def test_a_folder_with_a_pickle_is_not_even_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_set(tmp_path / "a")
    put(folder, "T1CE/a.pt", raw_pickle(tmp_path / "sprung"))
    assert models("show", folder) == 1
    assert "which can be a pickle" in capsys.readouterr().err
    assert not (tmp_path / "sprung").exists()
