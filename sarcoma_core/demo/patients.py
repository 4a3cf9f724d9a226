"""The synthetic patients of the demo: MR, PET and CT of a thigh that was moved in between."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sarcoma_core.archive.store import Session
from sarcoma_core.phantom.clinical_rows import clinical_rows, write_clinical_rows
from sarcoma_core.phantom.cohort import write_patient
from sarcoma_core.phantom.habits import SequenceName
from sarcoma_core.phantom.protocol import draw_protocol
from sarcoma_core.phantom.scan_truth import ScanTruth
from sarcoma_core.phantom.truth import Truth, read_truth

SEED = 14
CLINICAL_TABLE = "clinical.csv"
REFERENCE: SequenceName = "T1CE"
SEQUENCES: tuple[tuple[SequenceName, ...], ...] = (
    (REFERENCE, "T2FS", "PET", "CT"),
    (REFERENCE, "T2FS", "PET", "CT"),
    (REFERENCE, "T2FS"),
)
"""Of each patient: not everybody has everything."""


def synthetic_patients(folder: Path) -> tuple[Truth, ...]:
    """Write the synthetic patients, or find those that are there.

    Args:
        folder: gets `dicom/`, `truth/` and the clinical table; it appears whole or not at all.

    Raises:
        OSError: the disk is full or read-only.
    """
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".phantom-", dir=folder.parent) as aside:
            for seed, sequences in enumerate(SEQUENCES, SEED):
                protocol = draw_protocol(seed, sequences=sequences)
                write_patient(Path(aside) / "cohort", seed, protocol=protocol)
            seeds = range(SEED, SEED + len(SEQUENCES))
            write_clinical_rows(Path(aside) / "cohort" / CLINICAL_TABLE, clinical_rows(seeds))
            (Path(aside) / "cohort").rename(folder)
    names = sorted(path.stem for path in (folder / "truth").glob("*.json"))
    return tuple(read_truth(folder / "truth", name) for name in names)


@dataclass(frozen=True)
class KnownSession:
    """A session of a synthetic patient.

    Args:
        session: in the archive.
        truth: what is known of the patient.
        folder: with the truths.
        scans: the scan id of each sequence.
    """

    session: Session
    truth: Truth
    folder: Path
    scans: Mapping[str, str]

    def scan_of(self, sequence: str) -> ScanTruth:
        """What is known of a series.

        Raises:
            InputError: the patient has no such series.
        """
        scan = self.truth.series_of(sequence).scan
        assert scan  # noqa: S101  every series of a protocol has its own
        return scan


def known_sessions(
    sessions: Iterable[Session], folder: Path, truths: Iterable[Truth]
) -> Iterator[KnownSession]:
    """The sessions of synthetic patients, each with what is known of it.

    Args:
        sessions: any.
        folder: the cohort's folder, with `truth/`.
        truths: what is known of its patients.
    """
    by_study = {truth.study_instance_uid: truth for truth in truths}
    for session in sessions:
        truth = by_study.get(session.study_uid)
        if truth is None:
            continue
        ids = {scan.uid: scan.id for scan in session.scans}
        scans = {s.sequence: ids[s.series_instance_uid] for s in truth.series if s.series_instance_uid in ids}
        yield KnownSession(session, truth, folder / "truth", scans)
