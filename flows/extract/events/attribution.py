"""Who says so: the words of a sentence that hand what it tells to a source (بحسب, ذكر بلاغ, وفق مصدر)."""

from __future__ import annotations

from flows.extract.events.context import View, strip, words
from flows.records import Span, TokenKind

_LONGEST = 7  # tokens of a source: حسب بلاغ للمديرية العامة ...


def attribution(view: View, token: int) -> Span | None:
    """The span that names the source of the sentence around ``token``, None where it tells by itself."""
    sentence = view.sentence(token)
    classes = words()
    for k in range(sentence.first, sentence.last):
        word = view.words[k]
        plain = word[1:] if len(word) > 3 and word[0] == "و" else word
        according = plain in classes.according
        following = view.words[k + 1] if k + 1 < sentence.last else ""
        reports = plain in classes.reporting and strip(following) in classes.source_nouns
        if (according or reports) and k != token and view.entity_of[k] < 0:
            return _source(view, k, sentence.last)
    return None


def _source(view: View, start: int, last: int) -> Span:
    """From the introducing word to the end of the source's name or noun phrase."""
    end = start + 1
    while end < min(last, start + _LONGEST):
        if view.article.tokens[end].kind is TokenKind.PUNCTUATION:
            break
        word = view.words[end]
        if view.entity_of[end] < 0 and (word in words().subordinators or word in words().relatives):
            break
        end += 1
    tokens = view.article.tokens
    return tokens[start].start, tokens[end - 1].end
