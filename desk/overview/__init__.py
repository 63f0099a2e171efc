"""What the staff's start page says: what needs attention, for each role what it may see."""
