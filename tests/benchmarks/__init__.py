"""How fast the pages are: `make bench` (requests/s beside a bare view) and `make lighthouse` (as a phone sees them)."""
