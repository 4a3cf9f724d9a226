"""Debian's Orthanc for as long as it takes: a folder, a port and a password of its own.

Orthanc is under the GPLv3, its DICOMweb plugin under the AGPLv3: programs that the user installs, which are
started and spoken to, and never a part of this package or of its images.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import requests
from requests.adapters import HTTPAdapter

from sarcoma_core.errors import RunError
from sarcoma_core.viewer import keeper
from sarcoma_core.viewer.copies import copy_folder

INSTALL: Final = "Install both (Debian, Ubuntu): sudo apt install orthanc orthanc-dicomweb"
DICOM_WEB: Final = "/dicom-web"
LOOPBACK: Final = "127.0.0.1"

_FOLDERS = ("/usr/sbin", "/usr/local/sbin")
"""Debian puts it where the PATH of a user who is not root does not look."""
_PLUGINS = (
    "/usr/share/orthanc/plugins/libOrthancDicomWeb.so",
    "/usr/local/share/orthanc/plugins/libOrthancDicomWeb.so",
)
_USER = "sarcoma"
_THREADS = 40
"""Requests at once: a browser asks for many slices."""
_PATIENCE = 60.0
"""Seconds within which it must answer; it takes half a second."""
_BEAT = 0.05


@dataclass(frozen=True)
class OrthancPrograms:
    """Where Orthanc is.

    Args:
        server: the program.
        dicom_web: its plugin.
    """

    server: Path
    dicom_web: Path


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc.

    Args:
        url: where it listens.
        folder: what it stores lies below.
        client: speaks to it, with its password.
    """

    url: str
    folder: Path
    client: requests.Session = field(repr=False)


def find_orthanc() -> OrthancPrograms:
    """Where Orthanc and its DICOMweb plugin are.

    Raises:
        RunError: one of them is not installed.
    """
    places = os.pathsep.join((os.environ.get("PATH", os.defpath), *_FOLDERS))
    server = shutil.which("Orthanc", path=places)
    if server is None:
        raise RunError("Orthanc: must be installed; found no program of that name.", hint=INSTALL)
    plugin = next((path for path in map(Path, _PLUGINS) if path.is_file()), None)
    if plugin is None:
        raise RunError("Orthanc: must have its DICOMweb plugin; found none.", hint=INSTALL)
    return OrthancPrograms(Path(server), plugin)


@contextmanager
def running(programs: OrthancPrograms) -> Iterator[Orthanc]:
    """An empty Orthanc for as long as the block lasts; then it ends, and what it stored is deleted.

    It ends and is deleted as well when this process is killed (`keeper`), or the keeper is.

    Args:
        programs: where it is.

    Raises:
        RunError: it does not start.
        OSError: there is no folder for temporary files.
        OutputError: what it stored cannot be deleted.
    """
    name, password, port = secrets.token_hex(16), secrets.token_urlsafe(24), _free_port()
    with copy_folder() as folder, tempfile.TemporaryFile() as log, _client(password) as client:
        settings = folder / "orthanc.json"
        settings.write_text(json.dumps(_settings(programs, folder, name, password, port)), encoding="utf-8")
        line = [sys.executable, keeper.__file__, str(folder), str(programs.server), str(settings)]
        # A session of its own: Ctrl-C is for us, and the keeper goes when its pipe closes.
        process = subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            orthanc = Orthanc(f"http://{LOOPBACK}:{port}", folder, client)
            _wait_until_up(orthanc, name, process, log)
            yield orthanc
        finally:
            process.communicate()
            _end_group(process.pid)


def _end_group(leader: int) -> None:
    """End what is left where the keeper was killed: Orthanc, in the process group that the keeper led."""
    end = time.monotonic() + keeper.GRACE
    with suppress(ProcessLookupError, PermissionError):  # all have ended; macOS says so of those not reaped
        while time.monotonic() < end:
            os.killpg(leader, signal.SIGKILL)
            time.sleep(_BEAT)


def _settings(
    programs: OrthancPrograms, folder: Path, name: str, password: str, port: int
) -> dict[str, object]:
    """What differs from Orthanc's defaults (its book, *Configuration options*)."""
    return {
        "Name": name,
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "TemporaryDirectory": str(folder),
        "HttpPort": port,
        "HttpThreadsCount": _THREADS,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {_USER: password},
        "OrthancExplorerEnabled": False,
        "DicomServerEnabled": False,
        "ExecuteLuaEnabled": False,
        "SaveJobs": False,
        "Plugins": [str(programs.dicom_web)],
        "DicomWeb": {"Enable": True, "Root": f"{DICOM_WEB}/", "EnableWado": False},
    }


def _client(password: str) -> requests.Session:
    client = requests.Session()
    client.trust_env = False  # no proxy stands between, and no ~/.netrc has its password
    client.auth = (_USER, password)
    client.mount("http://", HTTPAdapter(pool_maxsize=_THREADS))
    return client


def _free_port() -> int:
    with socket.socket() as place:
        place.bind((LOOPBACK, 0))
        port: int = place.getsockname()[1]
    return port


def _wait_until_up(orthanc: Orthanc, name: str, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    """Wait until it is our Orthanc that answers: another program may have taken the port meanwhile."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with suppress(requests.RequestException):
            answer = orthanc.client.get(f"{orthanc.url}/system", timeout=_PATIENCE)
            if answer.ok and answer.json().get("Name") == name:
                return
        time.sleep(_BEAT)
    log.seek(0)
    told = [line for line in log.read().decode(errors="replace").splitlines() if line.startswith("E")]
    raise RunError(
        f"Orthanc: must start; it {'does not answer' if process.poll() is None else 'ended'}"
        f" ({told[-1].partition('] ')[2] if told else 'no reason given'}).",
        hint="Run it again. If it fails again, look whether `Orthanc --version` works.",
    )
