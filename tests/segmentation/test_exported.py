"""A text that tells voxels: of that very mask, and of no other."""

import hashlib

import numpy as np
import pytest

from sarcoma_core.segmentation.exported import are_told, exported_uid, telling_voxels, told_roi, voxels_sha256


def mask(*marked: tuple[int, int, int]) -> np.ndarray:
    found = np.zeros((3, 4, 5), bool)
    for place in marked:
        found[place] = True
    return found


def test_a_text_tells_the_mask_that_it_was_made_of_and_no_other() -> None:
    text = telling_voxels("tumour v2 of scan 5", mask((1, 2, 3)))
    assert text.startswith("tumour v2 of scan 5; voxels ")
    assert are_told(mask((1, 2, 3)), text)
    assert are_told(mask((1, 2, 3)).copy(order="F"), f"edited: {text}.")
    for other in (mask(), mask((1, 2, 2)), mask((1, 2, 3), (0, 0, 0)), mask((1, 2, 3))[:2]):
        assert not are_told(other, text)


@pytest.mark.parametrize("text", ["", "voxels", "voxels 12ab", "GTV of reader A", "voxels " + "0" * 64])
def test_a_text_that_tells_none_tells_none(text: str) -> None:
    assert not are_told(mask((1, 2, 3)), text)


def test_a_digest_that_is_cut_or_longer_is_none() -> None:
    one = mask((1, 2, 3))
    digest = voxels_sha256(one)
    assert are_told(one, f"voxels {digest}")
    assert not are_told(one, f"voxels {digest[:-1]}")
    assert not are_told(one, f"voxels {digest}0")


def test_the_digest_is_that_of_shape_and_bits() -> None:
    one = mask((0, 0, 1))
    bits = bytes([0b01000000] + [0] * 7)  # 60 voxels, the last axis fastest
    assert voxels_sha256(one) == hashlib.sha256(b"(3, 4, 5)" + bits).hexdigest()


def test_a_uid_is_of_all_that_it_is_made_of() -> None:
    told = ["tumour v1 of scan 5; voxels ab", "oedema v1 of scan 5; voxels cd"]
    uid = exported_uid("SEG", "instance", "1.2.3", told)
    assert uid == exported_uid("SEG", "instance", "1.2.3", iter(told))
    others = {
        exported_uid("RTSTRUCT", "instance", "1.2.3", told),
        exported_uid("SEG", "series", "1.2.3", told),
        exported_uid("SEG", "instance", "1.2.4", told),
        exported_uid("SEG", "instance", "1.2.3", told[:1]),
        exported_uid("SEG", "instance", "1.2.3", reversed(told)),
    }
    assert len(others - {uid}) == 5
    assert len(uid) <= 64


def test_the_text_tells_which_region_it_is() -> None:
    assert told_roi(telling_voxels("tumour_left v2 of scan 5, AUTOMATIC", mask((1, 2, 3)))) == "tumour_left"
    for text in ("", "tumour v2 of scan 5", f"../x v1; voxels {'0' * 64}", f"Anna Muster; voxels {'0' * 64}"):
        assert told_roi(text) == ""
