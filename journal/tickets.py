"""Addresses of files that are sold: signed, for one reader, for minutes (docs/decisions/0057).

The address that is linked and cited stays the same for good. After the yes it leads on to itself with a ticket, and
only there the file is given out, after the decision once more. A ticket that is over or somebody else's counts as none:
who has a right gets a new one, who has none is shown the way to the article. So it opens nothing by itself.
"""

from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from journal.access import Access, Reader

SECONDS = 15 * 60  # a slow line fetches a large PDF in pieces; whoever comes later gets another ticket
PARAMETER = "ticket"
_signer = TimestampSigner(salt="journal.tickets")


def way_to_file(request: HttpRequest, reader: Reader, access: Access) -> HttpResponse | None:
    """On to the file's own address; None for whoever is there, and where everybody may have the file."""
    if access.is_public or _holds(request.GET.get(PARAMETER, ""), _what(request, reader)):
        return None
    return HttpResponseRedirect(f"{request.path}?{PARAMETER}={_ticket(_what(request, reader))}")


def _what(request: HttpRequest, reader: Reader) -> str:
    """What the ticket is for. It stands in no address: who asks must know it already."""
    return f"{request.path}\n{reader.bound_to}"


def _ticket(what: str) -> str:
    _, moment, signature = _signer.sign(what).rsplit(":", 2)
    return f"{moment}:{signature}"


def _holds(ticket: str, what: str) -> bool:
    try:
        return _signer.unsign(f"{what}:{ticket}", max_age=SECONDS) == what
    except BadSignature:
        return False
