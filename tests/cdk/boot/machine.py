"""A machine of a site: a container with an engine, two blank volumes and the cloud, and no way out."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sarcoma_core.images.engine import Engine
from tests.cdk.boot.building import MACHINE, run

BOOT = ("systemctl", "start", "sarcoma-site.service")
VOLUMES = {"archive": "vol0a", "database": "vol0d"}
_RIGHTS = (
    *("--cap-add=ALL", "--cap-drop=SYS_RESOURCE", "--device-cgroup-rule=a *:* rwm"),
    *(f"--security-opt={each}=unconfined" for each in ("apparmor", "seccomp", "systempaths")),
    "--volume=/sys/fs/cgroup:/sys/fs/cgroup",
)
"""What an engine needs. Not `--privileged`, which fails where root itself lacks SYS_RESOURCE."""
_SIZE = 600 << 20
"""Bytes: mkfs.xfs takes 300 MB and more."""


@dataclass(frozen=True)
class Ended:
    """How a program of the machine ended."""

    code: int
    text: str


class Machine:
    """A machine.

    Args:
        engine: the engine of the machine that this is tested on.
        name: its container's.
        network: one without a way out.
        gateway: where the cloud is.
        cloud: moto's URL.
        folder: where its disks are.
    """

    def __init__(
        self, engine: Engine, name: str, *, network: str, gateway: str, cloud: str, folder: Path
    ) -> None:
        self._engine, self.name = engine, name
        for part in ("volumes", "docker"):
            (folder / part).mkdir(parents=True)
        for volume in VOLUMES.values():
            with (folder / "volumes" / f"{volume}.img").open("wb") as file:
                file.truncate(_SIZE)
        run(
            *(engine, "run", "--detach", *_RIGHTS, "--name", name, "--network", network, "--hostname", name),
            *("--env", f"GATEWAY={gateway}", "--env", f"MOTO={urlsplit(cloud).netloc}"),
            *(
                "--volume",
                f"{folder}/volumes:/volumes",
                "--volume",
                f"{folder}/docker:/machine/docker",
                MACHINE,
            ),
        )

    def run(self, *command: str, text: str = "", check: bool = True) -> Ended:
        """Run a program on it."""
        done = subprocess.run(
            [self._engine.program, "exec", "--interactive", self.name, *command],
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, (command, done.stdout[-3000:])
        return Ended(done.returncode, done.stdout)

    def output(self, *command: str) -> str:
        """What a program of it prints."""
        return self.run(*command).text.strip()

    def boot(self) -> Ended:
        """Start the unit, and wait for its end."""
        return self.run(*BOOT, check=False)

    def boot_and_kill(self, seen: str, *, patience: float = 240) -> None:
        """Start the unit, and at a new line of that kind kill all of it but what the engine runs."""
        before = self.log().count(seen)
        started = subprocess.Popen(
            [
                self._engine.program,
                "exec",
                self.name,
                "sh",
                "-c",
                f"echo $$ >/run/boot.sid; exec {' '.join(BOOT)}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + patience
        while self.log().count(seen) == before:
            assert time.monotonic() < end, f"the boot never said: {seen}"
            assert started.poll() is None, f"the boot ended before it said: {seen}\n{self.log()[-2000:]}"
            time.sleep(0.05)
        self.run("sh", "-c", "pkill -KILL -s $(cat /run/boot.sid)")
        started.wait(60)

    def log(self) -> str:
        """The boot's log."""
        return self.run("cat", "/var/log/sarcoma/boot.log", check=False).text

    def restart(self) -> None:
        """Cut the power, and start it again."""
        run(self._engine, "kill", self.name)
        run(self._engine, "start", self.name)
        self.wait()

    def wait(self) -> None:
        """Wait for its engine."""
        for _ in range(60):
            if self.run("docker", "version", check=False).code == 0:
                return
            time.sleep(1)
        raise AssertionError(self.run("tail", "-n", "20", "/var/log/dockerd.log", check=False).text)

    def remove(self) -> None:
        """Take it away, with its disks' devices."""
        detach = 'losetup --noheadings --output NAME --associated "$1" | xargs -r losetup --detach'
        disks = f"for disk in /volumes/*; do set -- $disk; {detach}; done"
        unmount = f"docker ps -q | xargs -r docker kill; umount /data/*; {disks}"
        self.run("sh", "-c", unmount, check=False)
        run(self._engine, "rm", "--force", "--volumes", self.name, check=False)
