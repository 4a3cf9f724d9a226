"""Refuse files that are DICOM, whatever their name: a pre-commit hook, which a test runs on every file."""

import sys
from collections.abc import Iterable
from pathlib import Path

_PREAMBLE = 128


def is_dicom(path: Path) -> bool:
    """Whether a file has the DICOM prefix (PS3.10, 7.1)."""
    with path.open("rb") as stream:
        return stream.read(_PREAMBLE + 4)[_PREAMBLE:] == b"DICM"


def main(names: Iterable[str]) -> int:
    """Say which of the files are DICOM; 1 when there is one."""
    found = [name for name in names if Path(name).is_file() and is_dicom(Path(name))]
    for name in found:
        sys.stderr.write(
            f"{name}: DICOM must not be committed; keep it outside and name it by SARCOMA_TEST_DATA\n"
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
