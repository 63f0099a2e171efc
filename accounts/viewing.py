"""Whether a member of staff looks at a page as its reader sees it (desk/viewing_as.py).

Such a look is not the reader's: nothing may count it, start by it or keep it as theirs.
"""

from django.http import HttpRequest


def is_by_staff(request: HttpRequest) -> bool:
    return getattr(request, "viewed_by", None) is not None
