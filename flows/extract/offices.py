"""Offices that people hold: the whole phrase as written, the body that it names, and since or until when.

A phrase stands before the name (وزير الخارجية الفرنسي فلان), after it between commas (فلان، الأمين العام
للحزب) or without them (فلان رئيسا للجنة), or is introduced (بصفته، الذي يشغل منصب).
"""

from __future__ import annotations

from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

from flows.extract.name_lexicon import is_ordinary, name_context, rule_words
from flows.extract.name_words import Words, without_clitics, words_of
from flows.extract.noun_phrases import nisbas
from flows.extract.office_words import office_heads, office_words
from flows.records import Article, Entity, EntityKind, Office

MAX_TITLE = 18  # words
_COMMAS = frozenset("،,-–")


class _Title(NamedTuple):
    person: int
    first: int
    last: int
    clitic: int


class _View(NamedTuple):
    """What each token belongs to."""

    words: Words
    person: dict[int, int]  # token -> entity of the person named there
    starts: dict[int, tuple[int, int]]  # first token of a person's mention -> (last token, entity)
    joined: set[int]  # first tokens of mentions with a clitic before them: وفلان
    named: dict[int, int]  # token -> entity, places and bodies


def find_offices(article: Article, entities: tuple[Entity, ...]) -> tuple[Office, ...]:
    """Offices of the article's people, by position; one for each person and phrase, the fullest wording."""
    view = _view(article, entities)
    words = view.words
    titles: list[_Title] = []
    held: dict[int, _Title] = {}  # last token of a person's mention -> the title before it
    follows: set[int] = set()  # last tokens of the titles that follow a name
    for first in sorted(view.starts):
        last, person = view.starts[first]
        before = _before(view, first, person)
        if before is not None and before.last in follows:
            before = None  # فلان، وزير كذا، فلان، وزير كذا
        before = before or _shared(view, first, person, held)
        if before is not None:
            held[last] = before
            titles += _parts_of(view, before)
            earlier = _earlier(view, before)
            if earlier is not None:
                titles.append(earlier)
        after = _after(view, last, person)
        if after is not None and _appoints(words, before.first if before else first):
            # عينه الملك فلان وزيرا: the office is not that of the one who appoints
            follows.add(after.last)
            other = _named_before(view, first)
            after = None if other is None else after._replace(person=other)
        if after is not None:
            follows.add(after.last)
            titles += _parts_of(view, after)
            titles += _further(view, after)
            if _of_several(words, after):
                titles += _shared_back(view, first, after)
    titles += _taken(view, follows)
    return _offices(view, titles, entities)


def _view(article: Article, entities: tuple[Entity, ...]) -> _View:
    words = words_of(article)
    person: dict[int, int] = {}
    starts: dict[int, tuple[int, int]] = {}
    joined: set[int] = set()
    named: dict[int, int] = {}
    for number, entity in enumerate(entities):
        for mention in entity.mentions:
            first, last = words.at(mention.span[0]), words.at(mention.span[1] - 1)
            if entity.kind is EntityKind.PERSON:
                starts[first] = (last, number)
                if mention.span[0] > words.start[first]:
                    joined.add(first)
                person.update(dict.fromkeys(range(first, last + 1), number))
            else:
                named.update(dict.fromkeys(range(first, last + 1), number))
    return _View(words, person, starts, joined, named)


@lru_cache(maxsize=1 << 16)
def _head(word: str) -> int | None:
    """How many clitic letters stand before the office word, None where it is none."""
    heads = office_heads()
    for clitic, form in without_clitics(word):
        if form in heads:
            return clitic
    return None


def _fits(view: _View, i: int) -> bool:
    """Whether token i can stand inside an office's phrase."""
    words = view.words
    word = words.text[i]
    listed = office_words()
    if i in view.named:
        return True
    if word in listed.ends or i in view.person or not words.is_word[i]:
        return word in ('"', "'", "(", ")") and i not in view.person
    if word.startswith(("ال", "لل", "وال", "بال", "ولل")) or word in listed.joins or word in nisbas():
        return True
    return _head(word) is not None


def _before(view: _View, first: int, person: int) -> _Title | None:
    """The phrase that ends right before the name at token ``first``."""
    words = view.words
    listed = office_words()
    context = name_context()
    if first in view.joined:
        return None
    j = first - 1
    commas = 0
    sentence = words.sentence[first]
    while j >= 0 and words.sentence[j] == sentence:
        word = words.text[j]
        if word in _COMMAS and not commas:
            commas += 1
        elif not _between(word, context.honorifics) and word not in ('"', "("):
            break
        j -= 1
    end = j
    if end >= 0 and end not in view.named and not _fits(view, end):
        return None
    best: tuple[int, int] | None = None
    loose = 0
    while j >= 0 and words.sentence[j] == sentence and end - j < MAX_TITLE:
        word = words.text[j]
        head = None if _adjective(words, j) else _head(word)
        if head is not None and j not in view.person and (j not in view.named or _starts_phrase(view, j)):
            best = (j, head)
            if not _goes_on(view, j, head):
                break
            loose = 0
        elif not _fits(view, j):
            # a noun in construct state: رئيس مجلس | النواب, وزير خارجية | فرنسا
            if word in listed.ends or j in view.person or not words.is_word[j]:
                break
            if not is_ordinary(word) or loose >= 3:
                break
            loose += 1
        j -= 1
    if best is None:
        return None
    start, clitic_length = best
    if commas and start == end:
        return None
    if start >= 3 and words.text[start - 3 : start] == _CUSTODIAN:
        start, clitic_length = start - 3, 0
    title = _Title(person, start, end, clitic_length)
    return title if _is_office(view, title) else None


def _adjective(words: Words, j: int) -> bool:
    """عضو الفريق البرلماني: an office word that describes the noun before it."""
    return (
        j > 0
        and words.text[j] in rule_words("adjectival")
        and words.text[j - 1].startswith(("ال", "لل", "بال", "وال"))
        and not words.break_before[j]
    )


def _is_office(view: _View, title: _Title) -> bool:
    """أستاذ التاريخ بجامعة فاس is an office, المؤرخ المغربي is none."""
    words = view.words
    if _form(words, title.first, title.clitic) not in office_words().company:
        return True
    rest = [words.text[i] for i in range(title.first + 1, title.last + 1)]
    rest = list(takewhile(lambda w: w not in office_words().describes, rest))
    return any(
        w not in nisbas() and _head(w) is None and w not in rule_words("plain") and not w.startswith("وال")
        for w in rest
    )


def _form(words: Words, i: int, clitic: int) -> str:
    """The word at token i without clitics, its article given back: للطبيبة -> الطبيبة."""
    word = words.text[i]
    return ("ا" if clitic and word[clitic - 1 : clitic + 1] == "لل" else "") + word[clitic:]


_CUSTODIAN = ["خادم", "الحرمين", "الشريفين"]


def _parts_of(view: _View, title: _Title) -> list[_Title]:
    """Two offices in construct state joined by و are two: مديرة المركز ورئيسة الهيئة.

    With articles they are one phrase: المدير العام للأمن الوطني والمدير العام لمراقبة التراب الوطني.
    """
    words = view.words
    for i in range(title.first + 2, title.last):
        word = words.text[i]
        if word in rule_words("spokesmen") and i > title.first + 2:
            return [title._replace(last=i - 1), title._replace(first=i, clitic=0)]
        if word[0] != "و" or _head(word) != 1 or (i in view.named and i - 1 in view.named):
            continue
        if word[1:].startswith("ال") or word[1:] in office_words().plural:
            continue
        return [title._replace(last=i - 1), *_parts_of(view, _Title(title.person, i, title.last, 1))]
    return [title]


def _earlier(view: _View, title: _Title) -> _Title | None:
    """A second office right before the first: قال وزير العدل رئيس المجلس الأعلى للقضاء فلان."""
    words = view.words
    if title.clitic or (
        words.text[title.first].startswith("ال") and words.text[title.first] not in rule_words("spokesmen")
    ):
        return None
    end = j = title.first - 1
    if end < 0 or words.sentence[end] != words.sentence[title.first]:
        return None
    while j >= 0 and end - j < 9 and words.sentence[j] == words.sentence[end]:
        if not _fits(view, j) or (words.text[j].startswith("و") and _head(words.text[j]) != 0):
            return None
        if _head(words.text[j]) == 0 and j not in view.named and not _goes_on(view, j, 0):
            k = j
            while k > 0 and words.text[k - 1] in name_context().honorifics:
                k -= 1
            opens = (
                k == 0
                or words.sentence[k - 1] != words.sentence[j]
                or words.text[k - 1] in rule_words("speech")
            )
            return _Title(title.person, j, end, 0) if opens and j < end else None
        j -= 1
    return None


def _between(word: str, honorifics: frozenset[str]) -> bool:
    """Forms of address and titles of rank between the office and the name: رئيس النادي | الأمير | فلان."""
    if word in office_words().company:
        return word.startswith("ال")
    return word in honorifics and _head(word) is None


def _starts_phrase(view: _View, j: int) -> bool:
    """An office word inside a listed name (مجلس رؤساء ...) begins nothing, unless the name begins with it."""
    return j == 0 or view.named.get(j - 1) != view.named[j]


def _goes_on(view: _View, j: int, clitic: int) -> bool:
    """Whether the phrase may begin further left than the office word at token j."""
    words = view.words
    if j == 0 or words.sentence[j - 1] != words.sentence[j]:
        return False
    before = words.text[j - 1]
    if clitic and words.text[j][0] in "ول":
        return True
    if before in office_words().joins or _head(before) is not None:
        return True
    # مدير مكتب رئيس الحكومة فلان, but of مدير مكتب الرئيس فلان the last word is the name's own
    return (
        j >= 2
        and not words.text[j].startswith("ال")
        and not before.startswith("ال")
        and _head(words.text[j - 2]) is not None
        and j - 1 not in view.named
    )


def _shared(view: _View, first: int, person: int, held: dict[int, _Title]) -> _Title | None:
    """الوزيرين فلان وفلان، ومستشاريه فلان، والمهندس فلان: the others take the plural title of the first."""
    words = view.words
    honorifics = name_context().honorifics
    j = first - 1
    joined = first in view.joined
    for _ in range(3):
        if j < 0:
            return None
        word = words.text[j]
        if word in ("و", ",") or (word.startswith("و") and word[1:] in honorifics):
            joined = True
        elif word not in honorifics:
            break
        j -= 1
    before = held.get(j) if joined else None
    if before is None:
        return None
    return before._replace(person=person) if _of_several(words, before) else None


def _of_several(words: Words, title: _Title) -> bool:
    """وزراء الخارجية، نائبا الرئيس, but not نائبا للرئيس."""
    form = _form(words, title.first, title.clitic)
    listed = office_words()
    if form in listed.plural:
        return True
    if form not in listed.dual or title.first == title.last:
        return False
    return not words.text[title.first + 1].startswith("ل") and words.text[title.first + 1] not in listed.joins


def _taken(view: _View, follows: set[int]) -> list[_Title]:
    """ثم أصبح سفيرا لدى ..., وشغل منصب وزير المالية: offices of the person whom the sentence named before."""
    words = view.words
    listed = office_words()
    found: list[_Title] = []
    n = len(words)
    for i in range(n - 1):
        post = words.text[i] in listed.posts
        if not post and words.text[i].lstrip("وف") not in listed.becomes:
            continue
        if post and not _after_becoming(words, i):
            continue
        j = i + 1
        while not post and j < n - 1 and j < i + 3 and words.text[j] in listed.meanwhile:
            j += 1
        if (
            words.sentence[j] != words.sentence[i]
            or any(words.break_before[i + 1 : j + 1])
            or j in view.person
        ):
            continue
        if _head(words.text[j]) != 0 or not (post or _tanwin(words.text[j])):
            continue
        last = _right_end(view, j)
        person = _named_before(view, i)
        if person is None or last == j or last in follows or (last + 1) in view.starts:
            continue
        title = _Title(person, j, last, 0)
        if _is_office(view, title):
            found.append(title)
    return found


def _after_becoming(words: Words, post: int) -> bool:
    """شغل فلان منذ 1983 | منصب ...: whether a verb of office stands a few words before."""
    becomes = office_words().becomes
    return any(
        words.text[k].lstrip("وف") in becomes
        for k in range(max(0, post - 8), post)
        if words.sentence[k] == words.sentence[post]
    )


def _appoints(words: Words, first: int) -> bool:
    """Whether the verb before token ``first`` has the one who comes into office as its object."""
    j = first - 1
    while j > 0 and words.text[j] in name_context().honorifics and not words.break_before[j]:
        j -= 1
    return j >= 0 and words.text[j].lstrip("وف") in office_words().appointed


def _tanwin(form: str) -> bool:
    return form.endswith("ا") and form[:-1] in office_words().heads


def _named_before(view: _View, i: int) -> int | None:
    """The last person named in the sentence before token i; none where two were named side by side."""
    words = view.words
    people = [
        view.person[k]
        for k in range(i - 1, -1, -1)
        if words.sentence[k] == words.sentence[i] and k in view.person
    ]
    return people[0] if len(set(people)) == 1 else None


def _shared_back(view: _View, first: int, after: _Title) -> list[_Title]:
    """فلان وفلان قائدي الجهاز: the person before takes the plural title, too."""
    j = first - 1
    while j >= 0 and view.words.text[j].removeprefix("و") in name_context().honorifics | {"", ","}:
        j -= 1
    other = view.person.get(j)
    return [] if other is None or other == after.person else [after._replace(person=other)]


def _after(view: _View, last: int, person: int) -> _Title | None:
    """The phrase that follows the name whose last token is ``last``."""
    words = view.words
    listed = office_words()
    n = len(words)
    j = last + 1
    sentence = words.sentence[last]
    comma = introduced = later = False
    steps = 0
    while j < n and words.sentence[j] == sentence and steps < 6:
        word = words.text[j]
        if word in ("(", ")", '"') and not comma:
            j += 1
        elif word in _COMMAS and not comma:
            comma = True
            j += 1
        elif word in listed.introduces:
            introduced = True
            j += 1
        elif word in listed.meanwhile:
            later = True
            j += 1
        else:
            break
        steps += 1
    if j >= n or words.sentence[j] != sentence:
        return None
    word = words.text[j]
    clitic = _head(word)
    if clitic is None or (clitic and not introduced) or j in view.person:
        return None
    form = word[clitic:]
    tanwin = _tanwin(form)
    if later and not (tanwin or introduced):
        return None
    end = _right_end(view, j)
    if not (comma or introduced or tanwin) and (end == j or _continues_to_person(view, end)):
        return None
    if end == j and not form.startswith("ال"):
        return None
    if not _is_office(view, _Title(person, j, end, clitic)):
        return None
    # the title of the next person: فلان، وزير كذا فلان
    follower = end + 1
    while follower < n and words.text[follower] in name_context().honorifics:
        follower += 1
    if follower in view.starts and not words.break_before[follower] and not tanwin and not introduced:
        return None
    return _Title(person, j, end, clitic)


def _further(view: _View, title: _Title) -> list[_Title]:
    """فلان، مديرة المركز، | ورئيسة الهيئة: more offices after the first, each behind a comma."""
    words = view.words
    more: list[_Title] = []
    j = title.last + 1
    while (
        j + 2 < len(words)
        and words.text[j] in _COMMAS
        and words.sentence[j + 1] == words.sentence[title.first]
    ):
        word = words.text[j + 1]
        if word[0] != "و" or _head(word) != 1 or j + 1 in view.person:
            break
        last = _right_end(view, j + 1)
        if last == j + 1 or (last + 1 in view.starts and not words.break_before[last + 1]):
            break
        more.append(_Title(title.person, j + 1, last, 1))
        j = last + 1
    return more


def _continues_to_person(view: _View, end: int) -> bool:
    """وزير الأوقاف، أحمد التوفيق، after another person's name belongs to the one that follows."""
    words = view.words
    j = end + 1
    if j >= len(words) or words.text[j] not in _COMMAS:
        return False
    j += 1
    while j < len(words) and words.text[j] in name_context().honorifics:
        j += 1
    return j in view.starts and j not in view.joined


def _right_end(view: _View, first: int) -> int:
    words = view.words
    listed = office_words()
    n = len(words)
    j = last = first
    loose = 0
    while j + 1 < n and j + 1 - first < MAX_TITLE and words.sentence[j + 1] == words.sentence[first]:
        j += 1
        word = words.text[j]
        if j in view.person or word in listed.ends:
            break
        if j in view.named:
            last = j
            loose = 0
        elif not words.is_word[j]:
            if word == '"':
                continue
            break
        elif word in listed.joins:
            continue
        elif (
            word.startswith(("ال", "لل", "وال", "بال", "ولل")) or word in nisbas() or _head(word) is not None
        ):
            last = j
            loose = 0
        elif loose < 3 and is_ordinary(word) and not word.startswith("و"):
            loose += 1  # a noun in construct state counts only with what follows it
        else:
            break
    return last


def _offices(view: _View, titles: list[_Title], entities: tuple[Entity, ...]) -> tuple[Office, ...]:
    words = view.words
    text = words.article.text.text
    kept: list[tuple[frozenset[str], _Title]] = []
    for title in titles:
        parts = frozenset(_parts(words, title))
        same = next(
            (
                n
                for n, (known, t) in enumerate(kept)
                if t.person == title.person and (parts <= known or known <= parts)
            ),
            None,
        )
        if same is None:
            kept.append((parts, title))
        elif len(parts) > len(kept[same][0]):
            kept[same] = (parts, title)
    offices = []
    for _, title in sorted(kept, key=lambda k: (k[1].first, k[1].person)):
        span = words.span(title.first, title.last, title.clitic)
        body = next(
            (
                number
                for i in range(title.first, title.last + 1)
                if (number := view.named.get(i)) is not None
                and entities[number].kind is EntityKind.ORGANIZATION
            ),
            None,
        )
        written = " ".join(text[slice(*span)].split())
        if title.clitic and words.text[title.first][title.clitic - 1 : title.clitic + 1] == "لل":
            written = "ا" + written  # للرئيس
        offices.append(Office(title.person, written, body, span, _tenure(words, title)))
    return tuple(offices)


def _parts(words: Words, title: _Title) -> list[str]:
    """The phrase's words without clitics, article and feminine ending, to compare wordings."""
    parts = []
    for i in range(title.first, title.last + 1):
        word = words.text[i]
        for prefix in ("ولل", "وال", "بال", "لل", "ول", "ال", "ل", "و"):
            if word.startswith(prefix) and len(word) - len(prefix) >= 3:
                word = word[len(prefix) :]
                break
        parts.append(word.rstrip("ه") if len(word) > 3 else word)
    return parts


def _tenure(words: Words, title: _Title) -> str:
    listed = office_words()
    inside = {words.text[i] for i in range(title.first, min(title.last + 2, len(words)))}
    if inside & listed.former:
        return "former"
    if inside & listed.acting:
        return "acting"
    return "elect" if inside & listed.elect else "current"
