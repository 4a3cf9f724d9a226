"""Files on their way in: the bodies of a request, written to disk as they come.

A client sends a file as the body itself, or as one or more parts of a form (multipart/form-data).
"""

from pathlib import Path

from starlette.datastructures import UploadFile
from starlette.requests import Request

from sarcoma_core.archive.unpacking import TooLargeError, UnpackError, unpack
from sarcoma_core.errors import OutputError
from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.rest.receiving import is_multipart, require_room_for_form, save, write_body

_MOST_FILES = 10_000


async def receive(request: Request, folder: Path, name: str) -> dict[str, Path]:
    """Write what a request brings to disk.

    Args:
        request: the request.
        folder: an empty folder for it.
        name: name of the file, by the path; empty when the form's parts name them.

    Returns:
        The files by name.

    Raises:
        Refusal: 400, there is no file or a part has no name; 411, a form does not say its length; 507, the
            disk is too small for it.
    """
    if is_multipart(request):
        return await _receive_form(request, folder, name)
    if not name:
        raise Refusal(400, "A file that is the body needs a name in the path.")
    path = folder / "body"
    await write_body(request, path)
    return {name: path}


async def _receive_form(request: Request, folder: Path, name: str) -> dict[str, Path]:
    require_room_for_form(request, folder)
    files: dict[str, Path] = {}
    async with request.form(max_files=_MOST_FILES) as form:
        parts = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
        for number, part in enumerate(parts):
            alone = name if name and len(parts) == 1 else part.filename or ""
            if not alone:
                raise Refusal(400, "A part of the form has no file name.")
            path = folder / f"part-{number}"
            await save(part, path)
            files[alone] = path
    if not files:
        raise Refusal(400, "The form holds no file.")
    return files


def extracted(files: dict[str, Path], folder: Path) -> dict[str, Path]:
    """The files in the archives that a client sent, by name.

    Args:
        files: zip, tar or tar.gz files.
        folder: a folder to unpack to.

    Raises:
        Refusal: an archive is damaged, or leads out of the folder, or is a bomb; see `unpacked`.
    """
    members: dict[str, Path] = {}
    for number, archive in enumerate(files.values()):
        inside = folder / f"unpacked-{number}"
        members |= {path.relative_to(inside).as_posix(): path for path in unpacked(archive, inside)}
    return members


def unpacked(archive: Path, folder: Path) -> tuple[Path, ...]:
    """The files that come out of an archive that a client sent; see `archive.unpacking.unpack`.

    Raises:
        Refusal: 400, it is damaged, leads out of the folder, or is a bomb; 413, it is beyond the limits; 507,
            the disk is too small for it.
    """
    try:
        return unpack(archive, folder)
    except TooLargeError as error:
        raise Refusal(413, error.message) from None
    except UnpackError as error:
        raise Refusal(400, error.message) from None
    except OutputError as error:
        raise Refusal(507, error.message) from None
