"""How often a password or a code may be tried for one account, without ever locking its owner out.

Three counters: the owner's own browser (known from an earlier sign-in) has one of its own; all other browsers share
one for the account, so that guessing stays slow however many addresses it comes from; and each address has one, within
which a campus full of readers still fits. The answer is the same whether or not there is such an account.
"""

from dataclasses import dataclass

from django.http import HttpRequest

from accounts import devices
from accounts.rate_limits import give_back, is_allowed_for, network_of


@dataclass(frozen=True, slots=True)
class Limit:
    action: str
    most: int
    seconds: int


OWN_BROWSER = Limit("password-own", 20, 600)
OF_ACCOUNT = Limit("password-account", 15, 900)
OF_ADDRESS_AND_ACCOUNT = Limit("password-address-account", 5, 300)
OF_ADDRESS = Limit("password-address", 30, 60)
MAIL_OWN_BROWSER = Limit("mail-own", 5, 600)
MAIL_ACCOUNT = Limit("mail-account", 10, 3600)
MAIL_ADDRESS_AND_ACCOUNT = Limit("mail-address-account", 3, 300)

Counted = list[tuple[str, str]]


def count_password(request: HttpRequest, email: str) -> Counted | None:
    """Count one try. None: too many; else what `forgive` takes back if the password was right."""
    return _count(_limits(request, email, OWN_BROWSER, OF_ADDRESS_AND_ACCOUNT, OF_ACCOUNT, OF_ADDRESS))


def count_mail(request: HttpRequest, email: str) -> bool:
    """Whether one more code may be mailed to this address at this browser's wish."""
    return _count(_limits(request, email, MAIL_OWN_BROWSER, MAIL_ADDRESS_AND_ACCOUNT, MAIL_ACCOUNT, None)) is not None


def forgive(counted: Counted) -> None:
    for whom, action in counted:
        give_back(whom, action)


def _limits(
    request: HttpRequest, email: str, own: Limit, from_address: Limit, of_account: Limit, of_address: Limit | None
) -> list[tuple[str, Limit]]:
    account, network = email.strip().lower(), network_of(request)
    if devices.is_known(request, account):
        return [(f"{account} {devices.token_of(request)}", own)]
    limits = [(f"{account} {network}", from_address), (account, of_account)]
    return [*limits, (network, of_address)] if of_address else limits


def _count(limits: list[tuple[str, Limit]]) -> Counted | None:
    """The narrow limits first: what they refuse does not use up the wide ones, which others share."""
    counted: Counted = []
    for whom, limit in limits:
        if not is_allowed_for(whom, limit.action, most=limit.most, seconds=limit.seconds):
            return None
        counted.append((whom, limit.action))
    return counted
