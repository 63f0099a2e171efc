"""Stripe's error replies."""

from __future__ import annotations

from typing import Any

DOCS = "https://stripe.com/docs/error-codes"


class ApiError(Exception):
    """One error reply. `executed` says that the request had begun to act: its reply is kept for the idempotency key
    and what it changed stays."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        executed: bool = False,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.kind, self.code, self.param = status, message, kind, code, param
        self.executed, self.extra = executed, extra
        self.headers: dict[str, str] = {}

    def body(self, request_id: str = "") -> dict[str, Any]:
        error: dict[str, Any] = {"type": self.kind, "message": self.message}
        if request_id:
            error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        if self.code:
            error |= {"code": self.code, "doc_url": f"{DOCS}/{self.code.replace('_', '-')}"}
        if self.param:
            error["param"] = self.param
        return {"error": error | self.extra}


def invalid(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    """A 400 about a parameter, raised before anything was done."""
    return ApiError(400, message, param=param, code=code)


def missing(kind: str, identifier: str, param: str | None) -> ApiError:
    """Stripe says 404 when the object is the one in the path, 400 when a parameter names it."""
    name = kind.rsplit(".", 1)[-1].replace("_", " ")
    status = 404 if param == "id" or param is None else 400
    return ApiError(status, f"No such {name}: '{identifier}'", code="resource_missing", param=param, executed=True)
