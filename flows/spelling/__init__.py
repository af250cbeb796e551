"""Spelling suggestions: words that look misspelt in all articles together.  Never part of an extraction."""
