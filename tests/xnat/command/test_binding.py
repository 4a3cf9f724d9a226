"""From a request to a bound command; the cases were put to jackson-databind 2.14 with Guava 31."""

import re

import pytest

from sarcoma_core.xnat.command.binding import BindError, bind
from sarcoma_core.xnat.command.json_text import parse
from sarcoma_core.xnat.command.model import Command
from sarcoma_core.xnat.command.node import Node


def bound(text: str) -> Node:
    return bind(Command, parse(text))


def test_what_is_absent_or_null_takes_its_default() -> None:
    for text in ("{}", '{"type":null,"mounts":null,"environment-variables":null,"visibility":null}'):
        command = bound(text)
        assert command.text("name") is None
        assert command.text("type") == "docker"
        assert command.text("visibility") == "public"
        assert command.nodes("mounts") == ()
        assert command.text_map("environment-variables") == {}


def test_an_empty_type_is_not_a_missing_one() -> None:
    assert bound('{"type":""}').text("type") == ""


def test_the_defaults_of_wrapper_inputs_differ_from_those_of_command_inputs() -> None:
    command = bound('{"inputs":[{"name":"a"}],"xnat":[{"external-inputs":[{"name":"b"}]}]}')
    (own,), (external,) = command.nodes("inputs"), command.nodes("xnat")[0].nodes("external-inputs")
    assert own.flag("required") is False
    assert external.flag("required") is True
    assert external.flag("load-children") is True


def test_unknown_keys_fall_away() -> None:
    assert "shape" not in bound('{"shape":[1,{"a":null}]}').values


def test_creation_reads_ipc_mode_under_its_other_name_only() -> None:
    assert bound('{"ipc-mode":"host"}').text("ipcMode") is None
    assert bound('{"ipcMode":"host"}').text("ipcMode") == "host"


def test_scalars_are_coerced_where_they_stand() -> None:
    command = bound(
        '{"name":5,"reserve-memory":"6","limit-cpu":"0.5","auto-remove":"TRUE","ports":{"80":8080}}'
    )
    assert command.text("name") == "5"
    assert command.number("reserve-memory") == 6
    assert command.number("limit-cpu") == 0.5
    assert command.flag("auto-remove") is True
    assert command.text_map("ports") == {"80": "8080"}


def test_the_last_of_repeated_keys_wins() -> None:
    assert bound('{"name":"a","name":"b"}').text("name") == "b"


def test_the_older_key_of_a_handlers_parent_is_read_where_the_newer_is_missing() -> None:
    old = bound('{"xnat":[{"output-handlers":[{"as-a-child-of-wrapper-input":"s"}]}]}')
    both = bound('{"xnat":[{"output-handlers":[{"as-a-child-of-wrapper-input":"s","as-a-child-of":""}]}]}')
    assert old.nodes("xnat")[0].nodes("output-handlers")[0].text("as-a-child-of") == "s"
    assert both.nodes("xnat")[0].nodes("output-handlers")[0].text("as-a-child-of") == ""


def test_maps_that_are_immutable_from_the_start_drop_null() -> None:
    assert bound('{"container-labels":{"a":null,"b":"c"}}').text_map("container-labels") == {"b": "c"}


@pytest.mark.parametrize(
    "source", ['{"type":"system-property","identifier":"k"}', '["system-property",{"identifier":"k"}]']
)
def test_a_secret_is_told_by_its_type(source: str) -> None:
    destination = '{"identifier":"K","type":"environment-variable"}'
    (secret,) = bound(f'{{"secrets":[{{"source":{source},"destination":{destination}}}]}}').nodes("secrets")
    place = secret.node("destination")
    assert place is not None
    assert place.text("identifier") == "K"


def test_null_stands_in_the_list_of_secrets_until_it_is_judged() -> None:
    assert bound('{"secrets":[null]}').nodes_or_nulls("secrets") == (None,)


REFUSED = [
    ("null", "the document: expected an object, found null."),
    ("[]", "the document: expected an object, found a list."),
    ('"a"', 'the document: expected an object, found the text "a".'),
    ('{"name":[]}', "name: expected a text, found a list."),
    ('{"mounts":""}', 'mounts: expected a list, found the text "".'),
    ('{"mounts":{}}', "mounts: expected a list, found an object."),
    ('{"mounts":[null]}', "mounts/0: null cannot stand in this list."),
    ('{"mounts":["a"]}', 'mounts/0: expected an object, found the text "a".'),
    ('{"mounts":[{"writable":"yes"}]}', 'mounts/0/writable: expected true or false, found the text "yes".'),
    ('{"inputs":[{"name":"a"},{"label":"b"}]}', 'inputs/1: "name" is missing.'),
    ('{"inputs":[{"name":null}]}', 'inputs/0: "name" is missing.'),
    (
        '{"inputs":[{"name":"a","select-values":[null]}]}',
        "inputs/0/select-values/0: null cannot stand in this list.",
    ),
    (
        '{"inputs":[{"name":"a","select-values":[[]]}]}',
        "inputs/0/select-values/0: expected a text, found a list.",
    ),
    (
        '{"inputs":[{"name":"a","select-values":"b"}]}',
        'inputs/0/select-values: expected a list, found the text "b".',
    ),
    ('{"xnat":[{"derived-inputs":[{}]}]}', 'xnat/0/derived-inputs/0: "name" is missing.'),
    ('{"environment-variables":{"A":null}}', "environment-variables/A: null cannot stand in this map."),
    ('{"environment-variables":[]}', "environment-variables: expected an object, found a list."),
    ('{"ulimits":{"nofile":null}}', "ulimits/nofile: null cannot stand in this map."),
    ('{"container-labels":{"a":"b","a":"c"}}', "container-labels: a key is repeated."),
    ('{"command-metadata":"x"}', 'command-metadata: expected an object, found the text "x".'),
    (
        '{"limit-memory":"lots"}',
        'limit-memory: expected an integer of at most 64 bits, found the text "lots".',
    ),
    ('{"secrets":[{"source":"k"}]}', 'secrets/0/source: expected an object with "type": "system-property".'),
    (
        '{"secrets":[{"source":{"type":"file"}}]}',
        'secrets/0/source: expected an object with "type": "system-property".',
    ),
    (
        '{"mounts":[{"name":"a","path":"/a","writable":true,"name":"b"}]}',
        'mounts/0: "name" is repeated after every key has been given.',
    ),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_what_does_not_bind_is_told_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(BindError, match=f"^{re.escape(reason)}$"):
        bound(text)
