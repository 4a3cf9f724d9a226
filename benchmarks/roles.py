"""Roles of a real cohort's series: `python -m benchmarks.roles`, with SARCOMA_TEST_DATA set.

Prints what becomes of the 26 patients of the table, as it is and with evidence taken out of its columns.
"""

from tests.dicom.roles.cohort_table import CHANGES
from tests.dicom.roles.test_cohort import count


def main() -> None:
    """Print the table."""
    print("session\theaders\tseries\twrong\tcopies chosen\tof these in silence\tpatients in review")
    for key in ("StudyInstanceUID", "PatientID"):
        for change in CHANGES:
            found = count(key, change)
            numbers = (found.series, len(found.wrong), found.copies_chosen, found.silent, len(found.review))
            print(key, change, *numbers, sep="\t")


if __name__ == "__main__":
    main()
