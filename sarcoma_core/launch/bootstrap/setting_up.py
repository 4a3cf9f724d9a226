"""Set a site up over REST, part by part: what is so already stays untouched, so it is run at every boot.

Source: the deployment check-list of the Container Service 3.7; UsersApi, SiteConfigApi, NotificationsApi and
DicomSCPApi of XNAT 1.9, as we read them. It has met no real XNAT yet.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Literal, NamedTuple

from sarcoma_core.errors import RunError
from sarcoma_core.launch.bootstrap.plan import ADMIN, FIRST_PASSWORD, SitePlan
from sarcoma_core.xnat.rest.administration import CONTAINER_MANAGER, PRIVILEGED, Administration
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.login import Login

PAUSE = 3.0
"""Seconds between two looks at a server that is starting."""
_REDIRECTS = range(300, 400)


class SitePart(NamedTuple):
    """A part of a site, and what was done about it."""

    part: str
    outcome: Literal["unchanged", "set", "would be set"]


@dataclass(frozen=True)
class _Duty:
    """A part that is to be so: whether it is, and what makes it so."""

    part: str
    is_so: Callable[[Administration], bool]
    make: Callable[[Administration], None]


def bootstrap(
    plan: SitePlan,
    server: str = "",
    *,
    wait: float,
    dry_run: bool = False,
) -> tuple[SitePart, ...]:
    """Make a server what a plan says.

    Args:
        plan: how the site is to be.
        server: where it answers now; the plan's address for browsers where empty.
        wait: seconds that it may take to answer: a fresh XNAT makes its database first.
        dry_run: look only.

    Raises:
        RunError: it does not answer in that time.
        ServerError: it refuses both passwords of its administrator, or a part.
    """
    login = _enter(server or plan.site_url, plan.password, wait)
    done: list[SitePart] = []
    # Each stage logs in anew: a session knows its user's password and roles as they were when it began.
    for stage in _stages(plan, login):
        with Connection(login) as connection:
            administration = Administration(connection)
            done += [_do(duty, administration, dry_run=dry_run) for duty in stage]
        if not dry_run:
            login = Login(login.server, ADMIN, plan.password)
    return tuple(done)


def _enter(server: str, password: str, wait: float) -> Login:
    """The log-in that the server takes, once it answers: with the plan's password, else the first."""
    end = time.monotonic() + wait
    while True:
        try:
            return _log_in(server, password)
        except ServerError as error:
            if error.status == HTTPStatus.UNAUTHORIZED or error.status in _REDIRECTS:
                raise
            if time.monotonic() >= end:
                raise RunError(
                    f"{server}: must answer as XNAT within {wait:g} s; it does not. {error.message}",
                    hint="See XNAT's log (docker logs, or its folder logs/); then run this again.",
                ) from error
        time.sleep(PAUSE)


def _log_in(server: str, password: str) -> Login:
    for one in (password, FIRST_PASSWORD):
        login = Login(server, ADMIN, one)
        try:
            Connection(login).close()
        except ServerError as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
        else:
            return login
    raise ServerError(
        f"{server}: {ADMIN} must log in with the password of --password-file or with that of a fresh XNAT; "
        "both are refused.",
        status=HTTPStatus.UNAUTHORIZED,
        hint="Put the administrator's present password into that file; too many wrong ones lock an account "
        "for an hour.",
    )


def _stages(plan: SitePlan, login: Login) -> Iterator[tuple[_Duty, ...]]:
    """What is done, in order: before its set-up is finished a site takes nothing else."""
    mail = plan.mail.document() if plan.mail else None
    yield (
        _Duty(
            "site",
            lambda now: _holds(now.site_config(), plan.site()),
            lambda now: now.change_site(plan.site()),
        ),
        _Duty(
            "password",
            lambda _: login.password == plan.password,
            lambda now: now.set_password(ADMIN, plan.password),
        ),
    )
    yield (
        *(
            _Duty(f"role {role}", partial(_has_role, role), partial(_give_role, role))
            for role in (CONTAINER_MANAGER, PRIVILEGED)
        ),
        *(
            [_Duty("mail", lambda now: _holds(now.mail(), mail), lambda now: now.change_mail(mail))]
            if mail
            else []
        ),
        *(
            [_Duty("receiver", partial(_is_titled, plan.ae_title), partial(_give_title, plan.ae_title))]
            if plan.ae_title
            else []
        ),
    )
    yield (
        _Duty("backend", partial(_has_backend, plan), lambda now: now.set_backend(plan.backend)),
        _Duty("events", lambda now: now.events_are_on(), lambda now: now.turn_events_on()),
    )


def _do(duty: _Duty, administration: Administration, *, dry_run: bool) -> SitePart:
    try:
        is_so = duty.is_so(administration)
    except ServerError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        is_so = False  # who may not read it has not been given its role yet
    if is_so:
        return SitePart(duty.part, "unchanged")
    if dry_run:
        return SitePart(duty.part, "would be set")
    duty.make(administration)
    return SitePart(duty.part, "set")


def _has_role(role: str, administration: Administration) -> bool:
    return role in (administration.roles(ADMIN) or ())


def _give_role(role: str, administration: Administration) -> None:
    administration.give_role(ADMIN, role)


def _is_titled(title: str, administration: Administration) -> bool:
    return any(each["aeTitle"] == title and each["enabled"] for each in administration.receivers() or ())


def _give_title(title: str, administration: Administration) -> None:
    """The first receiver gets the title; a fresh XNAT has one, `XNAT` on port 8104."""
    receivers = administration.receivers()
    if not receivers:
        raise RunError(
            "receiver: must be there to be given a title; the site has none.",
            hint="Add one: Administer > Site Administration > DICOM SCP Receivers; then run this again.",
        )
    administration.change_receiver({**receivers[0], "aeTitle": title, "enabled": True})


def _has_backend(plan: SitePlan, administration: Administration) -> bool:
    backend = administration.backend()
    return backend is not None and _holds(backend.tree, plan.backend.document())


def _holds(found: Mapping[str, Any] | None, wanted: Mapping[str, object]) -> bool:
    """Whether a document says what is wanted; XNAT answers a boolean or a number, or its text."""
    told = found or {}
    return all(_word(told.get(key)) == _word(value) for key, value in wanted.items())


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
