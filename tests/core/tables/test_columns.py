"""Delimiters, dates, numbers, headers and cells as people write them."""

from datetime import date

import pytest

from dunwell.core.tables import cells, dates, decimals, delimiters, export, headers
from dunwell.core.tables.dates import DateColumn, Order
from dunwell.core.tables.decimals import NumberColumn, PlainNumber
from dunwell.core.tables.errors import CellError, NotADate, NotANumber


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n", ";"),
        ("a\tb\n1,2\t3\n", "\t"),
        ("a|b|c\n1|2|3\n", "|"),
        ("only\n1\n", ","),
        ('a;b\n"x;y,z";2\n', ";"),
        ("", ","),
    ],
)
def test_the_delimiter_is_found(text: str, sign: str) -> None:
    assert delimiters.of(text) == sign


def column_of_dates(*texts: str) -> DateColumn:
    column = DateColumn()
    for text in texts:
        column.look(text)
    return column


@pytest.mark.parametrize(
    ("texts", "order", "ambiguous"),
    [
        (("1/2/2013", "1/26/2013"), Order.MDY, False),
        (("1/2/2013", "26/1/2013"), Order.DMY, False),
        (("1/2/2013", "3/4/2013"), Order.DMY, True),
        (("13/1/2013", "1/13/2013"), Order.DMY, True),
        (("1/1/2013", "2/2/2013"), Order.YMD, False),
        (("01-02-2013", "05-06-2013"), Order.DMY, True),
        (("1.2.2013", "3.4.2013"), Order.YMD, False),
        (("2013-02-01", "2013-04-03"), Order.YMD, False),
        (("20200227", "20200228.0"), Order.YMD, False),
    ],
)
def test_a_column_of_dates_is_understood_as_a_whole(
    texts: tuple[str, ...], order: Order, ambiguous: bool
) -> None:
    column = column_of_dates(*texts)
    assert column.looks_like_dates
    assert column.ambiguous is ambiguous
    if not ambiguous:
        assert column.order is order


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("4/6/2013", Order.MDY, date(2013, 4, 6)),
        ("4/6/2013", Order.DMY, date(2013, 6, 4)),
        ("4/6/13", Order.DMY, date(2013, 6, 4)),
        ("4.6.2013", Order.MDY, date(2013, 6, 4)),
        ("2013-06-04", Order.DMY, date(2013, 6, 4)),
        ("2013-06-04 00:00:00", Order.YMD, date(2013, 6, 4)),
        ("2013-06-04T10:00:00Z", Order.YMD, date(2013, 6, 4)),
        ("20130604", Order.MDY, date(2013, 6, 4)),
        ("20200227.0", Order.MDY, date(2020, 2, 27)),
        ("27 Feb 2020", Order.MDY, date(2020, 2, 27)),
        ("Feb 27, 2020", Order.DMY, date(2020, 2, 27)),
        ("27. März 2020", Order.YMD, date(2020, 3, 27)),
        ("3 août 2020", Order.YMD, date(2020, 8, 3)),
    ],
)
def test_a_date_is_read(text: str, order: Order, day: date) -> None:
    assert dates.parse(text, order) == day


@pytest.mark.parametrize(
    "text", ["31/4/2013", "2013-13-01", "soon", "1/2", "0001-01-01", "99999999"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(NotADate):
        dates.parse(text, Order.DMY)


@pytest.mark.parametrize(
    ("text", "order"),
    [("m/d/Y", Order.MDY), ("DD.MM.YYYY", Order.DMY), ("%Y-%m-%d", Order.YMD), ("ISO", Order.YMD)],
)
def test_a_form_of_dates_has_many_names(text: str, order: Order) -> None:
    assert dates.order_named(text) is order


def column_of_numbers(*texts: str) -> NumberColumn:
    column = NumberColumn()
    for text in texts:
        column.look(text)
    return column


@pytest.mark.parametrize(
    ("texts", "mark", "ambiguous"),
    [
        (("1.234,56", "7"), ",", False),
        (("1,234.56",), ".", False),
        (("12,50", "1.234"), ",", False),
        (("1.234", "2.500"), ".", True),
        (("1,234", "2,500"), ".", True),
        (("1.234,5", "1,234.5"), ".", True),
        (("100", "200"), ".", False),
        (("1,234,567",), ".", False),
        (("1234.567",), ".", False),
        (("0.125",), ".", False),
    ],
)
def test_a_column_of_numbers_is_understood_as_a_whole(
    texts: tuple[str, ...], mark: str, ambiguous: bool
) -> None:
    column = column_of_numbers(*texts)
    assert column.looks_like_numbers
    assert column.ambiguous is ambiguous
    if not ambiguous:
        assert column.mark == mark


def test_numbers_of_a_spreadsheet_are_certain() -> None:
    column = column_of_numbers(PlainNumber("1.234"), PlainNumber("2.5"))
    assert not column.ambiguous
    assert decimals.parse(PlainNumber("1.234"), ",") == "1.234"


@pytest.mark.parametrize(
    ("text", "mark", "plain"),
    [
        ("1.234,56", ",", "1234.56"),
        ("1,234.56", ".", "1234.56"),
        ("1'234.50", ".", "1234.5"),
        ("1 234,50 €", ",", "1234.5"),
        ("USD 12.00", ".", "12"),
        ("$1,200", ".", "1200"),
        ("(12.50)", ".", "-12.5"),
        ("12.50-", ".", "-12.5"),
        ("-7", ".", "-7"),
        ("2020.0", ".", "2020"),
        (".5", ".", "0.5"),
    ],
)
def test_a_number_is_read(text: str, mark: str, plain: str) -> None:
    assert decimals.parse(text, mark) == plain


@pytest.mark.parametrize(
    ("text", "mark"),
    [("1.234.56", ","), ("12,34,56", "."), ("abc", "."), ("1e5", "."), ("", "."), ("٣", ".")],
)
def test_what_is_no_number_is_refused(text: str, mark: str) -> None:
    with pytest.raises(NotANumber):
        decimals.parse(text, mark)


def test_headers_are_compared_as_people_mean_them() -> None:
    found = headers.guess(
        ["Fällig am", "RECHNUNGS-NR.", "", "Betrag"],
        {"number": ["Rechnungs-Nr"], "due": ["faellig", "Fällig am"], "total": ["Betrag"]},
    )
    assert found == {"number": 1, "due": 0, "total": 3}


def test_a_fields_own_name_wins_over_a_synonym() -> None:
    assert headers.guess(["name", "customer"], {"customer": ["name"]}) == {"customer": 1}


def test_ids_that_became_floats_are_cleaned() -> None:
    assert cells.is_float_id("1930571429.0")
    assert cells.without_float("1930571429.0") == "1930571429"
    assert not cells.is_float_id("0012")


@pytest.mark.parametrize("cell", ["x" * 1000, "a\x00b", "bell\x07"])
def test_text_that_cannot_be_kept_is_refused(cell: str) -> None:
    with pytest.raises(CellError):
        cells.text(cell, most=200)


@pytest.mark.parametrize(
    ("word", "meant"), [("Ja", True), ("oui", True), ("0", False), ("no", False)]
)
def test_yes_and_no_in_four_languages(word: str, meant: bool) -> None:
    assert cells.yes(word) is meant


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30 123", "'+49 30 123"),
        ("-cmd", "'-cmd"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("-12.50", "-12.50"),
        ("Acme = good", "Acme = good"),
    ],
)
def test_text_is_neutral_in_spreadsheets(text: str, written: str) -> None:
    assert export.neutralize(text) == written
