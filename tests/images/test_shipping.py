import gzip
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from sarcoma_core.cli.main import main
from sarcoma_core.errors import OutputError, RunError, UsageError
from sarcoma_core.images import push, save
from sarcoma_core.images.catalogue import checkout, own_images
from sarcoma_core.launch.install.images import read_images
from sarcoma_core.steps import STEPS
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
    assert push(("convert",), "host/x") == {"convert": digest}
    assert ["push", f"host/x/{image_reference('convert')}"] in docker.calls


DIGESTS = ("image", "inspect", '--format={{join .RepoDigests "\\n"}}')


def test_the_digest_is_that_of_the_registry_that_was_pushed_to(install_docker: InstallDocker) -> None:
    other, ours = "1" * 64, "2" * 64
    repository = "host/x/sarcoma/convert"
    others = f"{repository}-2@sha256:{other}\nx/sarcoma/convert@sha256:{other}\n"
    install_docker(ANSWERS, Answer(DIGESTS, out=f"{others}{repository}@sha256:{ours}\n"))
    assert push(("convert",), "host/x") == {"convert": f"{repository}@sha256:{ours}"}


def test_docker_hub_leaves_its_name_out_of_a_digest_and_it_is_put_back(install_docker: InstallDocker) -> None:
    install_docker(ANSWERS, Answer(DIGESTS, out=f"x/sarcoma/convert@sha256:{'0' * 64}\n"))
    pushed = push(("convert",), "docker.io/x")
    assert pushed == {"convert": f"docker.io/x/sarcoma/convert@sha256:{'0' * 64}"}


def test_a_push_without_a_digest_is_no_success(install_docker: InstallDocker) -> None:
    install_docker(ANSWERS, Answer(DIGESTS, out="\n"))
    with pytest.raises(RunError, match="must tell the digest of host/x/sarcoma/convert"):
        push(("convert",), "host/x")


def pushed(install_docker: InstallDocker, names: Sequence[str]) -> str:
    """An engine that pushes these; the output that each digest makes."""
    digests = [f"host/x/sarcoma/{name}@sha256:{number:064x}" for number, name in enumerate(names)]
    install_docker(ANSWERS, Answer(DIGESTS, out="".join(f"{digest}\n" for digest in digests)))
    return "".join(f"{digest}\n" for digest in digests)


def test_what_push_writes_is_what_install_reads(
    install_docker: InstallDocker, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    names = [image.name for image in own_images(checkout())]
    told, path = pushed(install_docker, names), tmp_path / "digests.json"
    assert main(["images", "push", "--registry", "host/x", "--digests", str(path)]) == 0
    assert capfd.readouterr().out == f"{told}next: sarcoma xnat install --images {path}\n"
    assert list(json.loads(path.read_text("utf-8"))) == names
    steps = [step.name for step in STEPS]
    read = read_images(path, steps)
    assert list(read) == steps
    assert "".join(f"{image}\n" for image in read.values()) in told
    assert [each.name for each in tmp_path.glob("digests*")] == ["digests.json"]


def test_digests_into_a_folder_that_is_not_there_are_refused_before_anything_is_pushed(
    install_docker: InstallDocker, tmp_path: Path
) -> None:
    docker = install_docker(ANSWERS)
    words = ["images", "push", "--registry", "host/x", "--digests"]
    assert main([*words, str(tmp_path / "nowhere" / "d.json")]) == 2
    assert docker.calls == []


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
