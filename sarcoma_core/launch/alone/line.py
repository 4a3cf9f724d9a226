"""One line from end to end: check, lay, run the chain on each session, keep what it made."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from sarcoma_core.archive.masks import SEG_LABEL
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.errors import InputError, RunError, UsageError
from sarcoma_core.interface import Value
from sarcoma_core.launch.alone.given import GivenImages
from sarcoma_core.launch.alone.laying import Tell, lay
from sarcoma_core.launch.alone.models import check_models, lay_models
from sarcoma_core.launch.alone.places import (
    check_apart,
    check_out,
    put_results,
    unwritable_out,
    working_beside,
)
from sarcoma_core.launch.alone.reading import (
    AloneObserver,
    AloneResult,
    has_mr,
    scan_list,
    segment_session,
)
from sarcoma_core.launch.alone.results import FILE, collect, document, failed_session
from sarcoma_core.models.model_set import ModelSet
from sarcoma_core.runners.running import Runner
from sarcoma_core.text import counted, printable


@dataclass(frozen=True)
class LineOrder:
    """What is asked for.

    Args:
        given: the images.
        out: the folder of the results.
        models: the folder of the models.
        params: of the step that draws, those that differ from the defaults.
        replace: whether the results of an earlier line are deleted.
    """

    given: GivenImages
    out: Path
    models: Path
    params: Mapping[str, Value]
    replace: bool = False


class _Kept(NamedTuple):
    """What became of a session, and the manifest's word on what computed."""

    told: Mapping[str, Any]
    versions: Mapping[str, str]


def segment_line(order: LineOrder, *, runner: Runner, watch: AloneObserver, tell: Tell) -> Mapping[str, Any]:
    """Segment images without an archive; one session that fails stops no other.

    Args:
        order: what is asked for.
        runner: how a step is executed.
        watch: follows the steps.
        tell: is told of files that were left out.

    Returns:
        The content of `segment.json`, which lies with the results.

    Raises:
        UsageError: an argument breaks its rule.
        InputError: the images or the models cannot be used, or there is no MR among them.
        OutputError: the results cannot be written, or their place is taken.
        RunError: no session could be segmented; nothing was written.
    """
    started = monotonic()
    check_apart(order.out, {**order.given.places, "--model": order.models})
    check_out(order.out, replace=order.replace)
    models = check_models(order.models, order.given, str(order.params.get("member", "")))
    with working_beside(order.out) as work:
        places = {name: work / name for name in ("archive", "aside", "out")}
        for place in places.values():
            place.mkdir()
        archive = Archive(places["archive"])
        sessions = _with_mr(lay(archive, order.given, places["aside"], tell), tell)
        _require_scans(order.given, sessions)
        lay_models(archive, order.models)
        line = _LineWork(order, archive, models, places["out"], several=len(sessions) > 1)
        kept = [line.session(one, runner, watch) for one in sessions]
        _require_some(kept)
        versions = next(one.versions for one in kept if one.versions)
        told = document([one.told for one in kept], models, versions=versions, seconds=monotonic() - started)
        text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
        (places["out"] / FILE).write_text(text, encoding="utf-8")
        put_results(places["out"], order.out, replace=order.replace)
    return told


def _with_mr(sessions: Sequence[Session], tell: Tell) -> tuple[Session, ...]:
    found = tuple(session for session in sessions if has_mr(session))
    if not found:
        raise InputError(
            f"IMAGES: must hold MR, as the models look at nothing else; found none in "
            f"{counted(len(sessions), 'session')}."
        )
    if left := len(sessions) - len(found):
        tell(f"{counted(left, 'session')} left out: without MR")
    return found


def _require_scans(given: GivenImages, sessions: Sequence[Session]) -> None:
    """Refuse a scan that none of the images has, with those that they have."""
    ids = {scan.id for session in sessions for scan in session.scans}
    for role, scan in given.choices.items():
        if scan.split(" ")[0] not in ids:
            raise UsageError(
                f"--series {role}: must be a scan of the images; found {printable(scan)!r}, they have: "
                f"{'; '.join(scan_list(session) for session in sessions)}.",
                hint="A scan's id is its DICOM SeriesNumber.",
            )


@dataclass(frozen=True)
class _LineWork:
    """The work on each session."""

    order: LineOrder
    archive: Archive
    models: ModelSet
    made: Path
    several: bool

    def session(self, session: Session, runner: Runner, watch: AloneObserver) -> _Kept:
        """Segment one session, and keep what it made."""
        result = segment_session(
            self.archive,
            session,
            self.order.params,
            self.order.given,
            runner=runner,
            watch=watch,
        )
        if fault := result.fault:
            return _Kept(failed_session(session.label, f"{fault.step}: {fault.reason}", fault.hint), {})
        return _Kept(self._collected(result), self._versions(result))

    def _collected(self, result: AloneResult) -> Mapping[str, Any]:
        place = f"{result.session.label}/" if self.several else ""
        try:
            return collect(result, self.models, self.made / place, place)
        except OSError as error:
            raise unwritable_out(error) from None

    def _versions(self, result: AloneResult) -> Mapping[str, str]:
        record = result.record(SEG_LABEL)
        return record.software if record else {}


def _require_some(kept: Sequence[_Kept]) -> None:
    """Refuse to leave a folder without a mask in it."""
    failed = [one.told for one in kept if one.told["outcome"] == "failed"]
    if len(failed) == len(kept):
        more = f" ({counted(len(failed) - 1, 'other session')} failed as well)" if failed[1:] else ""
        raise RunError(
            f"{failed[0]['reason'].rstrip('.')}{more}. Nothing was written.", hint=failed[0]["hint"]
        )
