"""What a hostile file might do to the process that opens it."""

import os
import time


def hang(*_arguments: object) -> None:
    time.sleep(600)


def spin(*_arguments: object) -> None:
    while True:
        pass


def eat(*_arguments: object) -> int:
    return len(bytearray(2 << 30))


def die(*_arguments: object) -> None:
    os._exit(1)


def well_behaved(words: str) -> str:
    return words.upper()
