"""The bundle: the same files are the same bytes, and a machine unpacks all of them."""

import io
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from sarcoma_cdk.boot.compose import FILES
from sarcoma_cdk.boot.runner import FetchError, unpack
from sarcoma_cdk.bundle import make_bundle
from sarcoma_cdk.errors import SiteError

HERE = Path(__file__).parents[3] / "containers" / "compose"


def test_the_same_files_are_the_same_bundle_whenever_they_were_written(tmp_path: Path) -> None:
    copy = tmp_path / "compose"
    shutil.copytree(HERE, copy, ignore=shutil.ignore_patterns("secrets", "artefacts", ".env"))
    for path in copy.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700)
    assert make_bundle(copy) == make_bundle()


def test_another_file_is_another_bundle(tmp_path: Path) -> None:
    copy = tmp_path / "compose"
    shutil.copytree(HERE, copy, ignore=shutil.ignore_patterns("secrets", "artefacts", ".env"))
    (copy / "site.yml").write_text("services: {}\n")
    assert make_bundle(copy).key != make_bundle().key


def test_it_holds_the_boot_the_project_and_nothing_else(tmp_path: Path) -> None:
    folder = unpack(make_bundle().data, tmp_path / "unpacked")
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {name for name in found if not name.startswith("boot/")} == {f"compose/{name}" for name in FILES}
    assert "boot/__main__.py" in found
    assert all(name.endswith(".py") for name in found if name.startswith("boot/"))


def test_where_the_project_is_not_there_the_reason_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="Run it from a checkout"):
        make_bundle(tmp_path)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b", "a//b"])
def test_a_file_outside_its_folder_is_not_unpacked(tmp_path: Path, name: str) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    with pytest.raises(FetchError, match="must hold plain files"):
        unpack(packed.getvalue(), tmp_path / "in" / "unpacked")
    assert not (tmp_path / "in" / "unpacked").exists()


def test_a_link_is_not_unpacked(tmp_path: Path) -> None:
    packed = io.BytesIO()
    link = tarfile.TarInfo("a")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc"
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.addfile(link)
    with pytest.raises(FetchError, match="must hold plain files"):
        unpack(packed.getvalue(), tmp_path / "unpacked")


def test_what_a_killed_boot_has_half_unpacked_is_done_again(tmp_path: Path) -> None:
    partial = tmp_path / "unpacked.partial"
    partial.mkdir()
    (partial / "left").touch()
    folder = unpack(make_bundle().data, tmp_path / "unpacked")
    assert not partial.exists()
    assert not (folder / "left").exists()
