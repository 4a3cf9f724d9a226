"""What tests of the viewer need of the machine: Orthanc, its plugin and OHIF's build."""

from pathlib import Path

from sarcoma_core.errors import SarcomaError
from sarcoma_core.viewer.ohif import find_ohif
from sarcoma_core.viewer.orthanc import OrthancPrograms, find_orthanc
from tests.report.test_in_browser import need


def programs() -> OrthancPrograms:
    """Where Orthanc is; without it a test is skipped on a desk."""
    try:
        return find_orthanc()
    except SarcomaError:
        need("Orthanc (apt-get install orthanc orthanc-dicomweb)", None)
        raise


def build() -> Path:
    """OHIF's build; likewise."""
    try:
        return find_ohif()
    except SarcomaError:
        need("OHIF (make ohif)", None)
        raise
