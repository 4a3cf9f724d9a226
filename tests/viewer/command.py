"""`sarcoma view` as a process, as a user starts it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 60


@dataclass
class ViewCommand:
    """A running command.

    Args:
        process: of it.
        said: what it has said until the viewer was up.
    """

    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address that it printed, with its token."""
        (found,) = re.findall(r"^OHIF: (\S+)$", "".join(self.said), re.MULTILINE)
        return str(found)

    def stop(self, number: signal.Signals = signal.SIGINT) -> str:
        """Stop it; what it said at the end."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=PATIENCE)[0]


@contextmanager
def viewing(archive: Path, temporary: Path, *words: str) -> Iterator[ViewCommand]:
    """The command on an archive, up to its being up; killed at the end, if it still runs.

    Args:
        archive: the archive.
        temporary: where its own temporary files go.
        words: further arguments.
    """
    line: Sequence[str] = (sys.executable, "-m", "sarcoma_core", "view", "--archive", str(archive), *words)
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(
        [*line, "--no-browser"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        command = ViewCommand(process)
        try:
            assert process.stdout is not None
            for said in process.stdout:
                command.said.append(said)
                if "Ctrl-C" in said:
                    break
            else:
                raise AssertionError(f"it ended: {''.join(command.said)}")
            yield command
        finally:
            process.kill()
