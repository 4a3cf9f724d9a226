"""Unpacking: what is good comes out whole; what was made to do harm, or is damaged, leaves nothing behind."""

import gzip
import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sarcoma_core.archive.unpacking import Limits, TooLargeError, UnpackError, unpack
from sarcoma_core.errors import OutputError, SarcomaError

CONTENT = {"a.dcm": b"first" * 100, "folder/b.dcm": b"second" * 100}


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, members: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def with_tar_member(path: Path, kind: bytes, target: str = "") -> Path:
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("harm")
        info.type, info.linkname = kind, target
        archive.addfile(info)
    return path


def refusal(archive: Path, target: Path, limits: Limits | None = None) -> SarcomaError:
    """The refusal of an archive, after which nothing is left of it, neither in the target nor beside it."""
    before = {p for p in target.parent.rglob("*") if p != target}
    with pytest.raises((UnpackError, OutputError)) as caught:
        unpack(archive, target, limits=limits or Limits())
    assert {p for p in target.parent.rglob("*") if p != target} == before
    return caught.value


@pytest.mark.parametrize(
    "pack",
    [
        zipped,
        tarred,
        lambda path, members: tarred(path, members, "w"),
        lambda path, members: tarred(path, members, "w:bz2"),
    ],
)
def test_every_file_comes_out_with_its_bytes(
    tmp_path: Path, pack: Callable[[Path, dict[str, bytes]], Path]
) -> None:
    files = unpack(pack(tmp_path / "sent", CONTENT), tmp_path / "out")
    assert {p.relative_to(tmp_path / "out").as_posix(): p.read_bytes() for p in files} == CONTENT
    assert {p for p in (tmp_path / "out").rglob("*") if p.is_file()} == set(files)


def test_a_folder_made_by_tar_with_dots_before_its_names_comes_out(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a").write_bytes(b"x")
    with tarfile.open(tmp_path / "sent", "w:gz") as archive:
        archive.add(source, arcname=".")
    assert unpack(tmp_path / "sent", tmp_path / "out") == (tmp_path / "out" / "a",)


def test_where_a_name_comes_twice_the_later_one_counts(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "sent", "w") as archive:
        archive.writestr("a", b"earlier and longer")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a", b"later")
    (path,) = unpack(tmp_path / "sent", tmp_path / "out")
    assert path.read_bytes() == b"later"


SLIPS = ["../evil", "a/../../evil", "/evil", "a//evil", "C:/evil", "..\\evil", "a/..", "x" * 256]


@pytest.mark.parametrize("name", SLIPS)
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_path_that_is_not_below_the_folder_is_refused(
    tmp_path: Path, pack: Callable[[Path, dict[str, bytes]], Path], name: str
) -> None:
    refused = refusal(pack(tmp_path / "sent", {"good": b"1", name: b"2"}), tmp_path / "out")
    assert (type(refused), refused.message) == (
        UnpackError,
        "Archive refused: a path in it is not a legal path below its folder.",
    )


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_a_link_or_device_in_a_tar_is_refused(tmp_path: Path, kind: bytes) -> None:
    refused = refusal(with_tar_member(tmp_path / "sent", kind, "/etc/passwd"), tmp_path / "out")
    assert type(refused) is UnpackError
    assert "link or device" in refused.message


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "sent", "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert "link or device" in refusal(tmp_path / "sent", tmp_path / "out").message


def test_a_sparse_file_whose_size_is_only_said_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("sparse")
    info.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[483:495] = b"77777777777\0"  # the real size: 8 GiB - 1 (GNU header, offset 483)
    header[148:156] = b"        "
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    (tmp_path / "sent").write_bytes(bytes(header) + bytes(1024))
    assert type(refusal(tmp_path / "sent", tmp_path / "out")) is UnpackError


def test_a_bomb_is_stopped_by_its_ratio_of_what_comes_out(tmp_path: Path) -> None:
    sent = zipped(tmp_path / "sent", {"zeros": bytes(2_000_000)})
    refused = refusal(sent, tmp_path / "out", Limits(ratio=100, ratio_from=1_000_000))
    assert refused.message == "Archive refused: it unpacks to more than 100 times its size."
    assert unpack(sent, tmp_path / "out", limits=Limits(ratio=100, ratio_from=3_000_000))


def test_a_zip_that_lies_about_a_members_size_is_refused(tmp_path: Path) -> None:
    sent = zipped(tmp_path / "sent", {"zeros": bytes(2_000_000)})
    content = sent.read_bytes()
    small = content.replace(struct.pack("<I", 2_000_000), struct.pack("<I", 10))
    assert small != content
    sent.write_bytes(small)
    assert type(refusal(sent, tmp_path / "out")) is UnpackError


def test_a_bomb_of_which_only_the_end_of_the_tar_is_long_is_stopped(tmp_path: Path) -> None:
    tar = tarred(tmp_path / "tar", {"a": b"1"}, "w").read_bytes()
    (tmp_path / "sent").write_bytes(gzip.compress(tar + bytes(3_000_000)))
    limits = Limits(ratio=100, ratio_from=1_000_000)
    assert "100 times its size" in refusal(tmp_path / "sent", tmp_path / "out", limits).message


def test_a_tar_header_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 2**32
    (tmp_path / "sent").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(10240))
    assert "header" in refusal(tmp_path / "sent", tmp_path / "out").message


def test_the_size_is_limited(tmp_path: Path) -> None:
    refused = refusal(zipped(tmp_path / "sent", CONTENT), tmp_path / "out", Limits(size=1000))
    assert (type(refused), "1000 bytes" in refused.message) == (TooLargeError, True)


def test_the_number_of_members_is_limited(tmp_path: Path) -> None:
    refused = refusal(zipped(tmp_path / "sent", CONTENT), tmp_path / "out", Limits(members=1))
    assert (type(refused), "more than 1 members" in refused.message) == (TooLargeError, True)


def test_what_would_fill_the_disk_is_refused(tmp_path: Path) -> None:
    refused = refusal(zipped(tmp_path / "sent", CONTENT), tmp_path / "out", Limits(reserve=2**62))
    assert type(refused) is OutputError


def one_byte_wrong(content: bytes) -> bytes:
    at = content.index(b"second")
    return content[:at] + b"X" + content[at + 1 :]


def stored(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in CONTENT.items():
            archive.writestr(name, content)
    return path


def encrypted(content: bytes) -> bytes:
    """Set the flag of encryption in the local header and the listing (APPNOTE 4.4.4, bit 0)."""
    flagged = bytearray(content)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        flagged[content.index(signature) + offset] |= 1
    return bytes(flagged)


def nothing(_content: bytes) -> bytes:
    return b""


def no_archive(_content: bytes) -> bytes:
    return b"no archive at all" * 100


@pytest.mark.parametrize(
    ("pack", "spoil"),
    [
        (stored, one_byte_wrong),
        (stored, encrypted),
        (stored, lambda content: content[: len(content) // 2]),
        (stored, nothing),
        (stored, no_archive),
        (lambda path: tarred(path, CONTENT), lambda content: content[: len(content) // 2]),
        (lambda path: tarred(path, CONTENT), lambda content: content[:-6] + b"XXXXXX"),
        (lambda path: tarred(path, CONTENT, "w"), lambda content: content[:700]),
    ],
)
def test_a_damaged_archive_is_refused(
    tmp_path: Path, pack: Callable[[Path], Path], spoil: Callable[[bytes], bytes]
) -> None:
    sent = pack(tmp_path / "sent")
    content = sent.read_bytes()
    assert spoil(content) != content
    sent.write_bytes(spoil(content))
    refused = refusal(sent, tmp_path / "out")
    assert type(refused) is UnpackError
    assert refused.message.startswith("Archive refused: it is ")


def test_one_name_for_a_file_and_a_folder_is_refused(tmp_path: Path) -> None:
    sent = zipped(tmp_path / "sent", {"a": b"1", "a/b": b"2"})
    assert (
        refusal(sent, tmp_path / "out").message == "Archive refused: one name is that of a file and a folder."
    )


def test_a_target_that_holds_something_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    sent = zipped(tmp_path / "sent", CONTENT)
    with pytest.raises(ValueError, match="empty folder"):
        unpack(sent, tmp_path)
    assert sent.exists()


def test_a_link_beside_the_target_is_never_followed(tmp_path: Path) -> None:
    """Each archive has an empty folder of its own: no earlier member prepares the way of a later one."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    sent = tmp_path / "sent"
    with tarfile.open(sent, "w") as archive:
        link = tarfile.TarInfo("door")
        link.type, link.linkname = tarfile.SYMTYPE, str(elsewhere)
        archive.addfile(link)
        info = tarfile.TarInfo("door/evil")
        info.size = 1
        archive.addfile(info, io.BytesIO(b"1"))
    assert type(refusal(sent, tmp_path / "out")) is UnpackError
    assert not list(elsewhere.iterdir())


def test_a_zip_with_too_long_a_listing_is_refused_before_the_listing_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zipped(tmp_path / "many.zip", {str(number): b"" for number in range(11)})
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert type(refusal(path, tmp_path / "out", Limits(members=10))) is TooLargeError


def test_a_zip_of_as_many_members_as_allowed_comes_out(tmp_path: Path) -> None:
    path = zipped(tmp_path / "many.zip", {str(number): b"" for number in range(10)})
    assert len(unpack(path, tmp_path / "out", limits=Limits(members=10))) == 10


def test_members_that_share_their_bytes_are_counted_each(tmp_path: Path) -> None:
    # Fifield's bomb (WOOT 2019): every entry of the listing points to the same compressed bytes.
    path = zipped(tmp_path / "one.zip", {"a": b"\0" * 1_000_000})
    raw = path.read_bytes()
    begin, end = raw.index(b"PK\x01\x02"), raw.index(b"PK\x05\x06")
    entry, total = raw[begin:end], 50
    counts = struct.pack("<HHII", total, total, total * len(entry), begin)
    path.write_bytes(raw[:begin] + entry * total + raw[end : end + 8] + counts + b"\0\0")
    refused = refusal(path, tmp_path / "out", Limits(ratio_from=10_000_000))
    assert type(refused) is UnpackError
    assert not list((tmp_path / "out").iterdir())
