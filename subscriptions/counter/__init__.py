"""Usage as libraries and publishers know it: COUNTER, Code of Practice Release 5.1 (https://cop5.countermetrics.org).

a page is answered     actions.py      what of it counts, and as what
  → recording.py       a buffer in the process, written in batches behind the readers' backs
  → processing.py      double-clicks and uniques: events become monthly counts (a nightly job)
  → asking.py          what a report was asked for, and COUNTER's exceptions
  → counting.py        the counts of that report
  → tabular.py, json_form.py    the report in its two exact forms
kbart.py               the holdings, so that a library's tools know what there is to count
"""
