"""Fetch what XNAT is made of into artefacts/; refuse a file whose SHA-256 is not that of artefacts.lock.

    python3 fetch.py            every file has to be in artefacts.lock
    python3 fetch.py --trust    trust on first use: write the checksum of a file that is not in it yet

The lock has the form of `sha256sum`. A checksum that is there is never overwritten: delete its line by hand
after you have found out why the file has changed. Standard library only.
"""

import argparse
import hashlib
import sys
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Refused(Exception):  # noqa: N818  a file is refused
    """A file that may not be used."""


def fetch(folder: Path, listed: Path, *, trust: bool) -> tuple[str, ...]:
    """Bring every listed file into a folder, verified.

    Args:
        folder: where the files go, beside their `artefacts.lock`.
        listed: names and addresses, one a line, a tab between them.
        trust: write down a checksum that the lock does not have.

    Returns:
        Names of the files that were trusted now.

    Raises:
        Refused: a checksum is missing or differs; the file is not kept.
        OSError: a file cannot be fetched.
    """
    folder.mkdir(exist_ok=True)
    lock = folder / "artefacts.lock"
    known = _read(lock)
    trusted = []
    for name, url in (line.split("\t") for line in listed.read_text().splitlines()):
        if name not in known and not trust:
            raise Refused(
                f"artefacts.lock has no SHA-256 of {name}. Get it from a source you trust, or --trust."
            )
        found = _into(folder / name, url, known.get(name))
        if name not in known:
            known[name] = found
            trusted.append(name)
            lock.write_text("".join(f"{known[each]}  {each}\n" for each in sorted(known)))
    return tuple(trusted)


def _read(lock: Path) -> dict[str, str]:
    lines = lock.read_text().splitlines() if lock.exists() else []
    return {name: digest for digest, name in (line.split() for line in lines)}


def _into(path: Path, url: str, wanted: str | None) -> str:
    if not path.exists():
        partial = path.with_name(path.name + ".partial")
        urllib.request.urlretrieve(url, partial)  # noqa: S310  the list is ours
        partial.rename(path)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if wanted not in (None, found):
        path.unlink()
        raise Refused(f"{path.name}: SHA-256 must be {wanted}; found {found}. It was deleted.")
    return found


def main() -> int:
    """Fetch, and say what was trusted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trust", action="store_true", help="trust a file that the lock does not name yet")
    try:
        trusted = fetch(HERE / "artefacts", HERE / "artefacts.tsv", trust=parser.parse_args().trust)
    except (Refused, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    for name in trusted:
        print(f"trusted on first use: {name}; compare artefacts/artefacts.lock with a colleague's")
    return 0


if __name__ == "__main__":
    sys.exit(main())
