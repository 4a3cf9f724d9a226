"""A collection is sent once, under a name that is free; a double of a platform keeps count."""

from dataclasses import dataclass, field

import pytest

from sarcoma_core.xnat.roi.platform import HeldCollection
from sarcoma_core.xnat.roi.rules import LABEL_TAKEN, RoiRefusal, RoiRefusedError
from sarcoma_core.xnat.roi.sending import SentCollection, collection_label, send_collection

ELSEWHERE = RoiRefusal(409, "ROI collection exists in a different session")
PETMR = RoiRefusal(422, "Collection type SEG not supported for modality PETMR")


@dataclass
class PlatformDouble:
    """Holds labels of this session, and refuses those that another has, or all."""

    held: dict[str, str] = field(default_factory=dict)
    refuses: dict[str, RoiRefusal] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    session: str = "S1"
    viewer: str = ""

    def collections(self) -> tuple[HeldCollection, ...]:
        return tuple(HeldCollection(label, "SEG", uid) for label, uid in self.held.items())

    def put_roi(self, content: bytes, *, label: str) -> None:
        self.asked.append(label)
        if refused := self.refuses.get(label) or self.refuses.get("*"):
            raise RoiRefusedError(refused)
        self.held[label] = content.decode()


def send(platform: PlatformDouble, uid: str = "1.1") -> SentCollection:
    return send_collection(platform, uid.encode(), uid=uid, label="S1_5_SEG")


def test_what_is_new_gets_the_name_that_it_asks_for() -> None:
    platform = PlatformDouble()
    assert send(platform) == SentCollection("S1_5_SEG", is_new=True)
    assert platform.held == {"S1_5_SEG": "1.1"}


def test_what_is_there_under_whatever_name_is_not_sent_again() -> None:
    platform = PlatformDouble(held={"named by a person": "1.1"})
    assert send(platform) == SentCollection("named by a person", is_new=False)
    assert platform.asked == []


def test_a_name_that_is_taken_makes_a_version_and_nothing_is_replaced() -> None:
    platform = PlatformDouble(held={"S1_5_SEG": "1.1"})
    assert send(platform, "1.2").label == "S1_5_SEG_v2"
    assert send(platform, "1.3").label == "S1_5_SEG_v3"
    assert platform.held == {"S1_5_SEG": "1.1", "S1_5_SEG_v2": "1.2", "S1_5_SEG_v3": "1.3"}
    assert platform.asked == ["S1_5_SEG_v2", "S1_5_SEG_v3"]


@pytest.mark.parametrize("taken", [ELSEWHERE, LABEL_TAKEN])
def test_a_name_that_the_platform_finds_taken_is_left(taken: RoiRefusal) -> None:
    platform = PlatformDouble(refuses={"S1_5_SEG": taken, "S1_5_SEG_v2": taken})
    assert send(platform) == SentCollection("S1_5_SEG_v3", is_new=True)
    assert platform.asked == ["S1_5_SEG", "S1_5_SEG_v2", "S1_5_SEG_v3"]


def test_another_refusal_is_no_matter_of_names() -> None:
    platform = PlatformDouble(refuses={"*": PETMR})
    with pytest.raises(RoiRefusedError, match="PETMR"):
        send(platform)
    assert platform.asked == ["S1_5_SEG"]


def test_a_platform_that_finds_every_name_taken_ends_it() -> None:
    platform = PlatformDouble(refuses={"*": ELSEWHERE})
    with pytest.raises(RoiRefusedError, match="ROI collection exists"):
        send(platform)
    assert len(platform.asked) == len(set(platform.asked)) == 999


@pytest.mark.parametrize(
    ("words", "label"),
    [
        (("S1", "5", "SEG"), "S1_5_SEG"),
        (("S 1", "5 echo2", "SEG"), "S_1_5_echo2_SEG"),
        (("a/b", "..", "Ä"), "a_b_____"),
        (("MR-1", "5-MR1"), "MR-1_5-MR1"),
    ],
)
def test_a_label_has_only_what_xnat_takes(words: tuple[str, ...], label: str) -> None:
    assert collection_label(*words) == label
