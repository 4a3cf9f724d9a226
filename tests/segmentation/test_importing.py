"""Which region a region of a drawing is: what it was, what it is called as, or what its name tells."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.archive.drawn import DrawnFile
from sarcoma_core.archive.masks import SessionMasks
from sarcoma_core.dicom.drawings import DrawingSource, DrawnRegion
from sarcoma_core.segmentation import importing
from sarcoma_core.segmentation.exported import exported_uid, telling_voxels
from sarcoma_core.segmentation.importing import import_files
from sarcoma_core.segmentation.mask_book import MaskBook
from sarcoma_core.segmentation.region_names import NameRule
from sarcoma_core.segmentation.targets import ImageSeries, image_series
from tests.segmentation.drawn import UID, DrawingDouble, box, image, session

SERIES = f"{UID}5"


class NamedDouble(DrawingDouble):
    """A drawing whose regions are given, descriptions and all."""

    given: tuple[DrawnRegion, ...] = ()

    @property
    def regions(self) -> tuple[DrawnRegion, ...]:
        return self.given


@pytest.fixture
def images(tmp_path: Path) -> tuple[ImageSeries, ...]:
    return image_series(session(tmp_path / "s", image("5")))


def drawing(uid: str, *regions: DrawnRegion, masks: Sequence[np.ndarray]) -> NamedDouble:
    source = DrawingSource("SEG", uid, series_uids=frozenset({SERIES}))
    made = NamedDouble(source, {r.number: mask for r, mask in zip(regions, masks, strict=True)})
    object.__setattr__(made, "given", regions)
    return made


def bring_in(
    book: MaskBook,
    images: Sequence[ImageSeries],
    one: NamedDouble,
    monkeypatch: pytest.MonkeyPatch,
    rules: Sequence[NameRule] = (),
) -> list[str]:
    """The handles of all versions after the import of one object."""
    monkeypatch.setattr(importing, "_read", lambda _: one)
    monkeypatch.setattr(importing, "read_bearings", lambda _: images[0].bearings)
    (told,) = import_files([DrawnFile(Path("x"), "SEG", "collection", "c")], images, book, rules)
    assert not told.reason
    return [version.handle for version in book.versions]


def test_an_object_that_was_saved_over_in_another_order_keeps_its_names(
    tmp_path: Path, images: tuple[ImageSeries, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    book = MaskBook(SessionMasks(()), tmp_path / "book")
    tumour, oedema = DrawnRegion(1, "GTV_Mass"), DrawnRegion(2, "GTV_Edema")
    bring_in(book, images, drawing("1.1", tumour, oedema, masks=(box(1, 1, 1), box(2, 2, 2))), monkeypatch)
    turned = (replace(oedema, number=1), replace(tumour, number=2))
    same = drawing("1.1", *turned, masks=(box(2, 2, 2), box(1, 1, 1)))
    assert bring_in(book, images, same, monkeypatch) == ["5/tumour-v1", "5/oedema-v1"]


def test_a_region_is_what_it_was_though_its_name_has_become_a_key(
    tmp_path: Path, images: tuple[ImageSeries, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    book = MaskBook(SessionMasks(()), tmp_path / "book")
    own = drawing("1.1", DrawnRegion(1, "tumour_b"), masks=(box(1, 1, 1),))
    (first,) = bring_in(book, images, own, monkeypatch)
    assert first.startswith("5/roi_")
    twice = (DrawnRegion(1, "GTV_Mass"), DrawnRegion(2, "GTV_Mass"))
    bring_in(book, images, drawing("1.2", *twice, masks=(box(2, 2, 2), box(3, 3, 3))), monkeypatch)
    held = bring_in(book, images, own, monkeypatch)
    assert held == [first, "5/tumour-v1", "5/tumour_b-v1"]


@pytest.mark.parametrize("name", ["tumour_b", "TUMOUR_B", "Tumour_b"])
def test_a_name_that_is_a_key_of_the_image_is_that_region(
    tmp_path: Path, images: tuple[ImageSeries, ...], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    book = MaskBook(SessionMasks(()), tmp_path / "book")
    twice = (DrawnRegion(1, "GTV_Mass"), DrawnRegion(2, "GTV_Mass"))
    bring_in(book, images, drawing("1.2", *twice, masks=(box(2, 2, 2), box(3, 3, 3))), monkeypatch)
    edit = drawing("1.3", DrawnRegion(1, name), masks=(box(1, 3, 3),))
    assert bring_in(book, images, edit, monkeypatch)[2:] == ["5/tumour_b-v2"]


def exported(name: str) -> NamedDouble:
    """What was exported of `tumour_left`, as it was."""
    text = telling_voxels("tumour_left v3 of scan 5", box(1, 1, 1))
    uid = exported_uid("SEG", "instance", SERIES, [text])
    return drawing(uid, DrawnRegion(1, name, description=text), masks=(box(1, 1, 1),))


def test_what_was_exported_is_the_region_that_it_tells_whatever_rules_a_site_has_now(
    tmp_path: Path, images: tuple[ImageSeries, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    book = MaskBook(SessionMasks(()), tmp_path / "book")
    rules = (NameRule("gtv links", "mass"),)
    assert bring_in(book, images, exported("GTV links"), monkeypatch, rules) == ["5/tumour_left-v1"]
    assert bring_in(book, images, exported("GTV links"), monkeypatch, rules) == ["5/tumour_left-v1"]


def test_an_object_with_another_uid_is_somebodys_and_its_text_does_not_count(
    tmp_path: Path, images: tuple[ImageSeries, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    book = MaskBook(SessionMasks(()), tmp_path / "book")
    bring_in(book, images, exported("GTV links"), monkeypatch)
    bring_in(book, images, drawing("1.2", DrawnRegion(1, "GTV links"), masks=(box(2, 2, 2),)), monkeypatch)
    saved = exported("GTV links")
    again = drawing("1.9", *saved.regions, masks=(box(1, 1, 1),))
    held = bring_in(book, images, again, monkeypatch)
    assert held == ["5/tumour_left-v1", "5/tumour_left-v2", "5/tumour_left-v3"]
