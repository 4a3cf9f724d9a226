"""Which server and who: the first source that knows wins, and none of them leaks."""

from pathlib import Path

import pytest

from sarcoma_core.errors import UsageError
from sarcoma_core.xnat.rest.profile import find_login, profile_path

HOSPITAL = "https://xnat.hospital.example"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user with nothing set up, and no terminal."""
    for name in ("XNAT_HOST", "XNAT_USER", "XNAT_PASS", "XNAT_PASS_FILE", "NETRC", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    return tmp_path


def write_profiles(text: str, mode: int = 0o600) -> Path:
    path = profile_path()
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def write_netrc(path: Path, host: str = "xnat.hospital.example", mode: int = 0o600) -> None:
    path.write_text(f"machine {host} login nina password from-netrc\n")
    path.chmod(mode)


TWO = f"""
[hospital]
server = "{HOSPITAL}"
user = "paul"
password = "from-profile"

[test]
server = "http://localhost:8080"
"""


def test_the_environment_names_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XNAT_HOST", HOSPITAL)
    monkeypatch.setenv("XNAT_USER", "erna")
    monkeypatch.setenv("XNAT_PASS", "from-environment")
    login = find_login()
    assert (login.server, login.user, login.password) == (HOSPITAL, "erna", "from-environment")


def test_a_password_may_be_in_a_file_and_the_variable_itself_comes_before_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "secret").write_text("from-file\n")
    monkeypatch.setenv("XNAT_HOST", HOSPITAL)
    monkeypatch.setenv("XNAT_USER", "erna")
    monkeypatch.setenv("XNAT_PASS_FILE", str(home / "secret"))
    assert find_login().password == "from-file"  # noqa: S105  made up
    monkeypatch.setenv("XNAT_PASS", "from-environment")
    assert find_login().password == "from-environment"  # noqa: S105  made up


@pytest.mark.parametrize("content", [None, b"\xff\xfe swordfish"])
def test_a_password_file_that_cannot_be_read_is_told_by_its_variable(
    home: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    if content:
        (home / "secret").write_bytes(content)
    monkeypatch.setenv("XNAT_HOST", HOSPITAL)
    monkeypatch.setenv("XNAT_USER", "erna")
    monkeypatch.setenv("XNAT_PASS_FILE", str(home / "secret"))
    with pytest.raises(UsageError, match="XNAT_PASS_FILE: must be a file with the password") as caught:
        find_login()
    assert "swordfish" not in str(caught.value)


def test_the_server_argument_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XNAT_HOST", "https://other.example")
    monkeypatch.setenv("XNAT_USER", "erna")
    monkeypatch.setenv("XNAT_PASS", "x")
    assert find_login(server=HOSPITAL).server == HOSPITAL


def test_a_named_profile_is_taken_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XNAT_HOST", "https://other.example")
    monkeypatch.setenv("XNAT_USER", "erna")
    monkeypatch.setenv("XNAT_PASS", "from-environment")
    write_profiles(TWO)
    login = find_login(profile="hospital")
    assert (login.server, login.user, login.password) == (HOSPITAL, "paul", "from-profile")


def test_a_profile_is_found_by_its_server() -> None:
    write_profiles(TWO)
    assert find_login(server=HOSPITAL + "/").user == "paul"


def test_the_only_profile_needs_no_name() -> None:
    write_profiles(f'[a]\nserver = "{HOSPITAL}"\nuser = "paul"\npassword = "p"\n')
    assert find_login().server == HOSPITAL


def test_the_password_of_a_profile_is_for_no_other_server() -> None:
    write_profiles(TWO)
    with pytest.raises(UsageError, match="no other"):
        find_login(server="https://other.example", profile="hospital")
    with pytest.raises(UsageError, match="user name and password"):
        find_login(server="https://other.example")


def test_a_profile_file_follows_xdg(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "elsewhere"))
    assert profile_path() == home / "elsewhere" / "sarcoma" / "xnat.toml"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_profile_file_that_others_may_read_is_refused(mode: int) -> None:
    path = write_profiles(TWO, mode)
    with pytest.raises(UsageError) as caught:
        find_login(profile="hospital")
    assert caught.value.hint == f"chmod 600 {path}"


@pytest.mark.parametrize(
    "text",
    [
        '[a]\npassword = "s3cret\n',
        '[a]\nserver = "https://x.example"\npasswort = "s3cret"\n',
        '[a]\nuser = "s3cret"\n',
        'server = "s3cret"\n',
        '[a]\nserver = "https://x.example"\nuser = ["s3cret"]\n',
    ],
    ids=["no TOML", "unknown key", "no server", "no section", "no text"],
)
def test_a_broken_profile_file_is_refused_without_repeating_it(text: str) -> None:
    write_profiles(text)
    with pytest.raises(UsageError) as caught:
        find_login(profile="a")
    assert "s3cret" not in str(caught.value)


def test_an_unknown_profile_is_told_with_the_known_ones() -> None:
    write_profiles(TWO)
    with pytest.raises(UsageError, match="hospital, test"):
        find_login(profile="hopsital")


def test_netrc_knows_who(home: Path) -> None:
    write_netrc(home / ".netrc")
    login = find_login(server=HOSPITAL)
    assert (login.user, login.password) == ("nina", "from-netrc")


def test_netrc_may_be_elsewhere_and_may_name_a_port(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_netrc(home / "mine", "localhost:8080")
    monkeypatch.setenv("NETRC", str(home / "mine"))
    assert find_login(server="http://localhost:8080").user == "nina"


def test_a_netrc_that_others_may_read_is_refused(home: Path) -> None:
    write_netrc(home / ".netrc", mode=0o644)
    with pytest.raises(UsageError, match="owner only"):
        find_login(server=HOSPITAL)


def test_a_user_of_the_environment_takes_no_one_elses_password(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_netrc(home / ".netrc")
    monkeypatch.setenv("XNAT_USER", "erna")
    with pytest.raises(UsageError, match="No user name and password"):
        find_login(server=HOSPITAL)


def test_at_a_terminal_the_password_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(prompt: str, stream: object) -> str:
        del stream
        asked.append(prompt)
        return "typed"

    monkeypatch.setenv("XNAT_USER", "erna")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", answer)
    login = find_login(server=HOSPITAL)
    assert (login.user, login.password) == ("erna", "typed")
    assert asked == ["Password of erna: "]


def test_without_any_of_them_the_three_ways_are_told() -> None:
    with pytest.raises(UsageError) as caught:
        find_login(server=HOSPITAL)
    for way in ("XNAT_PASS", "xnat.toml", "~/.netrc"):
        assert way in caught.value.hint


def test_without_a_server_it_says_so() -> None:
    with pytest.raises(UsageError, match="--server"):
        find_login()


@pytest.mark.parametrize("source", ["argument", "environment", "profile"])
def test_a_url_with_a_password_is_refused_and_not_repeated(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "https://mary:s3cret@xnat.hospital.example"
    monkeypatch.setenv("XNAT_USER", "mary")
    monkeypatch.setenv("XNAT_PASS", "x")
    if source == "environment":
        monkeypatch.setenv("XNAT_HOST", url)
    if source == "profile":
        write_profiles(f'[a]\nserver = "{url}"\n')
    with pytest.raises(UsageError) as caught:
        find_login(server=url if source == "argument" else None, profile="a" if source == "profile" else None)
    assert "s3cret" not in str(caught.value)
