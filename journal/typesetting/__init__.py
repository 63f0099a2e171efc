"""A PDF from the full text, for articles whose publisher supplies none: tagged (PDF/UA-1), and marked as the site's.

The rendered HTML becomes a tree of plain data (`tree`, `mathematics`), which a fixed Typst layout (`article.typ`)
walks. No word of an article ever becomes Typst code. `typeset` runs in the worker; `job` is the background job.
"""
