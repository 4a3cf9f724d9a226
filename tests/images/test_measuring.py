from sarcoma_core.images import Measured, table


def test_the_table_gives_megabytes_of_a_million_bytes_and_seconds() -> None:
    header, row = table([Measured("sarcoma/core:1", 505_300_000, 380_100_000, 0.514)]).splitlines()
    assert header.split() == ["image", "size", "added", "start"]
    assert row.split() == ["sarcoma/core:1", "505", "MB", "380", "MB", "0.51", "s"]
