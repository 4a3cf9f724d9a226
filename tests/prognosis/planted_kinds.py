"""The faults: as data managers make them, by hand, by copying, and by what a spreadsheet does unasked."""

import datetime as dt
from collections.abc import Callable

from tests.prognosis.planted import (
    ALIVE,
    DEAD,
    MISSING,
    OTHER,
    PATIENTS,
    REMARKS,
    Fault,
    Grid,
    cell,
    cells,
    column_wide,
    extra_line,
)
from tests.prognosis.planted_words import EVENTS, WORDS

DAYS_PER_MONTH = 365.25 / 12
FOUR_YEARS = (4 * 365.25, 4 * 365.0, 1461.0, MISSING)
LAST = PATIENTS + 1


def _numbers(label: str) -> Callable[[Grid], list[str]]:
    numbers = {"subject": label, "age_years": "58.2", "size_cm": "8.9", "overall_survival_days": "1410"}
    return lambda grid: [numbers.get(column, "") for column in grid.header]


def _repeat(label: Callable[[str], str]) -> Callable[[Grid], None]:
    """The id of one patient, in another spelling, at another."""
    return lambda grid: grid.put(OTHER, "subject", label(grid.at(ALIVE, "subject")))


def _twice(name: str, label: Callable[[str], str], *, text: str = "") -> Fault:
    return Fault(name, _repeat(label), "error", OTHER, "", also=(ALIVE,), text=text)


def _scaled(factor: float) -> Callable[[str], str]:
    return lambda text: f"{float(text.strip('+')) * factor:.4g}"


def _months(*columns: str) -> Callable[[Grid], None]:
    def change(grid: Grid) -> None:
        for column in columns:
            grid.each(column, lambda text: str(round(float(text) / DAYS_PER_MONTH)))

    return change


def _doubled(column: str, heading: str) -> Callable[[Grid], None]:
    def change(grid: Grid) -> None:
        place = grid.header.index(column)
        for row in grid.rows:
            row.append(row[place])
        grid.rows[ALIVE - 2][-1] = "2"
        grid.header.append(heading)

    return change


def _into(line: int, place: int) -> Callable[[Grid], None]:
    return lambda grid: grid.rows[line - 2].insert(place, "")


def _cut(grid: Grid) -> None:
    del grid.rows[ALIVE - 2][12:]


def _merged(grid: Grid) -> None:
    row = grid.rows[ALIVE - 2]
    row[2:4] = [row[2] + row[3]]


def _copied_but_id(grid: Grid) -> None:
    mine = grid.at(OTHER, "subject")
    grid.rows[OTHER - 2] = list(grid.rows[ALIVE - 2])
    grid.put(OTHER, "subject", mine)


def _unclosed(text: str) -> str:
    lines = text.split("\r\n")
    lines[ALIVE - 1] = '"' + lines[ALIVE - 1]
    return "\r\n".join(lines)


IDS = (
    extra_line(
        "a footnote in the id column", lambda grid: grid.line_of("* grade of the biopsy, not of the piece")
    ),
    extra_line("a footnote of one word", lambda grid: grid.line_of("NOTES")),
    extra_line("a row of means", _numbers("Mean")),
    extra_line("a row of medians", _numbers("Median (IQR)")),
    extra_line("a count", lambda grid: grid.line_of("n=40")),
    extra_line("a total", _numbers("Total")),
    cell("two hyphens", "subject", "--"),
    cell("nothing", "subject", ""),
    cell("not available", "subject", "n/a"),
    cell("a question mark", "subject", "?"),
    cell("unknown", "subject", "unknown"),
    cell("a person's name", "subject", "Dupont Marie"),
    cell("surname and first name", "subject", "Müller, Hans"),
    cell("a number that Excel shortened", "subject", "3.7E+06"),
    cell("a number with a decimal", "subject", "1011.0", must="told"),
    cell("a trailing star", "subject", "STS_011*"),
    cell("a slash", "subject", "11/345"),
    cell("a way out of the folder", "subject", "../../STS_011"),
    cell("a formula", "subject", "=A12"),
    cell("a broken formula", "subject", "#REF!"),
    cell("a line break", "subject", "STS\n_011"),
    cell("300 signs", "subject", "S" * 300),
    cell("a date that was an id", "subject", "04-Mar", must="told"),
    cell("a date", "subject", "2014-03-04", must="told"),
    Fault(
        "a zero-width blank in an id",
        lambda grid: grid.put(ALIVE, "subject", "STS\u200b_011"),
        "told",
        ALIVE,
        "subject",
        ("STS_011",),
    ),
    _twice("a patient twice", str),
    _twice("an id in small letters again", str.lower, text="sts_011"),
    _twice("an id with a blank again", lambda label: label + " "),
    _twice("an id with a zero-width blank again", lambda label: label + "\u200b"),
    _twice("an id with a leading zero again", lambda label: label.replace("_0", "_00"), text="STS_0011"),
    _twice(
        "an id with a hyphen for the underscore again", lambda label: label.replace("_", "-"), text="STS-011"
    ),
    Fault(
        "a row copied twice",
        lambda grid: grid.rows.insert(OTHER - 2, list(grid.rows[ALIVE - 2])),
        "error",
        OTHER,
    ),
    Fault("all values of another patient", _copied_but_id, "warning", OTHER, also=(ALIVE,)),
)

AGES = (
    cell("159", "age_years", "159"),
    cell("negative", "age_years", "-61"),
    cell("year of birth", "age_years", "1954"),
    cell("months", "age_years", "732"),
    cell("a code for missing", "age_years", "999"),
    cell("a negative code for missing", "age_years", "-9"),
    cell("a date of birth", "age_years", "1949-02-11"),
    cell("a serial number of a date", "age_years", "41702"),
    cell("letter O for zero", "age_years", "6O"),
    cell("letter l for one", "age_years", "6l"),
    cell("an underscore that Python allows", "age_years", "6_1"),
    cell("a hexadecimal number", "age_years", "0x3D"),
    cell("words", "age_years", "sixty-one"),
    cell("a bracket", "age_years", "60-65", MISSING),
    cell("truth", "age_years", "TRUE"),
    cell("a broken reference", "age_years", "#REF!"),
    cell("a division by zero", "age_years", "#DIV/0!"),
    cell("infinity", "age_years", "inf"),
    cell("Excel's not available", "age_years", "#N/A", MISSING, summed=True),
    cell("nan", "age_years", "nan", MISSING, summed=True),
    cell("an en dash", "age_years", "\u2013", MISSING, summed=True),
    cell("years in the cell", "age_years", "61 J.", 61.0, MISSING),
    cell("months in the cell", "age_years", "732 months", 61.0, MISSING),
    cell("a decimal comma", "age_years", "61,5", 61.5),
    cell("two numbers", "age_years", "61 62"),
)

SIZES = (
    cell("millimetres", "size_cm", "80"),
    cell("0", "size_cm", "0"),
    cell("negative", "size_cm", "-8"),
    cell("millimetres told", "size_cm", "80 mm", 8.0, MISSING),
    cell("metres told", "size_cm", "8 m"),
    cell("inches told", "size_cm", "3 inch", 7.62, MISSING),
    cell("three diameters", "size_cm", "5 x 8 x 3", 8.0, MISSING),
    cell("three diameters with stars", "size_cm", "5*8*3", 8.0, MISSING),
    cell("more than", "size_cm", ">10", MISSING),
    cell("less than", "size_cm", "< 5", MISSING),
    cell("about", "size_cm", "ca. 8", 8.0, MISSING),
    cell("about, as a tilde", "size_cm", "~8", 8.0, MISSING),
    cell("from and to", "size_cm", "7-8", MISSING),
    cell("from and to with an en dash", "size_cm", "7\u20138", MISSING),
    cell("plus or minus", "size_cm", "8±1", MISSING, 8.0),
    cell("a decimal comma", "size_cm", "8,5", 8.5),
    cell("two decimal points", "size_cm", "8..5"),
    cell("a point at either place", "size_cm", "8.5.1"),
    cell("a footnote mark", "size_cm", "8*", 8.0, MISSING),
    cell("a footnote number", "size_cm", "8 [1]", 8.0, MISSING),
    cell("a raised number", "size_cm", "8²", 8.0, MISSING),
    cell("a remark", "size_cm", "8 (MRI)", 8.0, MISSING),
    cell("a word", "size_cm", "large"),
    cell("letter O for zero", "size_cm", "1O"),
    cell("a typographic minus", "size_cm", "\u22128"),
    cell("a date that was 8.3", "size_cm", "08-Mar"),
    cell("a percent sign", "size_cm", "8%"),
    cell("a broken formula", "size_cm", "#VALUE!"),
    cell("truth", "size_cm", "TRUE"),
    cell("0", "volume_cm3", "0"),
    cell("cubic millimetres", "volume_cm3", "120000"),
    cell("cubic millimetres told", "volume_cm3", "120000 mm3", 120.0, MISSING),
    cell("litres told", "volume_cm3", "0.12 l", 120.0, MISSING),
    cell("a thousands comma or a decimal", "volume_cm3", "1,200", MISSING),
    cell("a thousands comma and a point", "volume_cm3", "1,200.5", 1200.5, MISSING),
    cells("far too large for its size", "warning", ALIVE, volume_cm3="12000"),
    cells("litres: far too small for its size", "warning", ALIVE, volume_cm3="0.12"),
    cells("35 mm as 35 cm with 20 cm3", "warning", ALIVE, size_cm="35", volume_cm3="20"),
    cells("size and volume interchanged", "error", ALIVE, size_cm="120", volume_cm3="8"),
)

DATES = (
    cell("day or month first", "surgery_date", "03/04/2014"),
    cell("day or month first, two digits", "surgery_date", "03/04/14"),
    cell("30 February", "surgery_date", "2014-02-30"),
    cell("30 February with points", "surgery_date", "30.02.2014"),
    cell("month 13", "surgery_date", "2014-13-01"),
    cell("after today", "surgery_date", "2031-01-01"),
    cell("digits interchanged", "surgery_date", "2104-03-25"),
    cell("a year alone", "surgery_date", "2010", MISSING),
    cell("a month", "surgery_date", "2010-03", MISSING),
    cell("two digits of the year", "surgery_date", "25.03.10", dt.date(2010, 3, 25), MISSING),
    cell("a serial number", "surgery_date", "40262", dt.date(2010, 3, 25), MISSING),
    cell("25 cannot be a month", "surgery_date", "25/03/2010", dt.date(2010, 3, 25), MISSING),
    cell("25 cannot be a month, American", "surgery_date", "03/25/2010", dt.date(2010, 3, 25), MISSING),
    cell("a date that stands for missing", "surgery_date", "1900-01-01", MISSING, dt.date(1900, 1, 1)),
    cell("no date at all", "surgery_date", "0000-00-00", MISSING),
    cell("a word", "surgery_date", "spring 2010", MISSING),
    cell("two dates", "surgery_date", "2010-03-25, 2011-01-07"),
    cell("not known", "surgery_date", "n.a.", MISSING, summed=True),
    cells("a follow-up that ends after today", "warning", ALIVE, surgery_date="2024-06-01"),
)

DAYS = (
    cell("negative", "overall_survival_days", "-1500"),
    cell("a date", "overall_survival_days", "2014-05-03"),
    cell("a date with points", "overall_survival_days", "03.05.2014"),
    cell("a serial number of a date", "overall_survival_days", "41762"),
    cell("months told", "overall_survival_days", "48 months", *FOUR_YEARS),
    cell("years told", "overall_survival_days", "4 years", *FOUR_YEARS),
    cell("weeks told", "overall_survival_days", "200 weeks", 1400.0, MISSING),
    cell("years and months", "overall_survival_days", "4y 2m", MISSING),
    cell("a thousands comma or a decimal", "overall_survival_days", "1,500", MISSING),
    cell("a thousands point or a decimal", "overall_survival_days", "1.500", MISSING, 1500.0),
    cell("a thousands blank", "overall_survival_days", "1 500", 1500.0, MISSING),
    cell("a thin thousands blank", "overall_survival_days", "1\u202f500", 1500.0, MISSING),
    cell("a thousands apostrophe", "overall_survival_days", "1'500", 1500.0, MISSING),
    cell("a power of ten", "overall_survival_days", "1.5E+03", 1500.0, MISSING),
    cell("a plus for censored", "overall_survival_days", "1500+", 1500.0, MISSING),
    cell("more than", "overall_survival_days", ">1500", MISSING),
    cell("infinity", "overall_survival_days", "inf"),
    cell("a huge power of ten", "overall_survival_days", "1e999"),
    cell("lost to follow-up", "overall_survival_days", "lost", MISSING),
    cell("9999 for missing", "overall_survival_days", "9999", 9999.0, MISSING, must="warning"),
    cell("wide digits", "overall_survival_days", "\uff11\uff15\uff10\uff10", 1500.0, MISSING),
    cell("negative", "local_recurrence_days", "-30", line=DEAD),
    cell("negative", "distant_metastasis_days", "-1", line=OTHER),
    cell("text", "distant_metastasis_days", "400 d after", MISSING, 400.0, line=DEAD),
)

LINES = (
    Fault("one separator too many", _into(ALIVE, 3), "error"),
    Fault("a row cut short", _cut, "error"),
    Fault("one separator too few", _merged, "error"),
    Fault(
        "the headings again",
        lambda grid: grid.rows.insert(ALIVE - 2, list(grid.header)),
        "told",
        ALIVE,
    ),
    Fault(
        "a row of headings of units",
        lambda grid: grid.rows.insert(0, grid.line_of("cm", "size_cm")),
        "told",
        2,
    ),
    Fault(
        "a patient of whom nothing is known",
        lambda grid: grid.rows.append(grid.line_of("STS_041")),
        "told",
        LAST + 1,
    ),
    Fault(
        "nothing but placeholders", lambda grid: grid.rows.append(["--"] * len(grid.header)), "told", LAST + 1
    ),
    Fault("a quotation mark that is not closed", lambda _: None, "error", 0, raw=_unclosed),
    Fault(
        "a comment of a programmer",
        lambda grid: grid.rows.insert(0, grid.line_of("# exported 2020", "centre")),
        "error",
        2,
    ),
)

COLUMNS_WIDE = (
    column_wide("a heading twice", "error", "grade", _doubled("grade", "grade")),
    column_wide("two headings that mean the same", "error", "", _doubled("grade", "FNCLCC grade")),
    column_wide("days in months, of one time", "error", "", _months("overall_survival_days")),
    column_wide(
        "days in months, of all times",
        "warning",
        "",
        _months("overall_survival_days", "distant_metastasis_days", "local_recurrence_days"),
    ),
    column_wide(
        "events coded 1 and 2",
        "error",
        "death",
        lambda grid: grid.each("death", lambda text: str(int(text) + 1)),
    ),
    column_wide(
        "events coded 1 and 2, none died",
        "error",
        "local_recurrence",
        lambda grid: grid.each("local_recurrence", lambda _: "2"),
    ),
    column_wide(
        "sex coded 1 and 2",
        "error",
        "sex",
        lambda grid: grid.each("sex", lambda text: str(1 + (text == "F"))),
    ),
    column_wide(
        "grades of two tiers, of which FNCLCC has three",
        "told",
        "grade",
        lambda grid: grid.each("grade", lambda text: "low" if text == "1" else "high"),
    ),
    column_wide("sizes in mm", "error", "size_cm", lambda grid: grid.each("size_cm", _scaled(10))),
    column_wide("volumes in litres", "warning", "", lambda grid: grid.each("volume_cm3", _scaled(0.001))),
    column_wide("volumes in mm3", "error", "volume_cm3", lambda grid: grid.each("volume_cm3", _scaled(1000))),
    column_wide(
        "years of birth", "error", "age_years", lambda grid: grid.each("age_years", lambda _: "1950")
    ),
    column_wide(
        "dates in two orders",
        "error",
        "surgery_date",
        lambda grid: (
            grid.each("surgery_date", lambda text: "/".join(text.split("-")[::-1])),
            grid.put(OTHER, "surgery_date", "10/31/2012"),
        ),
    ),
    column_wide("a misspelt heading", "told", "graade", lambda grid: grid.rename("grade", "graade")),
    column_wide("a column without a heading", "told", "", lambda grid: grid.rename(REMARKS, "")),
    column_wide(
        "a size without a unit", "told", "Tumour size", lambda grid: grid.rename("size_cm", "Tumour size")
    ),
    column_wide(
        "a volume without a unit", "told", "volume", lambda grid: grid.rename("volume_cm3", "volume")
    ),
    column_wide(
        "a time without a unit",
        "told",
        "overall_survival",
        lambda grid: grid.rename("overall_survival_days", "overall_survival"),
    ),
    column_wide("no column of deaths", "warning", "", lambda grid: grid.rename("death", "Bemerkung 2")),
    column_wide("no column of ids", "error", "", lambda grid: grid.rename("subject", "Bemerkung 2")),
)

FAULTS: tuple[Fault, ...] = (
    *(*IDS, *AGES, *WORDS, *SIZES, *DATES, *DAYS, *EVENTS, *LINES),
    *COLUMNS_WIDE,
)
