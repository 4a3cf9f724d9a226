"""The page: faults first, 80 columns, commands that can be copied whole."""

from sarcoma_core.launch.doctor import check, lede, page
from sarcoma_core.launch.doctor.facts import Unknown
from sarcoma_core.launch.doctor.findings import Finding
from tests.launch.doctor.healthy import facts


def test_it_says_faults_first_and_what_is_well_last() -> None:
    text = "\n".join(page("https://x", check(facts(backend=None, events=False, images=Unknown("403")))))
    heads = ["FAULTS", "WARNINGS", "NOT KNOWN", "WELL"]
    assert sorted(heads, key=text.index) == heads


def test_a_group_without_findings_is_left_out() -> None:
    text = "\n".join(page("https://x", [Finding("roles", "ok", "all")]))
    assert "WELL" in text
    assert "FAULTS" not in text


def test_it_fits_80_columns() -> None:
    for line in page("https://xnat.example.org", check(facts(backend=None, steps=Unknown("word " * 60)))):
        assert len(line) <= 80


def test_a_command_is_never_broken_in_the_middle_of_a_word() -> None:
    address = "https://" + 90 * "x"
    assert any(
        address in line for line in page("https://x", [Finding("address", "fault", address, "mend it")])
    )


def test_the_first_line_answers_the_question() -> None:
    assert lede(check(facts())).startswith("Nothing found that keeps this server from running the steps")
    assert lede(check(facts(backend=None))).startswith("This server will not run all steps: 1 fault,")


def test_control_characters_of_a_server_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in "".join(page("https://x", [Finding("roles", "fault", "a \x1b[31m role", "mend it")]))


def test_checks_that_say_the_same_are_told_once() -> None:
    lines = page("https://x", check(facts(probe=Unknown("only a container can tell."))))
    text = " ".join(" ".join(lines).split())
    assert text.count("only a container can tell.") == 1
    assert "path translation, container user, XNAT_HOST, free space" in text
