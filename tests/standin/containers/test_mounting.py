"""Path translation and the container user, as a backend makes them felt."""

from pathlib import Path

import pytest

from sarcoma_core.runners.running import Follow
from sarcoma_core.standin.containers.mounting import may_write, mounted, refused_to
from sarcoma_core.xnat.resolution.resolving import ResolvedMount


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "archive" / "P" / "arc001" / "S"
    folder.mkdir(parents=True)
    (folder / "file").touch()
    return folder


def files_seen(tmp_path: Path, session: Path, xnat: str, docker: str) -> list[str]:
    server = {"path-translation-xnat-prefix": xnat, "path-translation-docker-prefix": docker}
    with mounted(server, tmp_path / "archive", {"in": session}) as folders:
        return [path.name for path in folders["in"].iterdir()]


def test_without_a_translation_the_folder_is_the_archives_own(tmp_path: Path, session: Path) -> None:
    assert files_seen(tmp_path, session, "", "") == ["file"]
    assert files_seen(tmp_path, session, "/elsewhere", "/srv") == ["file"]


def test_a_translation_to_the_same_folder_changes_nothing(tmp_path: Path, session: Path) -> None:
    root = str(tmp_path.resolve() / "archive")
    assert files_seen(tmp_path, session, root, root + "/") == ["file"]


def test_a_wrong_translation_gives_an_empty_folder_that_is_gone_afterwards(
    tmp_path: Path, session: Path
) -> None:
    assert files_seen(tmp_path, session, str(tmp_path.resolve()), "/nowhere") == []
    assert [path.name for path in (tmp_path / "archive").iterdir()] == ["P"]


def test_a_translation_never_leads_out_of_the_archive(tmp_path: Path, session: Path) -> None:
    secret = tmp_path / "secret" / "archive" / "P" / "arc001" / "S"
    secret.mkdir(parents=True)
    (secret / "file").touch()
    base = tmp_path.resolve()
    assert files_seen(tmp_path, session, str(base), str(base / "secret")) == []


@pytest.mark.parametrize(
    ("mode", "user", "expected"),
    [
        (0o755, "OWNER", True),
        (0o555, "OWNER", False),
        (0o775, "4242:GROUP", True),
        (0o755, "4242:GROUP", False),
        (0o755, "4242", False),
        (0o777, "4242:4242", True),
        (0o700, "0:0", True),
        (0o700, "", True),
        (0o700, "nobody", True),
    ],
)
def test_who_may_write_is_told_by_owner_and_mode(
    tmp_path: Path, mode: int, user: str, *, expected: bool
) -> None:
    folder = tmp_path / "out"
    folder.mkdir(mode=0o700)
    folder.chmod(mode)
    about = folder.stat()
    named = user.replace("OWNER", str(about.st_uid or 0)).replace("GROUP", str(about.st_gid))
    if user == "OWNER" and about.st_uid == 0:
        assert may_write(named, folder), "root may write everywhere"
    else:
        assert may_write(named, folder) == expected


def test_a_user_who_cannot_write_ends_with_the_steps_own_words(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir(mode=0o755)
    follow = Follow(tmp_path / "logs")
    mounts = (ResolvedMount("out", "/output", writable=True, source=None),)
    ended = refused_to({"container-user": "4242:4242"}, mounts, {"out": out}, follow)
    assert ended
    assert ended.exit_code == 1
    assert ended.reason == (
        "--out: must be writable by the user that runs this; permission was denied. Nothing was written."
    )
    assert follow.stderr.read_text().splitlines()[-1].startswith("error: ")
    assert refused_to({"container-user": "0:0"}, mounts, {"out": out}, follow) is None
