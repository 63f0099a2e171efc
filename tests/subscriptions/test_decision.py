"""The decision against a slow oracle that was written apart from it: any rights, in any order, at any moment."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from journal.access import Reason
from subscriptions.access import Facts, Right, decide

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
PUBLISHED = date(2026, 6, 1)
moments = st.one_of(st.none(), st.sampled_from([NOW + timedelta(hours=hours) for hours in (-100, -1, 0, 1, 100)]))
days = st.one_of(st.none(), st.sampled_from([PUBLISHED + timedelta(days=number) for number in (-30, -1, 0, 1, 30)]))
KINDS = ["purchase", "subscription", "institution", "complimentary", "access_code", "membership", "gift"]


@st.composite
def rights(draw: st.DrawFn) -> Right:
    dates = {
        "starts_at": draw(moments), "ends_at": draw(moments), "covers_from": draw(days), "covers_until": draw(days),
        "revoked_at": draw(st.one_of(st.none(), st.just(NOW))),
    }  # fmt: skip
    source = str(draw(st.integers(0, 10**6)))
    if draw(st.booleans()):
        return Right(1, draw(st.sampled_from(KINDS)), source, **dates)
    return Right(1, "rental", source, reading_seconds=3600, open_by=draw(moments), opened_at=draw(moments), **dates)


def opens(right: Right) -> bool:
    """The oracle: one right, said as plainly as possible."""
    if right.revoked_at is not None:
        return False
    begun = right.starts_at is None or right.starts_at <= NOW
    unended = right.ends_at is None or right.ends_at > NOW
    early = right.covers_from is not None and right.covers_from > PUBLISHED
    late = right.covers_until is not None and right.covers_until < PUBLISHED
    started = right.reading_seconds is None or right.opened_at is not None
    return begun and unended and started and not early and not late


controlled = Facts("research-article", "controlled", None, PUBLISHED)


@given(held=st.lists(rights(), max_size=6))
def test_access_is_granted_exactly_when_some_right_opens(held: list[Right]) -> None:
    access = decide(controlled, held, NOW, TODAY)
    assert access.granted == any(opens(right) for right in held)
    assert len(access.considered) == len(held)


@given(held=st.lists(rights(), max_size=6), data=st.data())
def test_the_order_of_the_rights_does_not_matter(held: list[Right], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(held))
    one, other = decide(controlled, held, NOW, TODAY), decide(controlled, shuffled, NOW, TODAY)
    assert (one.granted, one.reason, one.until) == (other.granted, other.reason, other.until)


@given(held=st.lists(rights(), max_size=5), more=rights())
def test_one_more_right_never_takes_access_away(held: list[Right], more: Right) -> None:
    if decide(controlled, held, NOW, TODAY).granted:
        assert decide(controlled, [*held, more], NOW, TODAY).granted


@given(held=st.lists(rights(), max_size=5))
def test_a_rental_or_a_gift_alone_never_opens_the_pdf(held: list[Right]) -> None:
    access = decide(controlled, held, NOW, TODAY)
    better = any(opens(right) for right in held if right.kind not in ("rental", "gift"))
    assert access.allows_pdf == better


@given(held=st.lists(rights(), max_size=5), free=st.sampled_from([TODAY - timedelta(days=1), TODAY]))
def test_free_is_free_whoever_asks(held: list[Right], free: date) -> None:
    access = decide(Facts("research-article", "controlled", free, PUBLISHED), held, NOW, TODAY)
    assert access.granted
    assert access.reason == Reason.FREE_TO_READ
