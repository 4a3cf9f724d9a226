"""Lay DICOM files into a running Orthanc, several at once; a file that it refuses stops no other.

Images go first: what was drawn is laid on those that are there (`references`).
"""

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import requests

from sarcoma_core.errors import DicomError, OutputError, RunError
from sarcoma_core.viewer.holdings import ShownFile
from sarcoma_core.viewer.orthanc import DICOM_WEB, Orthanc
from sarcoma_core.viewer.references import Laid, StoredSlice, lay

_AT_ONCE = 4
_PATIENCE = 120
"""Seconds of silence after which Orthanc is taken for gone."""
_SPARE = 1.1
"""Orthanc keeps each file as it is, and an index of some percent."""
_TAKEN = ("Success", "AlreadyStored")
_FIELDS = "ImagePositionPatient,ImageOrientationPatient"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What became of a file.

    Args:
        file: which one.
        reason: why it is not in the viewer; empty where it is.
        laid: of what is laid on images, whether OHIF can show it.
    """

    file: ShownFile
    reason: str = ""
    laid: Laid = "as it is"


def store(
    orthanc: Orthanc, files: Sequence[ShownFile], *, done: Callable[[], None] = lambda: None
) -> tuple[StoredFile, ...]:
    """Lay files into Orthanc.

    Args:
        orthanc: a running one.
        files: what to lay in.
        done: is called after each file.

    Returns:
        What became of each.

    Raises:
        OutputError: there is no room for a copy of them.
        RunError: Orthanc does not answer any more.
    """
    _require_room(orthanc, files)
    delivery = _OrthancDelivery(orthanc)
    images, drawn = [one for one in files if not one.kind], [one for one in files if one.kind]
    return (*_each(delivery.image, images, done), *_each(delivery.drawn, drawn, done))


def _each(
    work: Callable[[ShownFile], StoredFile], files: Sequence[ShownFile], done: Callable[[], None]
) -> list[StoredFile]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            futures = [pool.submit(work, one) for one in files]
            for future in as_completed(futures):
                future.result()
                done()
        except BaseException:  # Ctrl-C ends what runs, and starts nothing more
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in futures]


def _require_room(orthanc: Orthanc, files: Sequence[ShownFile]) -> None:
    needed = sum(one.path.stat().st_size for one in files) * _SPARE
    free = shutil.disk_usage(orthanc.folder).free
    if needed > free:
        raise OutputError(
            f"TMPDIR: must have room for a copy of the images, {needed / 1e9:.1f} GB; "
            f"{free / 1e9:.1f} GB are free.",
            hint="Choose fewer with --project and --session, or another disk with TMPDIR=DIR.",
        )


class _OrthancDelivery:
    """Lays single files in; several threads may use it at once."""

    def __init__(self, orthanc: Orthanc) -> None:
        self._orthanc = orthanc
        self._slices = lru_cache(maxsize=None)(self._slices_of)

    def image(self, one: ShownFile) -> StoredFile:
        """Lay an image in as it is."""
        try:
            return StoredFile(one, self._post(one.path.read_bytes()))
        except OSError as error:
            return StoredFile(one, f"it cannot be read ({error.strerror})")

    def drawn(self, one: ShownFile) -> StoredFile:
        """Lay a SEG, RTSTRUCT or heat map in, on the images that are there."""
        try:
            laid = lay(one.path.read_bytes(), one.kind, self._slices)
        except OSError as error:
            return StoredFile(one, f"it cannot be read ({error.strerror})")
        except DicomError as error:
            return StoredFile(one, error.message)
        return StoredFile(one, self._post(laid.content), laid.laid)

    def _post(self, content: bytes) -> str:
        """Why Orthanc refuses a file; nothing where it takes it."""
        answer = self._ask("POST", "/instances", data=content)
        if not answer.ok:
            return "it is no DICOM that Orthanc can read"
        return "" if answer.json().get("Status") in _TAKEN else "Orthanc does not keep it"

    def _slices_of(self, series: str) -> tuple[StoredSlice, ...]:
        query = {"SeriesInstanceUID": series, "includefield": _FIELDS}
        answer = self._ask("GET", f"{DICOM_WEB}/instances", params=query)
        return tuple(map(_slice, answer.json())) if answer.ok else ()

    def _ask(self, method: str, path: str, **request: Any) -> requests.Response:  # noqa: ANN401  as requests has it
        client = self._orthanc.client
        try:
            return client.request(method, self._orthanc.url + path, timeout=_PATIENCE, **request)
        except requests.RequestException:
            raise RunError("Orthanc: must take the images; it does not answer any more.") from None


def _slice(told: dict[str, Any]) -> StoredSlice:
    """An image, from the DICOM JSON model (PS3.18, F.2)."""

    def values(tag: str) -> list[Any]:
        return list(told.get(tag, {}).get("Value", ()))

    position, orientation = (tuple(map(float, values(tag))) for tag in ("00200032", "00200037"))
    sop_class, uid = ("".join(values(tag)[:1]) for tag in ("00080016", "00080018"))
    return StoredSlice(
        sop_class,
        uid,
        position=position if len(position) == 3 else None,  # noqa: PLR2004  x, y, z
        orientation=orientation if len(orientation) == 6 else None,  # noqa: PLR2004  of two directions
    )
