"""Registering articles with Crossref: the deposit as XML (schema 5.5.0), and sending it.

`batch` puts a deposit together, `article` writes one article, `people`, `markup` and `rights` its parts; `sending`
speaks with Crossref's server. Only what everybody may know is deposited.
"""

from journal.crossref.batch import Deposit, deposit_of

__all__ = ["Deposit", "deposit_of"]
