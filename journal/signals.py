"""What the journal tells the apps above it, which it does not know."""

from django.dispatch import Signal

# The full text, or its PDF, of an article with an open CME activity goes to a reader: `article`, `access`, `request`.
# Sent robustly: whatever a listener does, the reader gets the page.
text_given = Signal()
