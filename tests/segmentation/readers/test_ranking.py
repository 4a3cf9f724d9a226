"""What a coordinator looks at next."""

from sarcoma_core.segmentation.readers.ranking import CaseStanding, ranked


def order(*cases: CaseStanding) -> list[str]:
    return [one.case for one in ranked(cases)]


def test_what_is_missing_comes_before_what_disagrees_and_what_is_settled_comes_last() -> None:
    assert order(
        CaseStanding("settled", 0, 0.1, 50.0, settled=True),
        CaseStanding("apart", 0, 0.7, 3.0),
        CaseStanding("locked", 2, 0.0, 90.0, locked=True),
        CaseStanding("one missing", 1, 0.99),
        CaseStanding("two missing", 2),
    ) == ["two missing", "one missing", "apart", "settled"]


def test_the_lowest_dice_comes_first_then_the_largest_distance_then_the_name() -> None:
    assert order(
        CaseStanding("S10", 0, 0.8, 2.0),
        CaseStanding("S9", 0, 0.8, 2.0),
        CaseStanding("far", 0, 0.8, 2.1),
        CaseStanding("low", 0, 0.79, 1.0),
        CaseStanding("alone", 0),
    ) == ["low", "far", "S9", "S10", "alone"]


def test_of_what_is_missing_the_doubts_of_a_network_come_first_then_its_uncertainty() -> None:
    assert order(
        CaseStanding("sure", 1, uncertainty=0.001),
        CaseStanding("not drawn", 1),
        CaseStanding("uncertain", 1, uncertainty=0.02),
        CaseStanding("doubted", 1, uncertainty=0.0, doubted=True),
        CaseStanding("two missing", 2, uncertainty=0.0),
    ) == ["two missing", "doubted", "uncertain", "sure", "not drawn"]


def test_a_network_has_no_say_where_persons_have_read() -> None:
    assert order(
        CaseStanding("close", 0, 0.9, uncertainty=0.2, doubted=True),
        CaseStanding("apart", 0, 0.7, uncertainty=0.0),
    ) == ["apart", "close"]


def test_nothing_is_left_where_all_is_locked() -> None:
    assert order(CaseStanding("S1", 1, locked=True)) == []
