"""Finding articles: one parser for what people type, and two engines that answer it.

`database` searches title, authors, keywords and abstract in PostgreSQL and needs nothing else. `fulltext` searches the
whole text in an index on this machine's disk; where that is missing or damaged, `database` answers. Neither shows a
word that is not for everybody: what a page quotes comes from title and abstract (`snippets`).
"""

from journal.search.database import entry

__all__ = ["entry"]
