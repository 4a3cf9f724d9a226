"""Every series of the phantom has its role, by its tags, by its descriptions, and by either of them alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from sarcoma_core.dicom.roles.facts import SeriesFacts
from sarcoma_core.dicom.roles.reading import facts_of
from sarcoma_core.dicom.roles.telling import tell_session
from sarcoma_core.dicom.series import read_scan
from sarcoma_core.phantom.protocol import draw_protocol
from sarcoma_core.phantom.study_writer import write_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SeriesFacts]:
    """The facts of each series, by its role; all in one frame of reference, as copies are."""
    folder = tmp_path_factory.mktemp("phantom")
    sequences = ("T1CE", "T1", "T2FS", "T2", "PET", "CT")
    protocol = draw_protocol(3, deformable=False, same_frame=True, sequences=sequences)
    truth = write_study(folder, 3, protocol)
    return {
        series.sequence: facts_of(read_scan(files(folder / series.folder)).headers, str(series.series_number))
        for series in truth.series
    }


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def without_words(facts: SeriesFacts) -> SeriesFacts:
    return replace(facts, description="", protocol="", sequence_name="")


def without_tags(facts: SeriesFacts) -> SeriesFacts:
    return replace(
        facts,
        repetition_time=None,
        echo_time=None,
        scan_options=frozenset(),
        agent=None,
        scanning_sequence=frozenset(),
    )


@pytest.mark.parametrize("change", [None, without_words, without_tags])
def test_every_series_has_its_role_and_is_chosen_and_nothing_needs_review(
    study: dict[str, SeriesFacts], change: object
) -> None:
    changed = {role: change(facts) if callable(change) else facts for role, facts in study.items()}
    session = tell_session(list(changed.values()))
    assert session.chosen == {role: facts.series for role, facts in study.items()}
    assert session.needs_review == ()
