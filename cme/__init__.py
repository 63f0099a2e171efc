"""Credit for reading (CME): from an article's activity to a certificate that anyone can verify."""
