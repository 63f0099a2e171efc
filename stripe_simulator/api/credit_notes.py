"""Credit notes."""

from __future__ import annotations

from .. import credit_notes
from ..blank import Json
from .catalog import merged_metadata
from .routing import Call, endpoint, page, resource

resource("credit_note", "/v1/credit_notes", "id")


@endpoint("POST /v1/credit_notes")
def create(call: Call) -> Json:
    invoice = call.sandbox.require("invoice", call.params["invoice"], "invoice")
    return credit_notes.issue(call.sandbox, invoice, call.params)


@endpoint("GET /v1/credit_notes/preview")
def preview(call: Call) -> Json:
    with call.sandbox.rehearsal():
        return create(call)


@endpoint("POST /v1/credit_notes/{id}")
def update(call: Call) -> Json:
    note = call.sandbox.require("credit_note", call.id)
    changes = call.given("memo") | merged_metadata(note, call.params)
    return call.sandbox.update(note, "credit_note.updated", **changes)


@endpoint("POST /v1/credit_notes/{id}/void")
def void(call: Call) -> Json:
    return credit_notes.void(call.sandbox, call.sandbox.require("credit_note", call.id))


@endpoint("GET /v1/credit_notes/{credit_note}/lines")
def lines(call: Call) -> Json:
    return page(call, call.sandbox.require("credit_note", call.id)["lines"]["data"])
