"""Blank, stripped and lower-case texts, names in a list, and ids."""

import unicodedata

import pytest

SPACES = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Zs"]


@pytest.fixture(scope="module")
def con(connection_without_logs):
    return connection_without_logs


def value(con, expression, *arguments):
    return con.execute(f"select {expression}", arguments).fetchall()[0][0]


@pytest.mark.parametrize("space", SPACES, ids=ascii)
def test_every_space_of_unicode_is_stripped(con, space):
    assert value(con, "stripped(?)", f"{space}{space}a{space}b{space}") == f"a{space}b"
    assert value(con, "blank(?)", space * 2)


@pytest.mark.parametrize("content", ["\t", "\n", "a", "\u200b", " \r\n"])
def test_tabs_and_line_breaks_are_not_blank(con, content):
    assert not value(con, "blank(?)", content)
    assert value(con, "stripped(?)", content) == content.strip(" ")


@pytest.mark.parametrize("content", [None, ""])
def test_no_text_is_blank(con, content):
    assert value(con, "blank(?::varchar)", content)


def test_only_ascii_letters_become_lower_case(con):
    assert value(con, "lower_ascii(?)", "AZaz09 É\u0130\u212a") == "azaz09 É\u0130\u212a"


@pytest.mark.parametrize(
    ("names", "expected"), [("a,voice", 1), ("voice", 1), ("a, voice ,b", 1), ("voices", None), ("", None)]
)
def test_an_amount_is_kept_if_its_name_is_in_the_list(con, names, expected):
    assert expected == value(con, "if_named('voice', ?, 1)", names)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("deadbeef", "#"),
        ("deadbeef deadbeef,deadbeef", "# #,#"),
        ("req_0123abcd-1234-5678: no", "#: no"),
        ("deadbeef-12", "#-12"),
        ("xdeadbeef deadbeefx deadbee", "xdeadbeef deadbeefx deadbee"),
    ],
)
def test_ids_are_words_of_eight_hexadecimal_digits(con, content, expected):
    assert expected == value(con, "without_ids(without_ids(?))", content)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("dial 250 788123456 failed", "dial # failed"),
        ("dial +250788123456 failed", "dial # failed"),
        ("dial (0788) 123 456 failed", "dial # failed"),
        ("keza.invented@example.rw bounced", "# bounced"),
        ("12345678-1234-abcd-1234-123456789abc is gone", "# is gone"),
        ("said [NAME_CONFIRMED: Keza] twice", "said # twice"),
        ("it's 'Keza's phone' again", "it's … again"),
    ],
)
def test_what_could_identify_a_caller_is_not_in_a_normalized_error(con, message, expected):
    assert expected == value(con, "normalized_error(?)", message)
