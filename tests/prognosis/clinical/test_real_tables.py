"""Tables of the field as they are published: the sheet of a TCIA collection, and an export of the GDC."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from sarcoma_core.prognosis.clinical.checking import CheckedTable, check_file
from sarcoma_core.prognosis.clinical.table import Followed
from tests.prognosis.clinical.written import check, kinds


@pytest.fixture
def tables(data: Path) -> Path:
    return data / "tables"


@pytest.fixture
def tcia(tables: Path) -> CheckedTable:
    return check_file(tables / "INFOclinical_STS_dev26.xlsx")


def test_the_sheet_of_tcia_has_26_patients(tcia: CheckedTable) -> None:
    assert len(tcia.patients.rows) == 26
    assert tcia.patients.rows[0].subject == "STS_001"
    assert tcia.patients.rows[-1].subject == "STS_042"
    assert tcia.patients.time_zero == "diagnosis"
    assert tcia.table is not None


def test_what_is_odd_in_it_is_listed(tcia: CheckedTable) -> None:
    counts = Counter((one.severity, one.kind) for one in tcia.findings)
    assert counts == {
        ("warning", "placeholder"): 28,  # "--" of 14 patients, in two columns
        ("warning", "longer text"): 3,  # "suggestive of"
        ("warning", "time zero"): 1,
        ("warning", "first event"): 1,
        ("warning", "regional"): 1,
        ("warning", "counts as none"): 1,
        ("warning", "words in brackets"): 1,
        ("note", "grades as words"): 1,
        ("note", "footnote"): 7,
        ("note", "summary line"): 1,  # NOTES
        ("note", "column not read"): 4,
        ("note", "sheet not read"): 1,
        ("note", "not in the table"): 1,
    }


def test_its_values_are_those_of_the_sheet(tcia: CheckedTable) -> None:
    """Counted by hand in the sheet: status D 8 times, 11 metastases, one recurrence."""
    rows = {row.subject: row for row in tcia.patients.rows}
    assert rows["STS_001"].values == {
        "age_years": 59.0,
        "sex": "M",
        "location": "lower limb",
        "diagnosis": "pleomorphic liposarcoma",
        "grade": "3",
    }
    assert rows["STS_001"].followed("distant_metastasis") == Followed(266, event=True)
    assert rows["STS_020"].followed("local_recurrence") == Followed(66, event=True)
    assert rows["STS_004"].values["diagnosis"] == "undifferentiated pleomorphic sarcoma"
    assert rows["STS_042"].values["diagnosis"] == "synovial sarcoma"
    followed = {
        name: [row.followed(name) for row in tcia.patients.rows]
        for name in ("overall_survival", "distant_metastasis", "local_recurrence")
    }
    events = {name: sum(bool(one and one.event) for one in found) for name, found in followed.items()}
    assert events == {"overall_survival": 8, "distant_metastasis": 11, "local_recurrence": 1}
    assert Counter(row.values["grade"] for row in tcia.patients.rows) == {"3": 13, "2": 11, "1": 2}


@pytest.mark.parametrize("keep_blank", [True, False])
def test_a_naive_csv_of_it_in_which_footnotes_are_patients_is_refused(
    tables: Path, tmp_path: Path, *, keep_blank: bool
) -> None:
    sheet = pd.read_excel(tables / "INFOclinical_STS_dev26.xlsx")
    text = (sheet if keep_blank else sheet.dropna(how="all")).to_csv(index=False)
    found = check(tmp_path, text)
    assert found.table is None
    assert Counter(kind for _, _, kind in kinds(found, "error")) == {"footnote": 7, "summary line": 1}
    assert len(found.patients.rows) == 26


def test_the_export_of_the_gdc_has_131_patients_of_459_lines(tables: Path) -> None:
    """Counted by pandas in the file itself."""
    path = tables / "gdc_tcga_sarc_clinical_dev131.tsv"
    found = check_file(path)
    assert found.table is not None
    assert [row.subject for row in found.table.rows] == list(
        pd.read_csv(path, sep="\t")["cases.submitter_id"].drop_duplicates()
    )
    lines = pd.read_csv(path, sep="\t")
    primary = lines[lines["diagnoses.diagnosis_is_primary_disease"]].set_index("cases.submitter_id")
    later = lines[lines["diagnoses.classification_of_tumor"] == "metastasis"]
    days = pd.to_numeric(later["diagnoses.days_to_diagnosis"], errors="coerce")
    first = days.groupby(later["cases.submitter_id"]).min()
    for row in found.table.rows:
        one = primary.loc[row.subject]
        assert row.values["age_years"] == one["demographic.age_at_index"]
        dead = one["demographic.vital_status"] == "Dead"
        assert row.events["death"] == dead
        name = "demographic.days_to_death" if dead else "diagnoses.days_to_last_follow_up"
        assert row.days["overall_survival_days"] == float(one[name])
        if pd.notna(first.get(row.subject)):
            assert row.days["distant_metastasis_days"] == first[row.subject]
        elif row.subject not in first:
            assert row.events["distant_metastasis"] is False


def test_a_metastasis_of_the_gdc_without_its_day_is_unknown_and_no_event(tables: Path) -> None:
    found = check_file(tables / "gdc_tcga_sarc_clinical_dev131.tsv")
    unknown = [row for row in found.patients.rows if "distant_metastasis" not in row.events]
    assert unknown
    assert all(row.followed("distant_metastasis") is None for row in unknown)
