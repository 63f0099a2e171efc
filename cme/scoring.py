"""What an answer sheet is worth. Pure: numbers and ids in, numbers and ids out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

QUARTER = Decimal("0.25")


def needed(questions: int, minimum: int) -> int:
    """How many right answers pass: ceil(questions × minimum %), in whole numbers, so that nothing is rounded down."""
    return -(-questions * minimum // 100)


@dataclass(frozen=True, slots=True)
class Score:
    """`missed` are the numbers (1, 2, …) of the questions to look at again, in the order they stand on the page."""

    total: int
    needed: int
    right: int
    missed: tuple[int, ...]

    @property
    def passed(self) -> bool:
        return self.right >= self.needed

    @property
    def percent(self) -> int:
        """Rounded down: 79.9 % never reads as 80 %."""
        return self.right * 100 // self.total if self.total else 0


def score(order: Sequence[int], preferred: Mapping[int, int], given: Mapping[int, int], minimum: int) -> Score:
    """`order` are question ids as they stand on the page; `preferred` and `given` map them to choice ids."""
    missed = tuple(number for number, question in enumerate(order, 1) if given.get(question) != preferred[question])
    return Score(len(order), needed(len(order), minimum), len(order) - len(missed), missed)


def unanswered(order: Sequence[int], given: Mapping[int, int]) -> tuple[int, ...]:
    """The numbers of the questions without an answer."""
    return tuple(number for number, question in enumerate(order, 1) if question not in given)


def credits_of(quarters: int) -> Decimal:
    """Quarter steps as the number that is printed: 3 → 0.75, 4 → 1.00."""
    return quarters * QUARTER


def in_words(quarters: int) -> str:
    """`0.25`, `0.5`, `1.0`, `1.25`: as the AMA writes numbers of credits."""
    text = f"{credits_of(quarters):.2f}"
    return text.removesuffix("0")


def steps(most: int) -> list[int]:
    """What may be claimed, in quarters, the whole first."""
    return list(range(most, 0, -1))
