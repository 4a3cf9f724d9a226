"""What a site costs: the committed table is what the function says, and each part of it follows its site."""

from pathlib import Path

import pytest

from sarcoma_cdk.config import example_sites, read_site
from sarcoma_cdk.cost import estimate, read_prices, table
from sarcoma_cdk.errors import ConfigError
from tests.cdk.tools.account import Account

pytestmark = pytest.mark.cdk

EXAMPLE = next(path for path in example_sites() if path.stem == "example")
PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "cost-of-a-site.md"
"""The guide's page: its table is what `sarcoma-site cost example` prints, and written by hand nowhere."""


def test_the_committed_table_is_what_the_command_says() -> None:
    assert table(estimate(read_site(EXAMPLE))) in PAGE.read_text("utf-8")


def test_the_example_costs_about_what_was_estimated_for_the_design() -> None:
    found = estimate(read_site(EXAMPLE), awake=260)
    assert found.idle == pytest.approx(396, rel=0.01)
    assert found.asleep_else == pytest.approx(296, rel=0.01)
    assert found.gpu_hour == pytest.approx(1.117, abs=0.001)  # measured in a catalogue


def test_awake_always_is_the_idle_month_and_asleep_always_has_no_machine() -> None:
    site = read_site(EXAMPLE)
    assert estimate(site, awake=730).asleep_else == pytest.approx(estimate(site).idle)
    machine = 730 * 0.192 * 1.11
    assert estimate(site, awake=0).asleep_else == pytest.approx(estimate(site).idle - machine)


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        ({"storage__archive": 2000}, 1000 * 0.08 * 1.11),
        ({"network__endpoint_zones": 2}, 9 * 730 * 0.01 * 1.11),
        ({"edge__exposure": "public", "edge__clients": ["203.0.113.0/24"]}, 2 * 730 * 0.005 * 1.11),
        ({"machine__size": "m6i.2xlarge"}, 730 * 0.192 * 1.11),
        (
            {"database": {"kind": "rds"}},
            (730 * 0.129 + 50 * 0.23 - 20 * 0.08) * 1.11 + 0.40,
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_each_choice_costs_what_the_list_says(
    account: Account, changes: dict[str, object], more: float
) -> None:
    assert estimate(account.site(**changes)).idle - estimate(account.site()).idle == pytest.approx(more)


def test_the_way_to_the_hospital_and_what_is_stored_come_on_top(account: Account) -> None:
    assert estimate(account.site(), stored=0).beside == pytest.approx(730 * 0.05 * 1.11)
    assert estimate(account.site(network__reach={"via": "none"}), stored=0).beside == 0
    full = estimate(account.site(network__reach={"via": "none"}), stored=5000).beside
    assert full == pytest.approx(1020 * 0.05 * 1.11)  # no more than the volumes hold


def test_the_backups_of_a_full_archive_are_in_the_last_rows_unless_it_is_said_how_full_it_is(
    account: Account,
) -> None:
    site = account.site(storage__archive=3000, network__reach={"via": "none"})
    found = estimate(site)
    assert found.beside == pytest.approx(3000 * 0.05 * 1.11)
    assert "| backups, if the archive is full (guess) | 3000 GiB | 166.50 |" in table(found)
    assert f"| **always awake, with these** | | **{found.idle + 166.5:.0f}** |" in table(found)
    assert "with these" not in table(estimate(site, stored=0))
    assert "| backups of what is stored | 1 GiB | 0.06 |" in table(estimate(site, stored=1))


def test_without_a_gpu_there_is_no_line_of_one(account: Account) -> None:
    found = table(estimate(account.site(machine__gpu_size=None)))
    assert "An hour with a GPU" not in found
    assert "list prices of 2026-11" in found
    assert "verify it with the AWS Pricing Calculator" in found


def test_a_region_or_a_size_without_a_price_is_told_with_where_to_add_it(account: Account) -> None:
    with pytest.raises(ConfigError, match=r"found mars-north-1\. Add its ratio to prices\.json"):
        read_prices("mars-north-1")
    with pytest.raises(ConfigError, match=r"found m5\.24xlarge\. Add it to machine_hour in prices\.json"):
        estimate(account.site(machine__size="m5.24xlarge"))
    with pytest.raises(ConfigError, match=r"Add it to database_hour_multi_az"):
        estimate(account.site(database={"kind": "rds", "size": "db.x1.large"}))


@pytest.mark.parametrize("path", example_sites(), ids=lambda path: path.stem)
def test_every_example_has_its_prices(path: Path) -> None:
    assert estimate(read_site(path)).idle > 0
