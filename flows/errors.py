"""The error that ends a command as one line."""

from __future__ import annotations


class UserError(Exception):
    """Something that the person at the terminal can mend; printed as one line."""
