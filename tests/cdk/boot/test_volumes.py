"""Which volume is formatted, which is refused, and what is mounted where."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

from sarcoma_cdk.boot import volumes
from sarcoma_cdk.boot.failure import BootError
from tests.cdk.boot.programs import Programs

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20
NOTHING = 2
ID = "vol-0a"


class Disk:
    """A volume as a file, whose signatures `blkid` tells and `mkfs.xfs` makes."""

    def __init__(self, places: Any, programs: Programs) -> None:
        places.devices.mkdir(parents=True)
        self.path: Path = places.devices / "nvme-Amazon_Elastic_Block_Store_vol0a"
        self.path.write_bytes(b"\0" * 2 * MIB)
        self.content: str | int = NOTHING
        self.mounted = ""
        programs.answer("blkid", by=lambda *_: self.content)
        programs.answer("mkfs.xfs", by=self._make)
        programs.answer("findmnt", by=lambda *_: self.mounted)
        programs.answer("mount", by=self._mount)
        for name in ("sync", "xfs_growfs"):
            programs.answer(name)

    def _make(self, asked: Sequence[str], _: str) -> str:
        self.content = f"TYPE=xfs\nLABEL={asked[asked.index('-L') + 1]}\nUUID=0-1-2\n"
        return ""

    def _mount(self, *_: object) -> str:
        self.mounted = str(self.path)
        return ""


@pytest.fixture
def disk(places: Any, programs: Programs) -> Disk:
    return Disk(places, programs)


def mount(places: Any) -> None:
    volumes.mount_all({"archive": ID}, places, patience=0)


def test_a_blank_volume_is_formatted_once_and_mounted_once(
    disk: Disk, places: Any, programs: Programs
) -> None:
    for _ in range(2):
        mount(places)
    assert len(programs.named("mkfs.xfs")) == 1
    assert len(programs.named("mount")) == 1
    assert places.fstab.read_text() == f"UUID=0-1-2 {places.archive} xfs nodev,nosuid,noatime,nofail 0 2\n"
    assert disk.mounted


@pytest.mark.parametrize("at", [0, MIB - 1])
def test_a_byte_in_the_first_mebibyte_keeps_a_volume_from_being_formatted(
    disk: Disk, places: Any, programs: Programs, at: int
) -> None:
    content = bytearray(2 * MIB)
    content[at] = 1
    disk.path.write_bytes(content)
    with pytest.raises(BootError, match="must be blank"):
        mount(places)
    assert programs.named("mkfs.xfs") == []


@pytest.mark.parametrize(
    "found",
    ["TYPE=ext4\nLABEL=sarcoma-xnat\n", "TYPE=xfs\nLABEL=sarcoma-db\n", "TYPE=xfs\n", "PTTYPE=gpt\n"],
)
def test_a_volume_that_holds_anything_else_is_refused_and_left_as_it_is(
    disk: Disk, places: Any, programs: Programs, found: str
) -> None:
    disk.content = found
    with pytest.raises(BootError, match="It is left as it is"):
        mount(places)
    assert programs.named("mkfs.xfs") == programs.named("mount") == []


def test_a_volume_with_several_signatures_is_refused(disk: Disk, places: Any, programs: Programs) -> None:
    disk.content = 8
    with pytest.raises(BootError, match="wipefs"):
        mount(places)
    assert programs.named("mkfs.xfs") == []


def superblock(in_progress: int) -> bytes:
    """The begin of an XFS volume, as far as it is looked at."""
    head = bytearray(2 * MIB)
    head[:4] = b"XFSB"
    head[126] = in_progress
    return bytes(head)


def test_a_format_that_was_broken_off_is_done_again(disk: Disk, places: Any, programs: Programs) -> None:
    disk.path.write_bytes(superblock(1))
    disk.content = "TYPE=xfs\nLABEL=sarcoma-xnat\n"
    mount(places)
    assert len(programs.named("mkfs.xfs")) == 1


def test_a_whole_file_system_is_never_formatted_again(disk: Disk, places: Any, programs: Programs) -> None:
    disk.path.write_bytes(superblock(0))
    disk.content = "TYPE=xfs\nLABEL=sarcoma-xnat\nUUID=0-1-2\n"
    mount(places)
    assert programs.named("mkfs.xfs") == []


def test_after_a_format_that_failed_a_volume_that_somebody_filled_is_left_alone(
    disk: Disk, places: Any, programs: Programs
) -> None:
    programs.answer("mkfs.xfs", by=1)
    with pytest.raises(BootError, match=r"mkfs\.xfs"):
        mount(places)
    disk.path.write_bytes(superblock(0))
    disk.content = "TYPE=xfs\nLABEL=sarcoma-xnat\nUUID=0-1-2\n"
    mount(places)
    assert len(programs.named("mkfs.xfs")) == 1


def test_a_volume_that_does_not_come_is_a_reason_that_names_it(places: Any, programs: Programs) -> None:
    with pytest.raises(BootError, match=r"vol-0a must be attached.*describe-volumes --volume-ids vol-0a"):
        mount(places)
    assert programs.asked == []


def test_another_volume_in_its_place_is_refused(disk: Disk, places: Any, programs: Programs) -> None:
    disk.mounted = "/dev/nvme9n1"
    with pytest.raises(BootError, match="found /dev/nvme9n1"):
        mount(places)
    assert programs.named("mount") == []


def test_other_lines_of_fstab_stay_and_an_old_one_of_ours_goes(disk: Disk, places: Any) -> None:
    assert disk.content == NOTHING
    places.fstab.parent.mkdir(parents=True)
    root = "UUID=r / xfs defaults 1 1"
    places.fstab.write_text(f"{root}\nUUID=old {places.archive} xfs defaults 0 2\n")
    mount(places)
    lines = places.fstab.read_text().splitlines()
    assert lines[0] == root
    assert [line.split()[0] for line in lines[1:]] == ["UUID=0-1-2"]
