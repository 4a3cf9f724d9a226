"""Make what the compose file needs and may not hold: secrets with random passwords, folders, and .env.

    python3 prepare.py /srv/xnat

What is there stays as it is, so it can be run again. Standard library only.
"""

import argparse
import json
import os
import secrets
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDERS = ("archive", "build", "cache", "ftp", "inbox", "pipeline", "prearchive")
"""What XNAT keeps below /data/xnat, by its own defaults."""


def prepare(here: Path, data: Path) -> None:
    """Make secrets, folders and .env.

    Args:
        here: the folder of the compose file.
        data: where XNAT's archive and build folder are to be on this machine.

    Raises:
        OSError: a folder cannot be made.
    """
    for name in FOLDERS:
        (data / name).mkdir(parents=True, exist_ok=True)
    (here / "secrets").mkdir(mode=0o700, exist_ok=True)
    users = json.dumps({"RegisteredUsers": {"sarcoma": secrets.token_urlsafe(18)}})
    for name, content in (
        ("database_password", secrets.token_hex(24)),  # no character that a properties file would take apart
        ("admin_password", secrets.token_urlsafe(18)),
        ("orthanc_users.json", users),
    ):
        _once(here / "secrets" / name, content)
    _once(here / ".env", f"XNAT_DATA={data}\nXNAT_UID={os.getuid()}\nXNAT_GID={os.getgid()}\n")


def _once(path: Path, content: str) -> None:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(content)


def main() -> int:
    """Prepare, and say what is next."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, metavar="DIR", help="folder of XNAT's archive on this machine")
    data: Path = parser.parse_args().data.resolve()
    prepare(HERE, data)
    print(f"{HERE}/.env and secrets/ are there, archive and build are below {data}. Next: python3 fetch.py")
    return 0


if __name__ == "__main__":
    sys.exit(main())
