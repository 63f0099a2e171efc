"""German: `22. November 2026`."""
