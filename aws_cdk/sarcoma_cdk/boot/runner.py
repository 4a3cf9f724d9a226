"""The unit's program: fetch what the site's parameter names, run its boot, tell CloudFormation how it went.

It is part of the machine's user data, and other user data is another machine: so it is small, knows nothing
of the site, and stays as it is. Whatever may change is in the bundle, which it finds by the parameter. With
`--follow` it does nothing unless the parameter has changed since the last try: that is how a new publication
gets here.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

STATE, RUN, UNPACKED = Path("/var/lib/sarcoma"), Path("/run/sarcoma"), Path("/opt/sarcoma")
_LONGEST = 3000
"""CloudFormation takes 4,096 bytes of signal."""


class FetchError(Exception):
    """What the parameter names cannot be had, or is something else."""


def aws(service: str, *arguments: str) -> str:
    """Ask AWS; Amazon's own repository, which has the command line, is reached as the bucket is.

    Args:
        service: the service, written out where this is called.
        arguments: the operation and its options.

    Raises:
        FetchError: it failed.
    """
    if shutil.which("aws") is None:
        subprocess.run(["dnf", "install", "--assumeyes", "--quiet", "awscli-2"], check=False)  # noqa: S607
    tries = {"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "8", "AWS_PAGER": ""}
    try:
        done = subprocess.run(
            ["aws", service, *arguments],  # noqa: S607  where dnf has put it
            env={**os.environ, **tries},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise FetchError(
            f"aws: must be on this machine; {error.strerror}. dnf could not install it."
        ) from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise FetchError(f"aws {service} {arguments[0]} failed ({done.returncode}): {said[-1][:300]}")
    return done.stdout


def fetch(bucket: str, key: str, digest: str) -> bytes:
    """An object of the site's bucket, whose SHA-256 is known.

    Args:
        bucket: the bucket.
        key: the object.
        digest: what its SHA-256 has to be.

    Raises:
        FetchError: it is not there, or is another one.
    """
    path = RUN / "object"
    aws("s3", "cp", "--only-show-errors", f"s3://{bucket}/{key}", str(path))
    content = path.read_bytes()
    path.unlink()
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise FetchError(
            f"s3://{bucket}/{key}: must have the SHA-256 {digest}; found {found}. Publish it again."
        )
    return content


def unpack(archive: bytes, folder: Path) -> Path:
    """Unpack a bundle; its folder is there when it is whole.

    Args:
        archive: a tar.gz of plain files.
        folder: where it goes.

    Raises:
        FetchError: it holds anything but plain files below the folder.
    """
    if folder.is_dir():
        return folder
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for member in tar:
            file, parts = tar.extractfile(member) if member.isfile() else None, member.name.split("/")
            if file is None or {"", ".", ".."} & set(parts):
                raise FetchError(f"bundle: must hold plain files below its folder; found {member.name!r}.")
            path = partial.joinpath(*parts)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.read())
    os.sync()
    partial.rename(folder)
    return folder


def boot(told: dict[str, Any], lock: int) -> str:
    """Run the boot that the parameter names.

    Args:
        told: the parameter.
        lock: the lock's file, which the boot holds for as long as it runs, should it outlive this program.

    Returns:
        Why the site is not up; empty when it is.

    Raises:
        FetchError: it cannot be had.
        OSError: the disk is full.
    """
    name = told["publication"]
    publication = json.loads(fetch(told["bucket"], f"publications/{name}.json", name))
    bundle = publication["bundle"]
    folder = UNPACKED / bundle
    if not folder.is_dir():
        unpack(fetch(told["bucket"], f"bundles/{bundle}.tar.gz", bundle), folder)
    settings, outcome = RUN / "settings.json", RUN / "outcome.json"
    outcome.unlink(missing_ok=True)
    settings.write_text(json.dumps({"parameter": told, "publication": publication}), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-B", "-m", "boot", str(settings), str(outcome)],
        cwd=folder,
        pass_fds=(lock,),
        check=False,
    )
    if not outcome.exists():
        return f"The boot ended ({done.returncode}) without a word. See: journalctl --unit sarcoma-site"
    found = json.loads(outcome.read_text(encoding="utf-8"))
    return f"step {found['step']}: {found['reason']}" if found["reason"] else ""


def signal(url: str, site: str, reason: str, data: str) -> None:
    """Tell CloudFormation, once for each of its handles; a handle that has expired changes nothing here.

    Args:
        url: the handle, a presigned URL of S3.
        site: the site's name.
        reason: why the site is not up; empty when it is.
        data: what the stack may show.
    """
    told, mark = STATE / "signalled", hashlib.sha256(url.encode()).hexdigest()
    if told.exists() and told.read_text(encoding="utf-8") == mark:
        return
    status = "FAILURE" if reason else "SUCCESS"
    body = {
        "Status": status,
        "UniqueId": site,
        "Reason": (reason or "The site is up.")[:_LONGEST],
        "Data": data,
    }
    # The URL is signed for an empty type: any other one, urllib's own too, is refused.
    asked = urllib.request.Request(  # noqa: S310  the handle's address
        url, data=json.dumps(body).encode(), method="PUT", headers={"Content-Type": ""}
    )
    try:
        with urllib.request.urlopen(asked, timeout=60):  # noqa: S310  as above
            told.write_text(mark, encoding="utf-8")
            say(f"signalled {status}")
    except (urllib.error.URLError, OSError) as error:
        say(f"warning: CloudFormation could not be told {status}: {error}")


def say(text: str) -> None:
    """Write a line to systemd's journal."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Fetch, boot, signal.

    Args:
        arguments: `--follow`, or nothing.
    """
    follow = arguments == ["--follow"]
    for folder in (STATE, RUN, UNPACKED):
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    with (RUN / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (fcntl.LOCK_NB if follow else 0))
        except BlockingIOError:
            return 0  # it is being done
        return _try(follow, lock.fileno())


def _try(follow: bool, lock: int) -> int:  # noqa: FBT001  the one flag there is
    name, tried = os.environ["SARCOMA_PARAMETER"], STATE / "tried"
    try:
        answer = aws("ssm", "get-parameter", "--name", name, "--output", "json")
        text = json.loads(answer)["Parameter"]["Value"]
        told = json.loads(text)
        if not isinstance(told, dict):
            raise FetchError(f"it is a {type(told).__name__}")  # noqa: TRY301  as what json says of a text
        mark = hashlib.sha256(text.encode()).hexdigest()
        if follow and tried.exists() and tried.read_text(encoding="utf-8") == mark:
            return 0
        tried.write_text(mark, encoding="utf-8")
    except (FetchError, ValueError, KeyError) as error:
        say(f"error: the parameter {name} must be a JSON object that this machine may read: {error}")
        return 1
    try:
        reason = boot(told, lock)
    except Exception as error:  # noqa: BLE001  whatever it is, CloudFormation has to be told
        reason = f"step fetch: {error if isinstance(error, FetchError) else repr(error)}"
    say(reason or "the site is up")
    if told.get("signal"):
        signal(told["signal"], told.get("site", "site"), reason, told.get("site_url", ""))
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
