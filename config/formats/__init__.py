"""How dates and times are written, one package a language. Templates name a format, never letters of their own."""
