"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real DICOM and reference commands, named by SARCOMA_TEST_DATA."""
    folder = os.environ.get("SARCOMA_TEST_DATA")
    if not folder:
        pytest.skip("real-data test: set SARCOMA_TEST_DATA to the folder of shared test data to run it")
    path = Path(folder).resolve()
    if not path.is_dir():
        pytest.fail(f"SARCOMA_TEST_DATA is not a folder: {path}")
    return path
