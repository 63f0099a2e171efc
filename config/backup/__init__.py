"""A backup that proves itself: what is written, how it is brought back, and how the two are compared.

`writing.py` makes a folder of dump, files and manifest; `restoring.py` brings it into an empty database and folder;
`fingerprint.py` says what a database holds in numbers that can be compared; `programs.py` finds pg_dump.
"""
