"""Makes the sample journal: manuscripts to JATS, JATS to PDF, code to figures and covers."""
