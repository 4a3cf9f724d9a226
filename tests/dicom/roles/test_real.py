"""Real series of several makers, and faults, all have a role that a person would give, and stop nothing."""

import os
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from sarcoma_core.dicom.roles.facts import SeriesFacts
from sarcoma_core.dicom.roles.reading import facts_of
from sarcoma_core.dicom.roles.telling import ToldSession, tell_session
from sarcoma_core.dicom.series import read_scan

DATA = Path(os.environ.get("SARCOMA_TEST_DATA", "/nowhere"))
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="needs SARCOMA_TEST_DATA")

PATIENTS = ("STS_002", "STS_008", "STS_018", "STS_019", "STS_025", "STS_042")


def facts(name: str, folder: Path) -> SeriesFacts:
    return facts_of(read_scan([path for path in folder.iterdir() if path.suffix == ".dcm"]).headers, name)


@cache
def ibsi(patient: str) -> tuple[SeriesFacts, ...]:
    return tuple(facts(name, DATA / "sts_ibsi" / patient / name / "image") for name in ("CT", "PET", "MR_T1"))


def roles(session: ToldSession) -> dict[str, str]:
    return {told.name: told.role for told in session.series}


@pytest.mark.parametrize("patient", PATIENTS)
def test_a_real_pet_ct_has_its_roles_and_the_t1_on_its_grid_is_a_copy_that_is_not_chosen(
    patient: str,
) -> None:
    session = tell_session(ibsi(patient))
    assert roles(session) == {"CT": "CT", "PET": "PET", "MR_T1": "DERIVED"}
    assert session.chosen == {"PET": "PET", "CT": "CT"}
    assert session.needs_review == ()
    copy = next(told for told in session.series if told.name == "MR_T1")
    assert "a derived copy of a T1; the original is not in this session" in copy.evidence


@pytest.mark.parametrize("patient", PATIENTS)
def test_the_copy_is_found_by_its_geometry_where_maker_number_type_and_dates_are_lost(patient: str) -> None:
    def stripped(one: SeriesFacts) -> SeriesFacts:
        return SeriesFacts(
            series=one.series,
            modality=one.modality,
            description="T1" if one.modality == "MR" else "",
            grid=one.grid,
            images=one.images,
        )

    session = tell_session([stripped(one) for one in ibsi(patient)])
    copy = next(told for told in session.series if told.name == "MR_T1")
    # That of STS_019 has spacings of its own: 1.17 mm, where the CT has 0.98 mm and the PET 4.69 mm.
    assert copy.role == ("T1" if patient == "STS_019" else "DERIVED")


def test_the_copy_is_found_alone_too() -> None:
    (mr,) = (one for one in ibsi("STS_002") if one.modality == "MR")
    assert tell_session([mr]).chosen == {}


def test_a_real_t1_without_tr_and_te_is_t1() -> None:
    session = tell_session([facts("5", DATA / "sts_raw" / "STS_003_T1")])
    assert session.chosen == {"T1": "5"}
    assert session.needs_review == ()


@pytest.mark.parametrize(
    ("folder", "role"),
    [
        ("quirks/12bit", "OTHER"),
        ("quirks/enhanced_xa10/XA10", "OTHER"),
        ("quirks/gantrytilting/001", "CT"),
        ("quirks/transfer_syntaxes", "OTHER"),
        ("seg/QIN-PROSTATE-001/ADC", "MAP"),
        ("seg/QIN-PROSTATE-001/seg", "OTHER"),
        ("seg/pydicom_77654033/CR1", "OTHER"),
        ("seg/pydicom_77654033/CT2", "CT"),
    ],
)
def test_real_series_of_other_kinds_have_their_roles(folder: str, role: str) -> None:
    files = [path for path in (DATA / folder).iterdir() if path.is_file()]
    found = facts_of(read_scan(files).headers, "1")
    assert roles(tell_session([found])) == {"1": role}


def test_a_scan_of_faults_costs_no_other_its_role() -> None:
    told: dict[str, str] = {}
    for folder in sorted(path for path in (DATA / "faults").iterdir() if path.is_dir()):
        scans: dict[str, list[Path]] = defaultdict(list)
        for path in sorted(folder.glob("*.dcm")):
            scans[f"{folder.name}-{path.stem.rstrip('0123456789').rstrip('_')}"].append(path)
        found = roles(
            tell_session([facts_of(read_scan(files).headers, name) for name, files in scans.items()])
        )
        assert set(found) == set(scans)
        told |= found
    maps = {"maps_and_phase-adc", "maps_and_phase-phase", "maps_and_phase-sub"}
    assert {name for name, role in told.items() if role == "MAP"} == maps
    assert told["frames_zero-nf0"] == "T1"
    assert told["rescale_missing_pt-pt"] == "PET"
    assert told["ct_without_rescale-ct_none"] == "CT"
