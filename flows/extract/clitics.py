"""The written form of a name whose article was swallowed: للأمن is ل + الأمن, للجنة is ل + اللجنة."""

from __future__ import annotations

from flows.clean.normalize import fold
from flows.extract.gazetteer import gazetteer
from flows.extract.noun_phrases import organization_heads
from flows.records import Article, Mention

_DOUBLED = (
    "لجن",
    "لغه",
    "لغو",
    "لقاء",
    "لواء",
    "ليل",
    "لبنان",
    "ليبي",
    "لقب",
    "ليغا",
    "لاجي",
    "لوبي",
    "ليكود",
)


def written(article: Article, mention: Mention) -> str:
    """The mention's name as it is written without clitics, blanks folded.

    ``mention.span`` covers only what the text has; where ل swallowed the alif of ال (``mention.elided``), the
    article is given back here: للأمن -> الأمن, the form that readers and annotators call the name.
    """
    text = " ".join(article.text.text[mention.span[0] : mention.span[1]].split())
    return restore(text) if mention.elided else text


def restore(text: str) -> str:
    """Give a name its article back.

    >>> restore("لأمن الوطني"), restore("لجنة الأولمبية")
    ('الأمن الوطني', 'اللجنة الأولمبية')
    """
    folded = fold(text)
    lists = gazetteer().by_name
    if "ا" + folded in lists:
        return "ا" + text
    if "ال" + folded in lists or folded.split(" ")[0] in organization_heads() or folded.startswith(_DOUBLED):
        return "ال" + text
    return "ا" + text
