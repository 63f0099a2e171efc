"""Many rows at once, by a table: exported, changed in a spreadsheet, looked at, applied whole or not at all."""
