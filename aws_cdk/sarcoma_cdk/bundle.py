"""The bundle: what runs on the site's machine, as one archive whose SHA-256 is its name.

The same files make the same bytes, on whichever day and by whomever it is made.
"""

import gzip
import hashlib
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

from sarcoma_cdk.boot.compose import FILES
from sarcoma_cdk.errors import SiteError

_BOOT = Path(__file__).parent / "boot"
_COMPOSE = Path(__file__).parents[2] / "containers" / "compose"
_PLAIN, _PROGRAM = 0o644, 0o755


@dataclass(frozen=True)
class Bundle:
    """An archive, and what it is called.

    Args:
        data: a tar.gz: `boot/` and `compose/`.
        sha256: its checksum, in hexadecimal.
    """

    data: bytes
    sha256: str

    @property
    def key(self) -> str:
        """Its object in the site's bucket."""
        return f"bundles/{self.sha256}.tar.gz"


def make_bundle(compose: Path = _COMPOSE) -> Bundle:
    """Pack the boot and the compose project.

    Args:
        compose: the repository's `containers/compose`; an installed package does not hold it.

    Raises:
        SiteError: a file is not there.
    """
    files = {f"boot/{path.name}": path for path in _BOOT.glob("*.py")}
    files |= {f"compose/{name}": compose / name for name in FILES}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, path in sorted(files.items()):
            try:
                _add(tar, name, path.read_bytes())
            except OSError as error:
                raise SiteError(
                    f"bundle: {name} must be in the repository; {error.strerror}: {path}. "
                    "Run it from a checkout."
                ) from None
    data = gzip.compress(packed.getvalue(), compresslevel=9, mtime=0)
    return Bundle(data, hashlib.sha256(data).hexdigest())


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)  # by its default of nobody's, at the beginning of time
    member.size = len(content)
    member.mode = _PROGRAM if name.endswith(".sh") else _PLAIN
    tar.addfile(member, io.BytesIO(content))
