"""Each check on planted facts: what it calls a fault, and which fix stands beside it."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from sarcoma_core.cli.main import parser
from sarcoma_core.launch.doctor import check, has_faults
from sarcoma_core.launch.doctor.facts import CheckScope, Leftovers, Probed, Unknown
from sarcoma_core.launch.doctor.findings import Finding, Verdict
from sarcoma_core.launch.doctor.remedies import Install, TurnEventsOn
from sarcoma_core.launch.doctor.site import is_loopback
from sarcoma_core.launch.doctor.versions import numbers
from sarcoma_core.steps import step_named
from sarcoma_core.steps.probe import EMPTY
from sarcoma_core.xnat.intervals import seconds
from sarcoma_core.xnat.rest.administration import BackendImage
from tests.launch.doctor.healthy import BACKEND, DIGEST, IMAGE, KEY, PROBED, SEEN, SITE, STEP, facts

DENIED = "--out: must be writable by the user that runs this; permission was denied. Nothing was written."

OURS = step_named("convert").revision

WRAPPERS = ("sarcoma-convert-session", "sarcoma-convert-scan")
OFF = replace(STEP, off_site=WRAPPERS)
OFF_IN_PROJECT = replace(STEP, off_project=WRAPPERS[1:])


def wrote(resources: Mapping[int, int]) -> Leftovers:
    """Of three sessions: how many resources each revision of `convert` wrote."""
    return Leftovers(0, 0, 0, 3, 3, {"convert": resources})


NO_ROLE: frozenset[str] = frozenset()


def found(name: str, **changes: Any) -> list[Finding]:
    return [f for f in check(facts(**changes)) if f.check == name and f.verdict != "ok"]


def test_a_healthy_server_has_nothing_but_the_engine_whose_version_xnat_does_not_tell() -> None:
    findings = check(facts())
    assert [f.check for f in findings if f.verdict != "ok"] == ["engine version"]
    assert not has_faults(findings)


PLANTED: list[tuple[str, dict[str, Any], Verdict, str]] = [
    ("site set-up", {"site": replace(SITE, initialized=False)}, "fault", "set-up page"),
    ("versions", {"plugins": {"ohifViewerPlugin": "3.6.0"}}, "fault", "container-service-3.7.3-fat.jar"),
    ("batch-launch plugin", {"plugins": {"containers": "3.7.3"}}, "fault", "batch-launch-0.8.1-xpl.jar"),
    ("versions", {"version": "1.8.10"}, "warning", "XNAT 1.9 with Container Service 3.7"),
    ("versions", {"version": "1.10.0"}, "warning", "XNAT 1.10 with Container Service 3.8"),
    ("roles", {"roles": frozenset({"Administrator"})}, "warning", "ContainerManager, Privileged"),
    ("roles", {"roles": NO_ROLE, "steps": (replace(STEP, present=False),)}, "fault", "Manage roles"),
    ("roles", {"roles": NO_ROLE, "steps": (OFF,)}, "fault", "Manage roles"),
    ("roles", {"roles": NO_ROLE, "steps": (replace(STEP, differences=("a",)),)}, "fault", "Manage roles"),
    ("roles", {"roles": NO_ROLE, "steps": Unknown("403")}, "unknown", "sarcoma xnat doctor --project P"),
    ("container backend", {"backend": None}, "fault", "Compute Backend"),
    ("container backend", {"ping": False}, "fault", "systemctl start docker"),
    (
        "container backend",
        {"backend": replace(BACKEND, kind="kubernetes", host="")},
        "fault",
        "volume claims of the archive",
    ),
    ("images", {"images": ()}, "fault", f"docker pull {IMAGE}"),
    ("image digests", {"built": {IMAGE: "sha256:cc"}}, "fault", "docker load"),
    ("image digests", {"built": {}}, "unknown", "docker image inspect"),
    ("image digests", {"images": (BackendImage("", (IMAGE,)),)}, "unknown", "docker image inspect"),
    ("commands", {"steps": (replace(STEP, present=False),)}, "fault", "sarcoma xnat install --step convert"),
    (
        "commands",
        {"steps": (replace(STEP, differences=("a",)),)},
        "fault",
        "sarcoma xnat install --step convert",
    ),
    (
        "enabled for the site",
        {"steps": (OFF,)},
        "fault",
        "sarcoma xnat enable convert",
    ),
    (
        "enabled for the project",
        {"steps": (OFF_IN_PROJECT,)},
        "fault",
        "sarcoma xnat enable convert --project STS",
    ),
    ("enabled for the project", {"scope": CheckScope()}, "unknown", "--project P"),
    (
        "other versions",
        {"steps": (replace(STEP, others=("0.9",)),)},
        "warning",
        "sarcoma xnat install --step convert",
    ),
    (
        "path translation",
        {"probe": Probed("Failed", EMPTY, KEY, None)},
        "fault",
        "'/data/xnat' to '/srv/xnat'",
    ),
    ("path translation", {"probe": Probed("Failed (Upload)", "", KEY, None)}, "fault", "Path translation"),
    ("path translation", {"probe": replace(PROBED, key="another")}, "fault", "Path translation"),
    ("container launch", {"probe": Probed("Failed (Staging)", "no", KEY, None)}, "fault", "containers.log"),
    ("path translation", {"probe": Probed("Queued", "", KEY, None)}, "unknown", "--wait"),
    ("path translation", {"probe": Unknown("not launched")}, "unknown", ""),
    (
        "container user",
        {"probe": Probed("Failed", DENIED, KEY, None)},
        "fault",
        "owner of XNAT's build folder",
    ),
    (
        "XNAT_HOST",
        {"probe": replace(PROBED, seen=replace(SEEN, xnat_unreachable="Connection refused"))},
        "fault",
        "Processing URL",
    ),
    ("free space", {"probe": replace(PROBED, seen=replace(SEEN, free_bytes=1))}, "warning", "Make room"),
    ("address", {"site": replace(SITE, site_url="")}, "fault", "Site URL"),
    ("token life", {"site": replace(SITE, alias_timeout="1 hour")}, "fault", "Alias token timeout"),
    ("token life", {"site": replace(SITE, alias_timeout="P2D")}, "unknown", "Security"),
    ("event service", {"events": False}, "warning", "--events --apply"),
    ("OHIF plugin", {"plugins": {"containers": "3.7.3"}}, "warning", "ohif-viewer"),
    ("stale files", {"leftovers": Leftovers(2, 1, 0, 3, 3)}, "warning", "sarcoma xnat clean --project STS"),
    ("stale files", {"leftovers": Leftovers(0, 0, 1, 3, 3)}, "warning", "sarcoma xnat launch"),
    ("step revisions", {"leftovers": wrote({1: 2})}, "warning", "sarcoma xnat bulk prepare --project STS"),
    ("step revisions", {"leftovers": wrote({1: 1, OURS: 2})}, "warning", "sarcoma xnat bulk prepare"),
    ("step revisions", {"leftovers": wrote({OURS: 2, OURS + 1: 1})}, "warning", "Upgrade this sarcoma"),
]


@pytest.mark.parametrize(("name", "changes", "verdict", "fix"), PLANTED)
def test_a_planted_fault_is_found_and_the_fix_is_named(
    name: str, changes: dict[str, Any], verdict: Verdict, fix: str
) -> None:
    [finding] = found(name, **changes)
    assert finding.verdict == verdict
    assert fix in finding.fix


@pytest.mark.parametrize(
    "fact",
    [
        "version",
        "plugins",
        "roles",
        "site",
        "events",
        "backend",
        "ping",
        "images",
        "steps",
        "leftovers",
        "probe",
    ],
)
def test_what_cannot_be_had_is_unknown_and_never_a_fault(fact: str) -> None:
    findings = check(facts(**{fact: Unknown("the server said 403")}))
    assert any(f.verdict == "unknown" and f.found == "the server said 403" for f in findings)
    assert not has_faults(findings)


def test_every_fault_and_warning_has_a_fix() -> None:
    for _, changes, _, _ in PLANTED:
        for finding in check(facts(**changes)):
            assert finding.fix or finding.verdict in ("ok", "unknown")


def test_every_command_that_a_fix_names_is_one() -> None:
    scope = CheckScope(project="STS", registry="registry.example.org/imaging")
    fixes = {f.fix for _, changes, _, _ in PLANTED for f in check(facts(**{"scope": scope, **changes}))}
    named = {line for fix in fixes for line in re.findall(r"sarcoma xnat [^(,;:]*[^(,;:. ]", fix)}
    assert len(named) >= 5
    for line in named:
        assert callable(parser().parse_args(shlex.split(line)[1:]).run), line


def test_apply_can_do_what_is_safe_and_nothing_else() -> None:
    def remedies(name: str, **changes: Any) -> list[object]:
        return [f.remedy for f in found(name, **changes)]

    absent = replace(STEP, present=False)
    install = Install("convert", None, "STS")
    assert remedies("commands", steps=(absent,)) == [install]
    assert remedies("enabled for the site", steps=(OFF,)) == [install]
    assert remedies("enabled for the project", steps=(OFF_IN_PROJECT,)) == [install]
    assert remedies("other versions", steps=(replace(STEP, others=("0.9",)),)) == [install]
    assert remedies("roles", roles=frozenset[str]()) == [None]
    assert remedies("stale files", leftovers=Leftovers(2, 1, 0, 3, 3)) == [None]


def test_a_wrapper_that_is_off_is_named_and_one_that_is_on_is_not() -> None:
    [finding] = found("enabled for the site", steps=(OFF,))
    assert finding.found == "convert is off: sarcoma-convert-session, sarcoma-convert-scan."
    [finding] = found("enabled for the project", steps=(OFF_IN_PROJECT,))
    assert finding.found == "convert is off: sarcoma-convert-scan."


def test_the_event_service_is_turned_on_only_when_that_is_asked_for() -> None:
    assert [f.remedy for f in found("event service", events=False)] == [None]
    scope = CheckScope(project="STS", events=True)
    assert [f.remedy for f in found("event service", events=False, scope=scope)] == [TurnEventsOn()]


def test_a_loopback_address_is_warned_of_until_the_probe_proves_it() -> None:
    site = replace(SITE, processing_url="http://localhost:8080")
    [finding] = found("address", site=site, probe=Unknown("not launched"))
    assert "in a container that is the container itself" in finding.found
    assert found("address", site=site) == []


def test_who_lacks_a_role_and_only_runs_steps_is_told_which_verbs_ask_for_it() -> None:
    [finding] = found("roles", roles=NO_ROLE)
    assert "xnat install, uninstall, enable and disable for the site need it" in finding.found
    assert not has_faults(check(facts(roles=NO_ROLE)))


def test_before_1_9_2_the_role_container_manager_is_enough() -> None:
    assert found("roles", version="1.9.1", roles=frozenset({"ContainerManager"})) == []


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ("2 days", 172800),
        ("1 day 12 hours", 129600),
        ("90 minutes", 5400),
        ("1.5 hours", 5400),
        ("forever", None),
        ("2 days or so", None),
        ("", None),
    ],
)
def test_an_interval_is_read_as_postgresql_words_it(interval: str, expected: float | None) -> None:
    assert seconds(interval) == expected


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("http://localhost:8080", True),
        ("http://127.0.0.1", True),
        ("http://[::1]:80", True),
        ("http://xnat.localhost", True),
        ("http://localhost.example.org", False),
        ("https://10.0.0.1", False),
    ],
)
def test_which_addresses_lead_to_the_machine_that_asks(address: str, loopback: bool) -> None:  # noqa: FBT001
    assert is_loopback(address) == loopback


@pytest.mark.parametrize(
    ("version", "expected"), [("1.9.3-SNAPSHOT", (1, 9, 3)), ("3.7", (3, 7)), ("unknown", ()), ("1.x", (1,))]
)
def test_the_numbers_of_a_version_end_where_words_begin(version: str, expected: tuple[int, ...]) -> None:
    assert numbers(version) == expected


@pytest.mark.parametrize("resources", [{}, {OURS: 3}])
def test_results_of_this_versions_revision_are_well(resources: Mapping[int, int]) -> None:
    (finding,) = (f for f in check(facts(leftovers=wrote(resources))) if f.check == "step revisions")
    assert finding.verdict == "ok"


def test_mixed_revisions_are_told_with_their_numbers() -> None:
    (finding,) = (f for f in check(facts(leftovers=wrote({1: 1, OURS: 2}))) if f.check == "step revisions")
    assert finding.found == (
        f"convert: 1 result of revision 1 and 2 results of revision {OURS} (in 3 of 3 sessions). "
        f"They do not compare; this version makes revision {OURS}."
    )


PINNED = f"host/x/sarcoma/convert@sha256:{64 * 'c'}"


def test_an_image_that_is_named_by_digest_is_not_called_missing_as_the_service_tells_tags_only() -> None:
    steps = (STEP, replace(STEP, step="report", image=PINNED))
    [finding] = found("images", steps=steps)
    assert finding.verdict == "unknown"
    assert finding.found == "1 are named by digest, and the service tells tags only."
    assert finding.fix == f"On its host: docker image inspect {PINNED}"
    assert not has_faults(check(facts(steps=steps)))


def test_an_image_that_is_named_by_digest_is_there_where_this_machine_knows_its_id() -> None:
    steps = (replace(STEP, image=PINNED),)
    assert found("images", steps=steps, built={PINNED: DIGEST}) == []
    assert found("image digests", steps=steps, built={PINNED: DIGEST}) == []
    [finding] = found("images", steps=steps, built={PINNED: "sha256:" + 64 * "d"})
    assert finding.verdict == "unknown"


def test_an_image_that_is_named_by_a_tag_and_not_there_is_a_fault_all_the_same() -> None:
    steps = (replace(STEP, image=PINNED), replace(STEP, step="report", image="sarcoma/report:1.0.0"))
    assert [f.verdict for f in found("images", steps=steps)] == ["fault", "unknown"]
