"""Unit texts and their algebra: what Vensim's and XMILE's manuals say they mean, and laws that hold for any of them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sd_covid.errors import ModelError
from sd_covid.model.units.text import DEFAULT_EQUIVALENCES, ONE, Vocabulary, power, product, singular

WORDS = ["person", "Month", "thousand households", "$", "Veg_equiv kg", "m"]
# No English plural and no default equivalence among them, so that each is a unit of its own.
exponents = st.one_of(st.integers(-3, 3), st.fractions(-3, 3, max_denominator=4)).filter(bool)
units = st.dictionaries(st.sampled_from(["person", "month", "thousand households", "$", "m"]), exponents).map(
    product
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("people/Month", {"person": 1, "month": -1}),
        ("1/(Year*person)", {"year": -1, "person": -1}),
        ("a*b/c/d", {"a": 1, "b": 1, "c": -1, "d": -1}),
        ("a/b*c", {"a": 1, "b": -1, "c": 1}),
        ("(a/b)/(c/d)", {"a": 1, "b": -1, "c": -1, "d": 1}),
        ("m^2", {"m": 2}),
        ("m²·s**-2", {"m": 2, "s": -2}),
        ("kg^(1/3)", {"kg": Fraction(1, 3)}),
        ("$/Year", {"$": 1, "year": -1}),
        ("Dollars per_year", {"$": 1, "year": -1}),
        ("€", {"€": 1}),
        ("/Year", {"year": -1}),
        ("thousand person", {"thousand person": 1}),
        ("Thousand_Person", {"thousand person": 1}),
        ("widget {as sold} / Week [0,10,?]", {"widget": 1, "week": -1}),
        ("1000*person", {"1000": 1, "person": 1}),
        ("person/person", {}),
        ("Foxes/Fox/Year", {"foxes": 1, "fox": -1, "year": -1}),
        *(
            (text, {})
            for text in ("Dmnl", "dmnl", "1", "1.0", "Dimensionless", "fraction", "Dmnl*1", "", " {} ")
        ),
    ],
)
def test_a_unit_text_means(text: str, words: dict[str, int | Fraction]) -> None:
    assert product(words) == Vocabulary().parse(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("person//Month", "a unit is missing before '/'"),
        ("person*", "it ends too soon"),
        ("(a", "closing parenthesis is missing"),
        ("a)", "')' has no place here"),
        ("a(b)", "'(' has no place here"),
        ("m^", "'' is no exponent"),
        ("m^n", "'n' is no exponent"),
        ("m^(1/0)", "divided by 0"),
        ("m^1000", "exponent is absurd"),
        ("0*a", "0 is no unit"),
        ("a {b", "a bracket is not closed"),
        ("*".join(f"a{i}" for i in range(600)), "it is too long"),
        ("(" * 51 + "a" + ")" * 51, "too deep"),
    ],
)
def test_what_is_no_unit_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(ModelError, match="cannot be read") as caught:
        Vocabulary().parse(text)
    assert reason in caught.value.reason


def test_words_of_one_group_are_one_unit_and_carry_over_to_vensims_own_groups() -> None:
    words = Vocabulary([("Yr", "annum"), ("annum", "Year"), ("dmnl", "NKU"), ("Hz", "1/Second")])
    assert words.parse("Years") == words.parse("annum") == words.parse("yr")
    assert ONE == words.parse("NKU")
    assert words.parse("Hz") == words.parse("1/Seconds")
    assert words.parse("Hz*Second") == ONE


def test_no_prefix_is_read_into_a_word_and_time_units_are_not_converted() -> None:
    words = Vocabulary()
    names = ["mperson", "person", "min", "minute", "Month", "Year", "percent", "kperson"]
    assert len(names) == len({words.parse(name) for name in names})


def test_words_are_shown_as_the_model_first_spells_them() -> None:
    words = Vocabulary()
    shown = words.parse("Veg_equiv kg/(Person*hectare^2)")
    words.parse("person")
    assert "Veg_equiv kg/(hectare^2*Person)" == words.format(shown)


@given(units)
def test_what_is_written_reads_back_alike(given_units: object) -> None:
    words = Vocabulary()
    assert given_units == words.parse(words.format(given_units))  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.sampled_from("*/"), st.sampled_from(WORDS)), min_size=1, max_size=8))
def test_a_chain_is_the_product_of_its_words_from_the_left(chain: list[tuple[str, str]]) -> None:
    words = Vocabulary()
    expected = ONE
    for operator, word in chain:
        expected = expected * power(words.parse(word), 1 if operator == "*" else -1)
    assert expected == words.parse("1" + "".join(operator + word for operator, word in chain))


@given(units, units, units)
def test_units_form_a_commutative_group(a, b, c) -> None:  # type: ignore[no-untyped-def]
    assert a * b == b * a
    assert (a * b) * c == a * (b * c)
    assert a / a == ONE == a * power(a, -1)
    assert a * ONE == a


@given(units, st.fractions(-3, 3, max_denominator=6).filter(bool))
def test_a_root_of_a_power_is_where_it_began(a, exponent: Fraction) -> None:  # type: ignore[no-untyped-def]
    assert a == power(power(a, exponent), 1 / exponent)
    assert ONE == power(a, 0)


@given(st.text(alphabet="ab1 */^()[]{}.-²per_$", max_size=20))
def test_any_text_is_a_unit_or_a_model_error(text: str) -> None:
    words = Vocabulary()
    try:
        found = words.parse(text)
    except ModelError:
        return
    assert found == words.parse(words.format(found))


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("widgets", "widget"),
        ("veg boxes", "veg box"),
        ("countries", "country"),
        ("glasses", "glass"),
        ("glass", "glass"),
        ("s", "s"),
    ],
)
def test_plural_endings_are_taken_off(many: str, one: str) -> None:
    assert one == singular(many)


def test_vensims_groups_do_not_overlap() -> None:
    words = [word.casefold() for group in DEFAULT_EQUIVALENCES for word in group]
    assert len(words) == len(set(words))
