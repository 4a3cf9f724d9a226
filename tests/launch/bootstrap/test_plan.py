"""What a site's plan refuses: each rule just inside and just outside."""

from dataclasses import replace

import pytest

from sarcoma_core.errors import UsageError
from sarcoma_core.launch.bootstrap.plan import MailServer, SitePlan
from sarcoma_core.xnat.rest.administration import Backend

BACKEND = Backend("x", "docker", "http://engine:2375", "1000:1000", "/data/xnat", "/srv/xnat")
PLAN = SitePlan("https://xnat.example.org", "http://10.0.0.5:8080", BACKEND, "another one")
MAIL = MailServer("smtp.example.org", 587, "xnat@example.org")


@pytest.mark.parametrize(
    "url", ["http://a", "https://a.example.org", "https://a:8443/xnat", "http://[::1]:80"]
)
def test_an_address_is_a_url(url: str) -> None:
    assert replace(PLAN, site_url=url, processing_url=url).site_url == url


@pytest.mark.parametrize(
    "url", ["", "a.example.org", "ftp://a", "unix:///a", "https://", "https://a?b", "https://a#b"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="--site-url: must be a URL of http or https; found"):
        replace(PLAN, site_url=url)
    with pytest.raises(UsageError, match="--processing-url"):
        replace(PLAN, processing_url=url)


def test_an_address_with_a_password_is_refused_without_showing_it() -> None:
    with pytest.raises(UsageError, match="--site-url: must be a URL without") as caught:
        replace(PLAN, site_url="https://me:swordfish@a")
    assert "swordfish" not in str(caught.value)


@pytest.mark.parametrize("host", ["http://engine:2375", "https://engine:2376", "unix:///var/run/docker.sock"])
def test_an_engine_is_reached_over_http_or_its_socket(host: str) -> None:
    assert replace(PLAN, backend=replace(BACKEND, host=host)).backend.host == host


@pytest.mark.parametrize("host", ["", "engine:2375", "tcp://engine:2375", "unix://", "ssh://a"])
def test_an_engine_that_the_service_cannot_reach_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="--engine"):
        replace(PLAN, backend=replace(BACKEND, host=host))


@pytest.mark.parametrize("folder", ["/a", "/srv/xnat", "/srv/with-dash_1.2"])
def test_a_folder_is_an_absolute_path(folder: str) -> None:
    assert replace(PLAN, backend=replace(BACKEND, docker_prefix=folder)).backend.docker_prefix == folder


@pytest.mark.parametrize("folder", ["", "/", "srv/xnat", "/srv/xnat/", "/srv/my xnat", "/srv:/data"])
def test_a_folder_that_no_mount_can_have_is_refused(folder: str) -> None:
    with pytest.raises(UsageError, match="--data-outside"):
        replace(PLAN, backend=replace(BACKEND, docker_prefix=folder))
    with pytest.raises(UsageError, match="--data-inside"):
        replace(PLAN, backend=replace(BACKEND, xnat_prefix=folder))


@pytest.mark.parametrize("user", ["0", "1000", "1000:1000"])
def test_a_container_user_is_numbers(user: str) -> None:
    assert replace(PLAN, backend=replace(BACKEND, container_user=user)).backend.container_user == user


@pytest.mark.parametrize("user", ["", "xnat", "1000:", ":1000", "1000:xnat", "1:2:3", "-1"])
def test_a_container_user_that_is_no_number_is_refused(user: str) -> None:
    with pytest.raises(UsageError, match="--container-user: must be UID or UID:GID"):
        replace(PLAN, backend=replace(BACKEND, container_user=user))


@pytest.mark.parametrize("password", ["", "admin"])
def test_no_password_and_the_first_one_are_refused(password: str) -> None:
    with pytest.raises(UsageError, match="--password-file: must hold a password"):
        replace(PLAN, password=password)


def test_a_password_is_in_no_text_of_a_plan() -> None:
    mail = replace(MAIL, user="me", password="swordfish")  # noqa: S106  made up
    assert "swordfish" not in repr(replace(PLAN, password="swordfish", mail=mail))  # noqa: S106


@pytest.mark.parametrize("port", [1, 65535])
def test_a_mail_servers_port_is_one(port: int) -> None:
    assert replace(MAIL, port=port).document()["smtpPort"] == str(port)


@pytest.mark.parametrize("port", [0, 65536])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(UsageError, match="--smtp-port: must be a number from 1 to 65535"):
        replace(MAIL, port=port)


@pytest.mark.parametrize("host", ["", "a b", "smtp://a", "a:25"])
def test_a_mail_server_is_a_host(host: str) -> None:
    with pytest.raises(UsageError, match="--smtp-host"):
        replace(MAIL, host=host)


@pytest.mark.parametrize("sender", ["", "xnat", "@a", "a@", "a@b@c", "a b@c"])
def test_a_sender_is_a_mail_address(sender: str) -> None:
    with pytest.raises(UsageError, match="--mail-from"):
        replace(MAIL, sender=sender)


@pytest.mark.parametrize(("user", "password"), [("me", ""), ("", "secret")])
def test_a_mail_user_and_a_password_go_together(user: str, password: str) -> None:
    with pytest.raises(UsageError, match="user and password_file must be given together"):
        replace(MAIL, user=user, password=password)


def test_mail_logs_in_where_there_is_a_user_and_every_value_is_a_text() -> None:
    plain, secure = MAIL.document(), replace(MAIL, user="me", password="secret").document()  # noqa: S106
    assert (plain["smtpAuth"], plain["smtpStartTls"]) == ("false", "true")
    assert (secure["smtpAuth"], secure["smtpStartTls"], secure["smtpUsername"]) == ("true", "true", "me")
    assert "smtpUsername" not in plain
    assert all(isinstance(value, str) for value in (*plain.values(), *secure.values()))


@pytest.mark.parametrize("title", ["", "A", "SARCOMA_1", "A" * 16])
def test_a_title_is_that_of_an_application_entity(title: str) -> None:
    assert replace(PLAN, ae_title=title).ae_title == title


@pytest.mark.parametrize("title", ["A" * 17, "xnat", "A B", "A\\B"])
def test_another_title_is_refused(title: str) -> None:
    with pytest.raises(UsageError, match="--ae-title: must be 1 to 16"):
        replace(PLAN, ae_title=title)


def test_who_sends_mail_is_the_administrators_address() -> None:
    assert "adminEmail" not in PLAN.site()
    assert replace(PLAN, mail=MAIL).site()["adminEmail"] == "xnat@example.org"
