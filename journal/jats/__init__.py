"""JATS XML to the parts of an article page. `parse.read`, then `render`: see docs/jats.md."""

from journal.jats.document import ArticleDoc, Image, Images, Problem
from journal.jats.parse import JatsError, parse, read

__all__ = ["ArticleDoc", "Image", "Images", "JatsError", "Problem", "parse", "read"]
