"""A form of 3 MB leaves nothing behind in the process that refused it (config/allocator.py)."""

import subprocess
import sys
from pathlib import Path

import pytest

from config import allocator

ROOT = Path(__file__).parent.parent
#: Forms come and go, and after each something small stays. Prints what glibc holds and nobody uses, in bytes.
FORMS = """
import ctypes, sys
from config import allocator
class Told(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena n s m mapped u f used free kept".split()]
libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Told
if sys.argv[1] == "tight":
    assert allocator.keep_tight()
stays = []
for _ in range(8):
    form = bytearray(3_000_000)
    stays.append(bytearray(4_000))
    del form
print(libc.mallinfo2().free)
"""


def unused(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", FORMS, how], cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not allocator.is_glibc(), reason="Another C library has an allocator of its own.")
def test_forms_of_3_mb_go_back_to_the_system() -> None:
    assert unused("as it is") > 2_500_000, "what this is for"
    assert unused("tight") < 1_000_000


def test_the_web_server_begins_with_it_before_it_makes_its_processes() -> None:
    source = (ROOT / "config/gunicorn.py").read_text()
    assert source.index("allocator.keep_tight()") < source.index("\nworkers = ")
