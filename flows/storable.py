"""Text as PostgreSQL and UTF-8 can hold it: neither NUL nor lone surrogates."""

from __future__ import annotations

import hashlib
import re

_REFUSED = re.compile("[\0\ud800-\udfff]")  # what PostgreSQL's text cannot hold
_ESCAPED = re.compile("[\udc80-\udcff]")  # a byte of a file name that is no UTF-8 (surrogateescape)
# an escaped NUL; after an odd number of backslashes it is one that somebody wrote out
_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
_URI_LIMIT = 2000  # bytes; an index row has an end


def storable(text: str) -> str:
    """``text`` with NUL and lone surrogates as U+FFFD, one for one, so that spans keep their places."""
    return _REFUSED.sub("\ufffd", text) if _REFUSED.search(text) else text


def storable_json(text: str) -> str:
    """JSON as PostgreSQL's jsonb can hold it: neither escaped NUL nor lone surrogates."""
    return storable(_ESCAPED_NUL.sub("\\1\ufffd", text) if "\\u0000" in text else text)


def storable_uri(uri: str) -> str:
    """A URI that PostgreSQL can hold and index; different ones stay different.

    Bytes of a file name that are no UTF-8 become ``\\xNN``, what is too long is cut; both end in a hash.
    """
    kept = uri
    if _REFUSED.search(uri):
        kept = _ESCAPED.sub(lambda m: f"\\x{ord(m.group()) - 0xDC00:02x}", uri)
        kept = _REFUSED.sub(lambda m: f"\\u{ord(m.group()):04x}", kept)
    encoded = kept.encode()
    if kept is uri and len(encoded) <= _URI_LIMIT:
        return uri
    kept = encoded[: _URI_LIMIT - 40].decode("utf-8", "ignore")
    return f"{kept}#{hashlib.blake2b(uri.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"
