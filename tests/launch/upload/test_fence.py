"""A folder with damaged files is planned for upload: its good files are sent, the others are told."""

from pathlib import Path

import pytest

from sarcoma_core.launch.upload.plan import plan_folder
from tests.recording import KINDS, numbered, read_by_import
from tests.wrong_forms import FORMS, Place, damaged, faults_of, name

PLACES = [
    pytest.param(kind, place, id=f"{kind}-{name(place)}")
    for kind in ("MR", "contours")
    for place in sorted(read_by_import(kind))
]


@pytest.mark.parametrize(("kind", "place"), PLACES)
def test_an_attribute_in_a_wrong_form_keeps_no_other_file_from_being_sent(
    kind: str, place: Place, tmp_path: Path
) -> None:
    start = sum(place) % 4
    forms = [*FORMS][start::4]
    for number, form in enumerate(forms, start=2):
        (tmp_path / f"{form}").write_bytes(numbered(damaged(KINDS[kind].files[0], place, form), number))
    good = [tmp_path / f"good {number}" for number in range(len(KINDS["MR"].files))]
    for path, content in zip(good, KINDS["MR"].files, strict=True):
        path.write_bytes(numbered(content, 1))

    plan = plan_folder(tmp_path, is_free=lambda *_: True)

    sent = [content.path for parcel in plan.parcels for content in parcel.files]
    assert set(good) <= set(sent)
    assert len(sent) + sum(plan.left_out.values()) == len(good) + len(forms)
    assert [fault for reason in plan.left_out for fault in faults_of(reason)] == []
