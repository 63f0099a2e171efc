"""The token of a page's form, masked as Django masks it, in a twentieth of its time.

Django draws each letter of the mask by itself: 32 calls of the kernel, a third of a reader's kept article. Here all are
drawn at once. What comes out is the same (tests/test_readers_pages.py): Django checks it.
"""

import operator
import os
import threading

from django.middleware.csrf import CSRF_ALLOWED_CHARS

_LETTERS = CSRF_ALLOWED_CHARS.encode()
_COUNT = len(_LETTERS)
_FAIR = 256 - 256 % _COUNT  # bytes from here on would favor the first letters
_UNFAIR = bytes(range(_FAIR, 256))
_NUMBER = bytes(_LETTERS.find(byte) % 256 for byte in range(256))
_LETTER = bytes(_LETTERS[byte % _COUNT] for byte in range(256))


class _Drawn(threading.local):
    """Letters for the next masks of a thread. Each turn to the kernel gives the interpreter to another thread."""

    rest = b""

    def letters(self, number: int) -> bytes:
        while len(self.rest) < number:
            self.rest = os.urandom(64 * number).translate(_LETTER, _UNFAIR)
        taken, self.rest = self.rest[:number], self.rest[number:]
        return taken


_drawn = _Drawn()


def masked(secret: str) -> str:
    """A token for a secret of Django's letters: a mask, and the secret moved by it."""
    mask = _drawn.letters(len(secret))
    moved = bytes(map(operator.add, secret.encode().translate(_NUMBER), mask.translate(_NUMBER)))
    return (mask + moved.translate(_LETTER)).decode()
