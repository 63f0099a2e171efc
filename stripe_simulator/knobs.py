"""What a test or a visitor of the console may turn: how webhooks behave and which requests fail."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from .errors import ApiError

REDIRECTS = ("wait", "redirect_first", "webhook_never")
ORDERS = ("created", "shuffled", "reversed", "held_back_one")
SIGNATURES = ("ok", "wrong_secret", "stale", "future", "none", "rolled")
DUNNING_ENDS = ("cancel", "unpaid", "past_due")
REFUNDS = ("succeeded", "settles", "pending", "fails")
FAULTS = ("500", "503", "429", "409", "lock_timeout", "slow", "reset")
PHASES = ("before_execution", "after_execution", "stored", "stored_undone")
SCHEDULES = {  # seconds after each failure: Stripe's sandboxes try three times, live accounts for three days
    "sandbox": [300.0, 3_600.0, 7_200.0],
    "live": [300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 43_200.0, 43_200.0, 43_200.0, 43_200.0],
}


@dataclass
class Fault:
    """The next `times` requests whose "METHOD /path" starts with `endpoint` ("*": any) fail: before or after being
    executed, or while they are, when the failure is what their idempotency key repeats from then on (`stored`; with
    `stored_undone` nothing was done). `should_retry` sends the header Stripe-Should-Retry."""

    endpoint: str
    kind: str = "500"
    phase: str = "before_execution"
    times: int = 1
    seconds: float = 1.0
    should_retry: str = ""

    def __post_init__(self) -> None:
        self.kind, self.times, self.seconds = str(self.kind), int(self.times), float(self.seconds)
        _one_of("kind", self.kind, FAULTS)
        _one_of("phase", self.phase, PHASES)


@dataclass
class Knobs:
    """All knobs with their rest positions. Delays are in seconds, `retry_schedule` in seconds after each failure."""

    redirect: str = "wait"
    order: str = "created"
    sign: str = "ok"
    duplicate_p: float = 0.0
    drop_p: float = 0.0
    delay: float = 0.0
    concurrency: int = 1
    seed: int = 0
    timeout: float = 10.0
    retry_schedule: list[float] = field(default_factory=lambda: SCHEDULES["sandbox"])
    jitter: float = 0.0
    truncate_p: float = 0.0
    disable_after: float = 0.0
    api_fault_p: float = 0.0
    rate_limit: int = 0
    subscription_starts_incomplete: bool = False
    dunning_end: str = "cancel"
    dispute_cancels_subscription: bool = False
    refunds: str = "succeeded"
    terms_url: str = "https://example.org/terms"
    stale_reads: float = 0.0
    faults: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        if isinstance(self.retry_schedule, str):
            _one_of("retry_schedule", self.retry_schedule, tuple(SCHEDULES))
            self.retry_schedule = SCHEDULES[self.retry_schedule]
        _one_of("redirect", self.redirect, REDIRECTS)
        _one_of("order", self.order, ORDERS)
        _one_of("sign", self.sign, SIGNATURES)
        _one_of("dunning_end", self.dunning_end, DUNNING_ENDS)
        _one_of("refunds", self.refunds, REFUNDS)
        for item in fields(self):
            setattr(self, item.name, _as(item.default, getattr(self, item.name)))
        for fault in self.faults:
            Fault(**fault)


def _as(default: Any, value: Any) -> Any:
    """A value from a form, in the type of the knob's default."""
    if isinstance(default, bool):
        return str(value).lower() in ("true", "1", "yes", "on")
    if isinstance(default, int | float):
        return type(default)(value)
    return value


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ApiError(400, f"{name} is one of {', '.join(allowed)}, not {value!r}.", param=name)


def take_fault(faults: list[dict[str, Any]], request: str, phase: Literal["before", "after", "stored"]) -> Fault | None:
    """The first fault that fits "METHOD /path" in this phase, counted down in place."""
    for fault in faults:
        told = Fault(**fault)
        if (
            told.times > 0
            and told.phase.startswith(phase)
            and (told.endpoint == "*" or request.startswith(told.endpoint))
        ):
            fault["times"] = told.times - 1
            return told
    return None


CHANCES = [(kind, phase) for kind in ("500", "503", "reset") for phase in PHASES[:2]]
CHANCES += [("429", "before_execution"), ("409", "before_execution"), ("lock_timeout", "before_execution")]


def chance_fault(knobs: Knobs, request: str, number: int) -> Fault | None:
    """With `api_fault_p`, by the seed and the request's number: the fault this request is to suffer."""
    chance = random.Random(f"{knobs.seed}:fault:{number}")  # noqa: S311  it is to repeat
    if chance.random() >= knobs.api_fault_p:
        return None
    kind, phase = chance.choice(CHANCES)
    return Fault(request, kind, phase)
