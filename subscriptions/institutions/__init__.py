"""What institutions have beside a right: networks, seats, sign-ins, licenses, and a page of their own."""
