"""English: `November 22, 2026`."""
