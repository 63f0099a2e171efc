"""What changes if: who and what gains or loses access by a change, shown before it is saved. Nothing here writes."""
