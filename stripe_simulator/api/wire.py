"""Stripe's wire rules: keys, versions, idempotency, parameter checks, error replies, faults on order.

`answer` takes one /v1 request and returns (status, headers, body); it is the only caller of the endpoints.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from .. import contract, wheel
from ..blank import Json
from ..errors import ApiError, invalid
from ..form import bracketed, parse_form
from ..knobs import Fault, chance_fault, take_fault
from ..sandbox import DAY, Sandbox
from .expanding import expand
from .private import private_endpoint
from .routing import ENDPOINTS, Call

Answer = tuple[int, dict[str, str], Json]

FAULT_ERRORS = {
    "500": ("api_error", None, "Something went wrong on Stripe's end."),
    "503": ("api_error", None, "Stripe is temporarily unavailable."),
    "429": ("rate_limit_error", "rate_limit", "Too many requests hit the API too quickly."),
    "409": (
        "invalid_request_error",
        "idempotency_key_in_use",
        "There is currently another in-progress request using this Idempotency Key.",
    ),
    "lock_timeout": (
        "invalid_request_error",
        "lock_timeout",
        "This object cannot be accessed right now; please retry.",
    ),
}
LONGEST_KEY = 255
WINDOW = 1.0  # seconds over which `rate_limit` counts
CODES = {"unknown": "parameter_unknown", "missing": "parameter_missing"}


class ConnectionCutError(Exception):
    """The connection is to be cut without a reply."""


@dataclass(frozen=True)
class Request:
    """A request to /v1 as it came: `form` is the encoded body of a POST, else the query."""

    method: str
    path: str
    form: str
    authorization: str = ""
    version: str = ""
    key: str | None = None

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.name}\n{self.form}".encode()).hexdigest()


class Api:
    """Stripe's API over one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._in_flight: set[str] = set()
        self._guard = threading.Lock()
        self._recent: list[float] = []

    def answer(self, request: Request) -> Answer:
        request_id = "req_" + secrets.token_hex(7)
        headers = {"Request-Id": request_id, "Stripe-Version": wheel.api_version()}
        if request.key:
            headers["Idempotency-Key"] = request.key
        try:
            check_caller(request)
            self._check_rate()
            with self._only_once(request):
                status, body, replayed = self._answer_with_faults(request, request_id)
        except ApiError as error:
            status, body, replayed = error.status, error.body(request_id), False
            headers |= error.headers
        except ConnectionCutError:
            self._log(request, request_id, 0, {}, False)
            raise
        if replayed:
            headers["Idempotent-Replayed"] = "true"
        self._log(request, request_id, status, body, replayed)
        return status, headers, body

    def _check_rate(self) -> None:
        """With the knob `rate_limit`: so many requests a second of real time, then 429."""
        limit, now = self.sandbox.knobs.rate_limit, time.monotonic()
        with self._guard:
            self._recent = [at for at in self._recent if at > now - WINDOW] if limit else []
            if len(self._recent) < limit or not limit:
                self._recent.append(now)
                return
        raise fault_error(Fault("", "429"), {"Stripe-Rate-Limited-Reason": "global-rate"})

    def _answer_with_faults(self, request: Request, request_id: str) -> tuple[int, Json, bool]:
        with self.sandbox.lock:
            knobs = self.sandbox.knobs
            by_chance = chance_fault(knobs, request.name, self._count()) if knobs.api_fault_p else None
        self._fail_if_told(request, "before", by_chance)
        answer = self._remembered(request) or self._perform(request, request_id)
        self._fail_if_told(request, "after", by_chance)
        return answer

    def _count(self) -> int:
        number = int(self.sandbox.store.setting("requests", 0)) + 1
        self.sandbox.store.set("requests", number)
        return number

    # Idempotency

    @contextmanager
    def _only_once(self, request: Request) -> Iterator[None]:
        """A key whose first request is still under way is refused with a 409; the client comes again."""
        key = request.key if request.method == "POST" else None
        if key and len(key) > LONGEST_KEY:
            raise invalid(f"Idempotency keys can have at most {LONGEST_KEY} characters.")
        with self._guard:
            if key and key in self._in_flight:
                raise ApiError(
                    409,
                    "There is currently another in-progress request using this Idempotency Key.",
                    code="idempotency_key_in_use",
                )
            self._in_flight |= {key} if key else set()
        try:
            yield
        finally:
            with self._guard:
                self._in_flight -= {key} if key else set()

    def _remembered(self, request: Request) -> tuple[int, Json, bool] | None:
        if request.method != "POST" or not request.key:
            return None
        with self.sandbox.lock:
            oldest = self.sandbox.now() - DAY
            row = self.sandbox.store.row("SELECT * FROM idempotency WHERE key = ? AND created > ?", request.key, oldest)
        if row is None:
            return None
        if row["digest"] != request.digest:
            raise ApiError(
                400,
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{request.key}' if you meant to execute a different request.",
                kind="idempotency_error",
            )
        return row["status"], json.loads(row["body"]), True

    # The request itself

    def _perform(self, request: Request, request_id: str) -> tuple[int, Json, bool]:
        """Runs the endpoint in one transaction together with the memory of its reply."""
        key = request.key if request.method == "POST" else None
        fault = self._take_fault(request, "stored")
        with self.sandbox.transaction(request_id, key):
            try:
                undone = fault is not None and fault.phase == "stored_undone"
                status, body = 200, {} if undone else self._execute(request)
            except ApiError as error:
                if not error.executed:
                    raise
                status, body = error.status, error.body(request_id)
            if fault:  # what its key repeats from now on
                failed = fault_error(fault)
                status, body = failed.status, failed.body(request_id)
            if key:
                self._remember(key, request, request_id, status, body)
        return status, body, False

    def _remember(self, key: str, request: Request, request_id: str, status: int, body: Json) -> None:
        self.sandbox.store.db.execute(
            "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?)",
            (key, request.digest, status, json.dumps(body), request_id, self.sandbox.now()),
        )

    def _execute(self, request: Request) -> Json:
        private = private_endpoint(request.method, request.path)
        if private:
            self.sandbox.run_due()
            return private(self.sandbox, parse_form(request.form))
        found = contract.route(request.method, request.path)
        if found is None:
            raise invalid_url(request)
        template, operation = found
        endpoint = ENDPOINTS.get(f"{request.method} {template}")
        if endpoint is None:
            raise ApiError(501, f"The local Stripe does not know {request.method} {template}.", kind="api_error")
        params = read_params(request, operation)
        wishes = params.pop("expand", [])
        ids = tuple(
            unquote(part)
            for part, name in zip(request.path.split("/"), template.split("/"), strict=True)
            if name.startswith("{")
        )
        self.sandbox.run_due()
        with self.sandbox.on_clock(*_named(template, ids, params)):
            reply = expand(self.sandbox, endpoint(Call(self.sandbox, params, ids, request.path)), wishes)
        if self.sandbox.strict:
            self.sandbox.report(request.name, contract.check_response(request.method, request.path, reply))
        return reply

    # Faults and the log

    def _take_fault(self, request: Request, phase: Any) -> Fault | None:
        with self.sandbox.lock:
            faults = self.sandbox.knobs.faults
            fault = take_fault(faults, request.name, phase)
            if fault:
                self.sandbox.turn(faults=faults)
        return fault

    def _fail_if_told(self, request: Request, phase: Any, by_chance: Fault | None) -> None:
        fault = self._take_fault(request, phase)
        if fault is None and by_chance and by_chance.phase.startswith(phase):
            fault = by_chance
        if fault:
            commit_fault(fault)

    def _log(self, request: Request, request_id: str, status: int, body: Json, replayed: bool) -> None:
        with self.sandbox.lock:
            self.sandbox.store.add(
                "request",
                id=request_id,
                at=self.sandbox.now(),
                method=request.method,
                path=request.path,
                params=json.dumps(parse_form(request.form)),
                status=status,
                reply=json.dumps(body),
                idempotency_key=request.key,
                replayed=int(replayed),
            )


def _named(template: str, ids: tuple[str, ...], params: Json) -> list[str]:
    """The objects whose test clock a request goes by. A new Checkout Session lives in the time of its visitor."""
    if template == "/v1/checkout/sessions":
        return []
    names = ("test_clock", "customer", "subscription", "invoice", "charge", "payment_intent")
    return [*ids, *(str(params[name]) for name in names if isinstance(params.get(name), str))]


def commit_fault(fault: Fault) -> None:
    if fault.kind == "slow":
        time.sleep(fault.seconds)
    elif fault.kind == "reset":
        raise ConnectionCutError
    else:
        raise fault_error(fault)


def fault_error(fault: Fault, headers: dict[str, str] | None = None) -> ApiError:
    """Stripe's reply to a request that fails in this way."""
    kind, code, message = FAULT_ERRORS.get(fault.kind, FAULT_ERRORS["500"])
    status = {"lock_timeout": 429}.get(fault.kind) or int(fault.kind) if fault.kind in FAULT_ERRORS else 500
    error = ApiError(status, message, kind=kind, code=code)
    error.headers = (headers or {}) | ({"Stripe-Should-Retry": fault.should_retry} if fault.should_retry else {})
    return error


def invalid_url(request: Request) -> ApiError:
    return ApiError(404, f"Unrecognized request URL ({request.method}: {request.path}).")


def api_key(authorization: str) -> str:
    """The key of `Bearer <key>`, or the user name of HTTP Basic."""
    scheme, _, told = authorization.partition(" ")
    if scheme == "Basic":
        with suppress(ValueError):
            return base64.b64decode(told, validate=True).decode().partition(":")[0]
    return told if scheme == "Bearer" else ""


def check_caller(request: Request) -> None:
    """Only a test key made for the local Stripe, and only the API version its contract was derived from."""
    key = api_key(request.authorization)
    if not key:
        raise ApiError(
            401, "You did not provide an API key. Provide it in the Authorization header, using Bearer auth."
        )
    if key.startswith(("sk_live_", "rk_live_")):
        raise ApiError(401, "This is the local Stripe, where no money moves: a live key has no business here.")
    if not key.startswith(("sk_test_", "rk_test_")):
        raise ApiError(401, f"Invalid API Key provided: {key[:8]}****")
    if request.version != wheel.api_version() and not private_endpoint(request.method, request.path):
        told = request.version or "none"
        raise invalid(f"The client must pin Stripe-Version {wheel.api_version()}; it sent {told}.")


def read_params(request: Request, operation: Json) -> Json:
    """The request's parameters with their types; the first that breaks the contract is refused by name."""
    data, schema = parse_form(request.form), contract.request_schema(operation)
    problems = contract.check(data, schema, form=True) or contract.emptied(data, schema)
    if problems:
        raise refusal(problems[0])
    typed: Json = contract.coerce(data, schema)
    check_metadata(typed)
    return typed


def refusal(problem: contract.Problem) -> ApiError:
    if problem.kind == "unknown":
        return invalid(f"Received unknown parameter: {problem.param}", problem.param, "parameter_unknown")
    if problem.kind == "missing":
        return invalid(f"Missing required param: {problem.param}.", problem.param, "parameter_missing")
    kind = "integer" if "integer" in problem.detail else "empty" if problem.detail.startswith("''") else "string"
    return invalid(f"Invalid {problem.param}: {problem.detail}", problem.param, f"parameter_invalid_{kind}")


def check_metadata(params: Any, place: tuple[str | int, ...] = ()) -> None:
    """At most 50 keys of 40 characters with values of 500, wherever metadata occurs."""
    items = params.items() if isinstance(params, dict) else enumerate(params) if isinstance(params, list) else ()
    for name, value in items:
        if name == "metadata" and isinstance(value, dict):
            _check_entries(value, bracketed((*place, name)))
        else:
            check_metadata(value, (*place, name))


def _check_entries(metadata: Json, param: str) -> None:
    if len(metadata) > 50:
        raise invalid("Metadata can have at most 50 keys.", param)
    for key, value in metadata.items():
        if len(key) > 40:
            raise invalid(f"Metadata keys can have at most 40 characters: {key!r}.", f"{param}[{key}]")
        if len(str(value)) > 500:
            raise invalid("Metadata values can have at most 500 characters.", f"{param}[{key}]")
