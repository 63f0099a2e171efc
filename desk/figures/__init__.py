"""Figures over time for the staff: counted by the database in the journal's time zone, drawn on the server."""
