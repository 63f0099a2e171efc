"""Scoring is arithmetic: the same whatever order answers come in, and never rounded in anybody's disfavor or favor."""

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cme import licenses, scoring
from cme.scoring import Score, score

sheets = st.integers(1, 30).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(1, 6), min_size=n, max_size=n),
        st.lists(st.integers(0, 6), min_size=n, max_size=n),
        st.permutations(range(n)),
        st.integers(1, 100),
    )
)


@given(st.integers(0, 500), st.integers(1, 100))
def test_needed_is_the_ceiling_of_the_share_and_can_be_reached(questions: int, minimum: int) -> None:
    needed = scoring.needed(questions, minimum)
    assert needed == ceil(Fraction(questions * minimum, 100))
    assert needed <= questions
    assert needed * 100 >= questions * minimum > (needed - 1) * 100


@given(sheets)
def test_the_order_of_the_answers_and_of_the_page_changes_only_the_numbers(sheet: tuple) -> None:
    key, said, order, minimum = sheet
    preferred = {question: question * 10 + choice for question, choice in enumerate(key)}
    answers = {question: question * 10 + choice for question, choice in enumerate(said) if choice}
    straight = score(range(len(key)), preferred, answers, minimum)
    shuffled = score(order, preferred, dict(reversed(answers.items())), minimum)
    assert (straight.right, straight.needed, straight.passed) == (shuffled.right, shuffled.needed, shuffled.passed)
    assert {order[number - 1] for number in shuffled.missed} == {number - 1 for number in straight.missed}
    assert (
        straight.right == sum(a == b for a, b in zip(key, said, strict=True)) == straight.total - len(straight.missed)
    )
    assert straight.passed == (straight.right * 100 >= minimum * straight.total)
    assert set(scoring.unanswered(order, answers)) <= set(shuffled.missed)


@given(sheets)
def test_an_answer_to_another_version_of_a_question_counts_for_nothing(sheet: tuple) -> None:
    key, said, _, minimum = sheet
    preferred = dict(enumerate(key))
    given_ = {question: choice for question, choice in enumerate(said) if choice}
    older = {question + 1000: choice for question, choice in enumerate(key)}
    assert score(range(len(key)), preferred, given_ | older, minimum) == score(
        range(len(key)), preferred, given_, minimum
    )


def test_four_of_five_pass_at_80_percent_and_three_do_not() -> None:
    assert scoring.needed(5, 80) == 4
    assert scoring.needed(6, 80) == 5
    assert Score(5, 4, 4, (2,)).passed
    assert not Score(5, 4, 3, (1, 2)).passed
    assert Score(6, 5, 5, (1,)).percent == 83


@given(st.integers(1, 40))
def test_credit_goes_in_quarter_steps_and_reads_as_the_ama_writes_it(quarters: int) -> None:
    assert scoring.credits_of(quarters) * 4 == quarters
    assert scoring.steps(quarters)[0] == quarters
    assert scoring.steps(quarters)[-1] == 1
    assert [scoring.in_words(n) for n in (1, 2, 3, 4, 5, 40)] == ["0.25", "0.5", "0.75", "1.0", "1.25", "10.0"]


@given(st.integers(100_000_000, 299_999_999), st.integers(0, 8), st.integers(1, 9))
def test_an_npi_with_one_wrong_digit_is_found_out(body: int, place: int, by: int) -> None:
    npi = next(f"{body}{last}" for last in range(10) if licenses._luhn(f"80840{body}{last}") % 10 == 0)
    assert licenses.clean_npi(f" {npi[:3]}-{npi[3:]} ") == npi
    wrong = npi[:place] + str((int(npi[place]) + by) % 10) + npi[place + 1 :]
    with pytest.raises(ValueError, match="NPI"):
        licenses.clean_npi(wrong)


def test_the_npi_of_the_standard_is_right_and_its_neighbors_are_wrong() -> None:
    assert licenses.clean_npi("1234567893") == "1234567893"
    for wrong in ("1234567890", "12345678", "1234567893x", "", "3234567893"):
        with pytest.raises(ValueError, match="NPI"):
            licenses.clean_npi(wrong)


def test_licenses_and_birthdays_are_asked_for_what_can_be_told() -> None:
    assert licenses.clean_license("FL", " me 12345 ") == "ME 12345"
    for state, number in (("XX", "12345"), ("", "12345"), ("FL", "none"), ("FL", "1<script>"), ("FL", "1" * 21)):
        with pytest.raises(ValueError, match=r"state|license"):
            licenses.clean_license(state, number)
    assert licenses.clean_birthday("2/29") == "02-29"
    for wrong in ("02-30", "13-01", "1970-04-27", "April", ""):
        with pytest.raises(ValueError, match="MM-DD"):
            licenses.clean_birthday(wrong)
