"""Every temporal expression of an article, resolved or honestly open.

``find_dates`` is what the pipeline calls, ``parse_publication`` reads metadata, ``explain`` says on the
terminal what was found and why.
"""

from __future__ import annotations

from flows.extract.dates.publication import parse_publication
from flows.extract.dates.report import Explanation, explain, find_dates

__all__ = ["Explanation", "explain", "find_dates", "parse_publication"]
