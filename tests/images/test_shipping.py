import gzip
import hashlib
from pathlib import Path

import pytest

from sarcoma_core.errors import OutputError, RunError, UsageError
from sarcoma_core.images import push, save
from sarcoma_core.xnat.command.declaring import image_reference
from tests.images.conftest import ANSWERS, Answer, InstallDocker

MISSING = Answer(("image", "inspect"), 1, err="No such image")


def test_the_saved_file_holds_what_the_engine_saved(install_docker: InstallDocker, tmp_path: Path) -> None:
    docker = install_docker(ANSWERS)
    path = save(("convert", "report"), tmp_path / "new" / "folder")
    assert gzip.decompress(path.read_bytes()) == b"layers" * 1000
    [call] = [call for call in docker.calls if call[0] == "save"]
    assert call[2:] == [image_reference("convert"), image_reference("report")]
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name, path.name + ".sha256"]


def test_the_checksum_is_that_of_the_file(install_docker: InstallDocker, tmp_path: Path) -> None:
    install_docker(ANSWERS)
    path = save((), tmp_path)
    digest, name = path.with_name(path.name + ".sha256").read_text("ascii").split()
    assert (digest, name) == (hashlib.sha256(path.read_bytes()).hexdigest(), path.name)


def test_the_same_images_make_the_same_file(install_docker: InstallDocker, tmp_path: Path) -> None:
    install_docker(ANSWERS)
    first, second = save((), tmp_path / "a"), save((), tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()


def test_a_folder_that_cannot_be_made_is_an_output_error(
    install_docker: InstallDocker, tmp_path: Path
) -> None:
    install_docker(ANSWERS)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="FOLDER"):
        save((), tmp_path / "file" / "below")


def test_what_is_not_built_is_not_sent(install_docker: InstallDocker, tmp_path: Path) -> None:
    install_docker(ANSWERS, MISSING)
    for send in (lambda: save(("convert",), tmp_path), lambda: push(("convert",), "host/x")):
        with pytest.raises(RunError, match=image_reference("convert")) as caught:
            send()
        assert caught.value.hint == "Run: make images"


def test_pushed_images_are_named_by_their_digest(install_docker: InstallDocker) -> None:
    digest = f"host/x/sarcoma/convert@sha256:{'0' * 64}"
    digests = ("image", "inspect", '--format={{join .RepoDigests "\\n"}}')
    docker = install_docker(ANSWERS, Answer(digests, out=f"other@sha256:1\n{digest}\n"))
    assert push(("convert",), "host/x") == (digest,)
    assert ["push", f"host/x/{image_reference('convert')}"] in docker.calls


def test_a_refused_push_says_how_to_log_in(install_docker: InstallDocker) -> None:
    install_docker(ANSWERS, Answer(("push",), 1, err="denied\n"))
    with pytest.raises(RunError) as caught:
        push(("convert",), "host:5000/x")
    assert "docker login host:5000" in caught.value.hint


def test_without_a_registry_nothing_is_pushed(install_docker: InstallDocker) -> None:
    docker = install_docker(ANSWERS)
    with pytest.raises(UsageError, match="--registry"):
        push((), "")
    assert docker.calls == []
