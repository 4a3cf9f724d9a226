"""What is known of a server: gathered once, so that every check is a pure function over it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar, Union

from sarcoma_core.launch.doctor.findings import Finding
from sarcoma_core.xnat.rest.administration import Backend, BackendImage


@dataclass(frozen=True)
class Unknown:
    """A fact that could not be had.

    Args:
        why: the reason, in words.
        fix: what to do to have it.
    """

    why: str
    fix: str = ""

    def finding(self, check: str) -> Finding:
        """The finding of a check that cannot be made without it."""
        return Finding(check, "unknown", self.why, self.fix)


T = TypeVar("T")
Known = Union[T, Unknown]  # noqa: UP007  a generic alias; `|` would be none before Python 3.12
"""A fact, or why there is none."""


@dataclass(frozen=True)
class Site:
    """Of the site's configuration what our steps depend on.

    Args:
        initialized: whether its set-up was finished.
        site_url: `siteUrl`.
        processing_url: `processingUrl`, which containers get as XNAT_HOST; `siteUrl` when empty.
        alias_timeout: `aliasTokenTimeout`, as XNAT words it: `2 days`.
    """

    initialized: bool
    site_url: str
    processing_url: str
    alias_timeout: str

    @property
    def xnat_host(self) -> str:
        """The address that containers get."""
        return self.processing_url or self.site_url


@dataclass(frozen=True)
class StepFacts:
    """What the server knows of one step.

    Args:
        step: its name.
        image: the image that its shipped command names.
        present: whether this version's command is on the server.
        differences: fields in which live and shipped command differ, each in words.
        off_site: names of its wrappers that are not enabled for the site.
        off_project: names of those that are, and are not for the project that was named.
        others: other versions that are enabled for the site.
    """

    step: str
    image: str
    present: bool = True
    differences: tuple[str, ...] = ()
    off_site: tuple[str, ...] = ()
    off_project: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """What the probe saw inside its container.

    Args:
        key: SHA-256 of the known file, as it was read there.
        uid: user id that it ran under.
        gid: group id.
        free_bytes: free space where outputs lie.
        xnat_host: value of XNAT_HOST.
        xnat_unreachable: why XNAT did not answer; empty when it did.
    """

    key: str
    uid: int
    gid: int
    free_bytes: int
    xnat_host: str
    xnat_unreachable: str


@dataclass(frozen=True)
class Probed:
    """How the probe went.

    Args:
        status: XNAT's last word for it.
        reason: why it failed, in the container's or XNAT's words.
        key: SHA-256 of the known file that was put on the server.
        seen: what it brought back; None when nothing came back.
    """

    status: str
    reason: str
    key: str
    seen: Seen | None


@dataclass(frozen=True)
class Leftovers:
    """What earlier runs left in our resources of a project.

    Args:
        stale: files that no manifest lists.
        resources: how many resources hold such files.
        damaged: how many resources have a manifest that cannot be read.
        sessions: how many sessions were looked at.
        of: how many the project has.
        revisions: of each step, how many resources each revision of it wrote.
    """

    stale: int
    resources: int
    damaged: int
    sessions: int
    of: int
    revisions: Mapping[str, Mapping[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckScope:
    """What the user wants to be checked.

    Args:
        project: the project whose switches and files are looked at; empty for the site only.
        registry: prefix of the images; None as they are installed.
        longest_job: hours that the longest step may take, its time in the queue included.
        events: whether the event service is wanted.
        sessions: of how many sessions the files are looked at.
    """

    project: str = ""
    registry: str | None = None
    longest_job: float = 12.0
    events: bool = False
    sessions: int = 50


@dataclass(frozen=True)
class Facts:
    """Everything that the checks work on."""

    scope: CheckScope
    server: str
    user: str
    version: Known[str]
    plugins: Known[Mapping[str, str]]
    roles: Known[frozenset[str]]
    site: Known[Site]
    events: Known[bool]
    backend: Known[Backend | None]
    ping: Known[bool]
    images: Known[tuple[BackendImage, ...]]
    steps: Known[tuple[StepFacts, ...]]
    leftovers: Known[Leftovers]
    probe: Known[Probed]
    built: Mapping[str, str] = field(default_factory=dict)
