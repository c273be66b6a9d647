"""Each protocol gives the figures that its publisher means.

Expectations: the OData conventions of CBS (a cell a row in version 4, a topic a column in version 3, codes padded with
blanks, the state of a period in the table of periods), the JSON-stat 2.0 format (row-major order, sparse or dense
values), and figures written by hand.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from sd_covid.data.connectors.observe import at, observe
from sd_covid.data.connectors.settings import Refresh
from sd_covid.data.periods import format_period
from sd_covid.errors import SourceError
from tests.data.connectors.conftest import Reply, as_json, as_workbook, periods

ODATA4 = Refresh(
    "cbs-odata4",
    "",
    Decimal(1),
    table="80590ned",
    filters={"Measure": "M1", "Geslacht": "T001038"},
    period="Perioden",
    value="Value",
    spelling="cbs",
)
ODATA3 = replace(ODATA4, connector="cbs-odata3", filters={"Geslacht": "T001038"}, value="Rate_2")
EUROSTAT = Refresh(
    "eurostat",
    "",
    Decimal(1),
    table="une_rt_m",
    filters={"geo": "NL", "sex": "T"},
    period="time",
    value="value",
    spelling="eurostat",
)
CSV = Refresh("csv", "figures.csv", Decimal(1), period="maand", value="aantal")


def cell(period: str, value: float | None, sex: str = "T001038", measure: str = "M1") -> dict[str, object]:
    return {"Id": 1, "Measure": measure, "ValueAttribute": "None", "Value": value} | {
        "Geslacht": sex,
        "Perioden": period,
    }


CELLS = [
    cell("2022MM12", 3.5),
    cell("2023MM01", 3.6),
    cell("2022KW04", 3.55),
    cell("2022JJ00", 3.5),
    cell("2022MM12", 9.9, sex="3000"),
    cell("2022MM12", 99.0, measure="M2"),
    cell("2022MM11", None),
]


def figures(settings: Refresh, client, frequency="month") -> dict[str, str | None]:
    found, _ = observe(settings, frequency, client)
    return {
        format_period(one.period, frequency): None if one.value is None else str(one.value) for one in found
    }


def test_odata4_gives_the_cells_of_its_filters_by_frequency(publisher, client):
    publisher.odata4("80590ned", CELLS)
    settings = at(ODATA4, publisher.address)
    assert figures(settings, client) == {"2022-11": None, "2022-12": "3.5", "2023-01": "3.6"}
    assert figures(settings, client, "quarter") == {"2022-Q4": "3.55"}
    assert figures(settings, client, "year") == {"2022": "3.5"}
    found, address = observe(settings, "month", client)
    assert [sorted(one.marks) for one in found] == [[], [], ["provisional"]]
    assert address == f"{publisher.address}/80590ned/Observations"


def test_odata4_follows_every_page(publisher, client):
    publisher.odata4("80590ned", [cell(f"2021MM{month:02d}", month) for month in range(1, 13)], page=3)
    assert len(figures(at(ODATA4, publisher.address), client)) == 12
    assert sum("Observations" in path for path in publisher.asked) == 4


def test_a_quote_in_a_code_stays_within_the_filter(publisher, client):
    publisher.odata4("80590ned", CELLS)
    settings = replace(at(ODATA4, publisher.address), filters={"Geslacht": "x' or Geslacht ne 'x"})
    with pytest.raises(SourceError):
        figures(settings, client)
    assert "x''%20or%20Geslacht%20ne%20''x" in publisher.asked[-1]


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("https://example.org/next", "its next page is example.org, another host"),
        ("file:///etc/passwd", "another host"),
        ("{here}", "its next page is a page that was read already"),
    ],
)
def test_a_next_page_elsewhere_or_again_is_refused(publisher, client, link, reason):
    publisher.odata4("80590ned", CELLS)
    publisher.serves(
        "/80590ned/again", {"value": [], "@odata.nextLink": publisher.address + "/80590ned/again"}
    )
    there = link.format(here=publisher.address + "/80590ned/again")
    publisher.serves("/80590ned/Observations", {"value": [], "@odata.nextLink": there})
    with pytest.raises(SourceError, match=reason):
        figures(at(ODATA4, publisher.address), client)


def test_pages_without_end_are_given_up(publisher, client):
    publisher.odata4("80590ned", CELLS)

    def endless(query):
        page = int(query.get("page", "0")) + 1
        return as_json(
            {"value": [], "@odata.nextLink": f"{publisher.address}/80590ned/Observations?page={page}"}
        )

    publisher.gives("/80590ned/Observations", endless)
    with pytest.raises(SourceError, match="does not end after 5 pages"):
        figures(at(ODATA4, publisher.address), client)


def test_odata3_gives_the_column_of_its_topic(publisher, client):
    rows: list[dict[str, object]] = [
        {"ID": 0, "Geslacht": "T001038", "Perioden": "2022MM12", "Number_1": 350, "Rate_2": 3.5},
        {"ID": 1, "Geslacht": "T001038", "Perioden": "2023MM01", "Number_1": 361, "Rate_2": None},
        {"ID": 2, "Geslacht": "3000   ", "Perioden": "2022MM12", "Number_1": 190, "Rate_2": 3.6},
    ]
    for row in rows:
        row["Geslacht"] = str(row["Geslacht"]).ljust(10)
    publisher.serves("/80590ned/Perioden", {"value": periods("Key", rows)})
    last = {"value": rows[2:]}
    publisher.serves("/80590ned/more", last)
    publisher.serves(
        "/80590ned/TypedDataSet",
        {"odata.metadata": "…", "value": rows[:2], "odata.nextLink": f"{publisher.address}/80590ned/more"},
    )
    settings = at(ODATA3, publisher.address)
    padded = replace(settings, filters={"Geslacht": "3000   "})
    assert figures(padded, client) == {"2022-12": "3.6"}
    assert any("3000%20%20%20" in path or "3000+++" in path for path in publisher.asked)  # blanks go along
    assert figures(settings, client) == {"2022-12": "3.5", "2023-01": None}
    assert figures(replace(settings, value="Number_1"), client) == {"2022-12": "350", "2023-01": "361"}
    with pytest.raises(SourceError, match="no column or dimension 'Rate_3'") as caught:
        figures(replace(settings, value="Rate_3"), client)
    assert "did you mean 'Rate_2'" in caught.value.advice


def cube(value: object, status: object = None, **changes: object) -> dict[str, object]:
    """Two sexes by three months: 3.1, nothing, 3.3 for T."""
    document = {
        "version": "2.0",
        "class": "dataset",
        "id": ["freq", "geo", "sex", "time"],
        "size": [1, 1, 2, 3],
        "dimension": {
            "freq": {"category": {"label": {"M": "Monthly"}}},
            "geo": {"category": {"index": ["NL"]}},
            "sex": {"category": {"index": {"T": 1, "F": 0}}},
            "time": {"category": {"index": {"2022-11": 0, "2022-12": 1, "2023-01": 2}}},
        },
        "value": value,
    }
    return document | ({} if status is None else {"status": status}) | changes


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ({"0": 9.1, "3": 3.1, "5": 3.3}, {"4": ":", "5": "bp"}),
        ([9.1, None, None, 3.1, None, 3.3], [None, None, None, None, ":", "bp"]),
    ],
)
def test_eurostat_gives_cells_in_row_major_order(publisher, client, value, status):
    publisher.serves("/une_rt_m", cube(value, status))
    settings = at(EUROSTAT, publisher.address)
    assert figures(settings, client) == {"2022-11": "3.1", "2022-12": None, "2023-01": "3.3"}
    found, _ = observe(settings, "month", client)
    assert found[2].marks == {"break in time series", "provisional"}
    assert publisher.asked == ["/une_rt_m?format=JSON&lang=EN&geo=NL&sex=T"]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"error": [{"status": 400, "id": 150, "label": "Invalid value for geo"}]}, "Invalid value for geo"),
        ({"warning": {"status": 413, "label": "ASYNCHRONOUS_RESPONSE"}}, "ASYNCHRONOUS_RESPONSE"),
        ({"hello": 1}, "not JSON-stat: it has no 'value'"),
        (cube({}), "has no figures"),
        (cube({"99": 1.0}), "its values do not fit its dimensions"),
        (cube([1.0]), "its values do not fit its dimensions"),
        (cube({"3": 3.1}, size=[1, 1, 1, 3]), "'size' is not that of its dimensions"),
        (cube({"3": 3.1}, id=["freq", "geo", "sexe", "time"]), "the dimension 'sexe' has no codes"),
        (cube({"3": "high"}), "'high' is not a figure"),
        ([1, 2], "a JSON object is expected"),
    ],
)
def test_what_is_no_cube_is_refused(publisher, client, document, reason):
    publisher.serves("/une_rt_m", document)
    with pytest.raises(SourceError, match=reason):
        figures(at(EUROSTAT, publisher.address), client)


def test_json_that_is_cut_short_is_no_json(publisher, client):
    publisher.gives("/une_rt_m", Reply(as_json(cube({"3": 3.1})).body[:-20], length=-1))
    with pytest.raises(SourceError, match="not JSON"):
        figures(at(EUROSTAT, publisher.address), client)


def test_a_missing_filter_is_named(publisher, client):
    publisher.serves("/une_rt_m", cube({"0": 9.1, "3": 3.1}))
    settings = at(replace(EUROSTAT, filters={"geo": "NL"}), publisher.address)
    with pytest.raises(SourceError, match="more than one figure for 2022-11") as caught:
        figures(settings, client)
    assert caught.value.advice == "add a filter for sex"
    for code, advice in {"TT": "did you mean 'T'?", "total": "it has F, T"}.items():
        with pytest.raises(SourceError, match=f"no row has sex '{code}'") as caught:
            figures(replace(settings, filters={"sex": code}), client)
        assert caught.value.advice == advice


def test_csv_gives_a_column_with_missing_and_provisional_signs(publisher, client):
    text = "﻿maand;aantal;regio\n2022-11;.;NL\n2022-12;1234,5;NL\n2023-01;1236,25*;NL\n2023-01;7;BE\n"
    publisher.gives("/figures.csv", Reply(text.encode(), "text/csv"))
    settings = replace(at(CSV, publisher.address), separator=";", decimal_comma=True, filters={"regio": "NL"})
    scaled = replace(settings, scale=Decimal("0.001"), decimals=3)
    assert figures(settings, client) == {"2022-11": None, "2022-12": "1234.5", "2023-01": "1236.25"}
    # 1.2345 lies halfway and goes to the even 1.234, as numpy and R round.
    assert figures(scaled, client) == {"2022-11": None, "2022-12": "1.234", "2023-01": "1.236"}
    assert observe(settings, "month", client)[0][2].marks == {"provisional"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("maand,aantal\n2022-12,1\n2023-0", "line 3 has 1 fields, the header 2"),
        ("maand,aantal\n2022-12,1,000\n", "line 2 has 3 fields"),
        ('maand,aantal\n2022-12,"1,000"\n', "'1,000' is not a figure"),
        ('maand,aantal\n2022-12,"1', "not CSV"),
        ("maand,aantal\n2022-13,1\n", "'2022-13' has no month 13"),
        ("maand,aantal\n2022-12,-\n", "'-' is not a figure"),
        ("maand,aantal\n2022-12,1\n2022-12,2\n", "more than one figure for 2022-12"),
        ("maand,maand\n2022-12,1\n", "two columns are called 'maand'"),
        ("maand,aantallen\n2022-12,1\n", "no column or dimension 'aantal'"),
        ("maand,aantal\n", "has no figures"),
        ("maand,aantal\n2022-12,.\n", "has no figure by month"),
        ("<html>", "has no figures"),
    ],
)
def test_a_csv_that_is_not_what_was_described_is_refused(publisher, client, text, reason):
    publisher.gives("/figures.csv", Reply(text.encode(), "text/csv"))
    with pytest.raises(SourceError) as caught:
        figures(at(CSV, publisher.address), client)
    assert reason in str(caught.value)


def test_periods_may_be_listed_one_by_one(publisher, client):
    text = "schooljaar,aantal\n2021/22,5\n2022/23,6\nTotaal,11\n"
    publisher.gives("/figures.csv", Reply(text.encode(), "text/csv"))
    from sd_covid.data.periods import parse_period

    years = {"2021/22": parse_period("2022", "school year"), "2022/23": parse_period("2023", "school year")}
    settings = replace(at(CSV, publisher.address), period="schooljaar", periods=years)
    assert figures(settings, client, "school year") == {"2022": "5", "2023": "6"}


def test_xlsx_gives_a_sheet_below_its_header(publisher, client):
    rows: list[list[object]] = [
        ["Cijfers"],
        [],
        ["jaar", "aantal"],
        [2021, 5.5],
        [2022.0, None],
        [2023, "6 p"],
    ]
    publisher.gives("/figures.xlsx", as_workbook({"info": [["x"]], "data": rows}))
    settings = Refresh(
        "xlsx", "figures.xlsx", Decimal(1), table="data", period="jaar", value="aantal", header=3
    )
    assert figures(at(settings, publisher.address), client, "year") == {
        "2021": "5.5",
        "2022": None,
        "2023": "6",
    }
    with pytest.raises(SourceError, match="has no sheet 'dta'") as caught:
        figures(at(replace(settings, table="dta"), publisher.address), client, "year")
    assert caught.value.advice == "it has info, data"
    packed = as_workbook({"data": [[letter * 30_000] for letter in "abcdefghij"]}).body
    assert len(packed) < client.limits.size
    publisher.gives("/packed.xlsx", Reply(packed, "application/octet-stream"))
    with pytest.raises(SourceError, match=r"more than 0\.2 MB"):
        figures(replace(settings, address=f"{publisher.address}/packed.xlsx"), client, "year")
    broken = as_workbook({"data": rows}).body[:-400]
    publisher.gives("/broken.xlsx", Reply(broken, "application/octet-stream"))
    with pytest.raises(SourceError, match="no Excel file that can be read"):
        figures(replace(settings, address=f"{publisher.address}/broken.xlsx"), client, "year")


def test_oxcgrt_gives_means_of_whole_months(publisher, client):
    january = [f"{day:02d}Jan2021" for day in range(1, 32)]
    header = ["CountryCode", "Jurisdiction", *january, "01Feb2021"]
    national = ["NLD", "NAT_TOTAL", *(["70"] * 10 + ["81.48"] * 21), "81.48"]
    other = ["BEL", "NAT_TOTAL", *["1"] * 32]
    text = "\n".join(",".join(line) for line in (header, national, other))
    publisher.gives("/index.csv", Reply(text.encode(), "text/plain"))
    filters = {"CountryCode": "NLD", "Jurisdiction": "NAT_TOTAL"}
    settings = Refresh(
        "oxcgrt", "x/index.csv", Decimal(1), filters=filters, decimals=2, period="month", value="mean"
    )
    # (10 * 70 + 21 * 81.48) / 31 = 77.7767...; February is not whole.
    assert figures(at(settings, publisher.address), client) == {"2021-01": "77.78"}
    with pytest.raises(SourceError, match="2 rows have these filters"):
        figures(at(replace(settings, filters={"Jurisdiction": "NAT_TOTAL"}), publisher.address), client)


def test_saved_answers_are_read_from_a_folder(client, tmp_path):
    (tmp_path / "une_rt_m.json").write_bytes(as_json(cube({"3": 3.1})).body)
    assert figures(at(EUROSTAT, str(tmp_path)), client) == {"2022-11": "3.1"}
    with pytest.raises(SourceError, match="the file does not exist"):
        figures(at(replace(EUROSTAT, table="une_rt_q"), str(tmp_path)), client)
