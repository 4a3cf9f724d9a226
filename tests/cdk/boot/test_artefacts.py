"""Files of the bucket: verified, whole, and no others."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sarcoma_cdk.boot import artefacts
from sarcoma_cdk.boot.failure import BootError
from tests.cdk.boot.programs import Programs

CONTENT = {"xnat-web-1.9.3.war": b"a war", "docker-compose": b"a plug-in"}
WANTED = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()}


@pytest.fixture
def bucket(programs: Programs) -> dict[str, bytes]:
    objects = {f"s3://site/artefacts/{WANTED[name]}/{name}": content for name, content in CONTENT.items()}

    def copy(asked: Sequence[str], _: str) -> str | int:
        if asked[-2] not in objects:
            return 1
        Path(asked[-1]).write_bytes(objects[asked[-2]])
        return ""

    programs.answer("aws", "s3", "cp", by=copy)
    return objects


def test_every_file_is_in_its_place_and_the_lock_is_what_sha256sum_reads(
    bucket: dict[str, bytes], places: Any
) -> None:
    artefacts.bring_all(WANTED, "site", places)
    folder = places.site / "artefacts"
    assert len(bucket) == len(CONTENT)
    assert places.plugin.read_bytes() == b"a plug-in"
    assert places.plugin.stat().st_mode & 0o777 == 0o755
    assert (folder / "xnat-web-1.9.3.war").read_bytes() == b"a war"
    assert (folder / "artefacts.lock").read_text() == f"{WANTED['xnat-web-1.9.3.war']}  xnat-web-1.9.3.war\n"


def test_what_is_there_is_not_fetched_again(
    bucket: dict[str, bytes], places: Any, programs: Programs
) -> None:
    for _ in range(2):
        artefacts.bring_all(WANTED, "site", places)
    assert len(programs.named("aws")) == len(bucket)


def test_a_file_of_another_publication_goes(bucket: dict[str, bytes], places: Any) -> None:
    assert bucket
    (places.site / "artefacts").mkdir(parents=True)
    (places.site / "artefacts" / "old-plugin.jar").write_bytes(b"old")
    artefacts.bring_all(WANTED, "site", places)
    assert {path.name for path in (places.site / "artefacts").iterdir()} == {
        "artefacts.lock",
        "xnat-web-1.9.3.war",
    }


def test_another_content_is_refused_and_not_kept(bucket: dict[str, bytes], places: Any) -> None:
    bucket[next(each for each in bucket if each.endswith(".war"))] = b"another war"
    with pytest.raises(BootError, match=r"war must have the SHA-256 .* It was deleted"):
        artefacts.bring_all(WANTED, "site", places)
    assert list((places.site / "artefacts").iterdir()) == []


def test_a_file_that_was_changed_on_the_machine_is_brought_again(
    bucket: dict[str, bytes], places: Any
) -> None:
    assert bucket
    artefacts.bring_all(WANTED, "site", places)
    (places.site / "artefacts" / "xnat-web-1.9.3.war").write_bytes(b"half")
    artefacts.bring_all(WANTED, "site", places)
    assert (places.site / "artefacts" / "xnat-web-1.9.3.war").read_bytes() == b"a war"


def test_a_file_that_the_bucket_does_not_have_is_a_reason(bucket: dict[str, bytes], places: Any) -> None:
    bucket.clear()
    with pytest.raises(BootError, match=r"aws s3 cp failed \(1\)|aws s3"):
        artefacts.bring_all(WANTED, "site", places)
