"""Reference inside the article: titles, bodies, pairs, pronouns and subjects carried over."""

from __future__ import annotations

from dataclasses import dataclass, field

from flows.extract.events.clauses import Slot, arguments, human
from flows.extract.events.context import View, strip, variants, words
from flows.records import EntityKind

Item = tuple[int, int]  # (entity or -1, token)


@dataclass(slots=True)
class Memory:
    """What the text has said so far, for what it does not repeat."""

    subject: list[Item] = field(default_factory=list)  # of the last verb whose subject is known
    subject_sentence: int = -1
    pair: list[Item] = field(default_factory=list)  # the sides of the last meeting or agreement
    heads: dict[str, list[int]] = field(default_factory=dict)  # first word of a body's name -> entities
    listed: list[Item] = field(default_factory=list)  # people told apart as the first, the second
    read: int = 0  # tokens before this one have been looked at for subjects

    def note_subject(self, items: list[Item], sentence: int) -> None:
        if any(e >= 0 for e, _ in items) or (items and not self.subject):
            self.subject, self.subject_sentence = items, sentence

    def note_pair(self, items: list[Item]) -> None:
        named = [i for i in items if i[0] >= 0]
        if len({e for e, _ in named}) >= 2:
            self.pair = named


def memory(view: View) -> Memory:
    """A memory that knows under which common noun each body may come back (الشركة, الحزب)."""
    out = Memory()
    search = view.article.text.search
    for e, entity in enumerate(view.entities):
        if entity.kind is not EntityKind.ORGANIZATION or not entity.mentions:
            continue
        a, b = entity.mentions[0].span
        for mention in entity.mentions:
            if mention.span[1] - mention.span[0] > b - a:
                a, b = mention.span
        head = strip(search[a:b].split(" ", 1)[0])
        out.heads.setdefault(head, []).append(e)
    return out


def catch_up(view: View, memo: Memory, token: int) -> None:
    """Note the subjects of the verbs of saying between the last look and ``token``."""
    for t in range(memo.read, token):
        word = view.words[t]
        if word not in words().reporting or view.entity_of[t] >= 0:
            continue
        for slot in arguments(view, t + 1, t + 16):
            if not slot.preposition:
                found = names(view, slot, memo)
                if found:
                    memo.note_subject(found, view.sentence_of[t])
                    break
    memo.read = max(memo.read, token)


def names(view: View, slot: Slot, memo: Memory) -> list[Item]:
    """The participants that a slot speaks of: names, holders of offices, bodies meant by a common noun."""
    found = slot.entities
    head_is_name = bool(found) and slot.head == found[0][1]
    if found:
        persons = [x for x in found if view.entities[x[0]].kind is EntityKind.PERSON]
        if persons and not head_is_name:
            return persons
        if not head_is_name:
            known = _by_noun(view, slot, memo)
            if known:
                return known
            if view.entities[found[0][0]].kind is EntityKind.LOCATION and not _place_head(view, slot):
                return _unnamed(view, slot)
            if not _title_of_body(view, slot):
                return _without_places(view, found)
            return _unnamed(view, slot)
        return _without_places(view, found)
    if len(slot.heads) > 1:
        return _coordinated(view, slot, memo)
    return _by_noun(view, slot, memo) or _unnamed(view, slot)


def _coordinated(view: View, slot: Slot, memo: Memory) -> list[Item]:
    """المدير العام للأمن والمدير العام للسجون: each title is resolved by its own words."""
    out: list[Item] = []
    for head, behind in zip(slot.heads, [*slot.heads[1:], slot.end], strict=True):
        offices = [view.offices[o].person for o in view.persons_by_office.get(head, ())]
        alone = Slot(slot.preposition, head, max(behind, head + 1), heads=[head], offices=offices)
        out += [x for x in _by_noun(view, alone, memo) or _unnamed(view, alone) if x not in out]
    return out


def _without_places(view: View, found: list[Item]) -> list[Item]:
    """Names in a row; a place directly behind another name only says where that one is."""
    out: list[Item] = []
    for item in found:
        if out and view.entities[item[0]].kind is EntityKind.LOCATION and not _conjoined(view, item[1]):
            continue
        out.append(item)
    return out


def _conjoined(view: View, t: int) -> bool:
    return view.clitic(t).startswith("و") or (t > 0 and (view.words[t - 1] == "و" or view.comma[t - 1]))


def _place_head(view: View, slot: Slot) -> bool:
    return any(v in words().place_heads for v in variants(view.words[slot.head]))


def _title_of_body(view: View, slot: Slot) -> bool:
    """وزير, رئيس before a body's name without a person: the holder is meant, not the body."""
    return any(v in words().person_heads for v in variants(view.words[slot.head]))


def _unnamed(view: View, slot: Slot) -> list[Item]:
    heads = slot.heads or [slot.head]
    return [(-1, t) for t in heads if view.entity_of[t] < 0 and human(view, t)]


def _by_noun(view: View, slot: Slot, memo: Memory) -> list[Item]:
    """A definite title, a body's common noun or a pair word, resolved to names of the article."""
    token = slot.head
    word = view.words[token]
    forms = variants(word)
    if any(v in words().pair_words for v in forms):
        return list(memo.pair)
    if slot.offices:
        return [(p, token) for p in dict.fromkeys(slot.offices)]
    ordinal = _ordinal(view, slot)
    if 0 <= ordinal < len(memo.listed) and any(v in words().person_heads for v in forms):
        return [(memo.listed[ordinal][0], token)]
    bare = forms[-1]
    if bare.startswith("نظير"):
        return _counterpart(view, slot, memo)
    person = _holder(view, slot)
    if person >= 0:
        return [(person, token)]
    if any(v.startswith("ال") for v in forms):
        known = memo.heads.get(strip(word)) or memo.heads.get(bare)
        if known:
            earlier = [e for e in known if _first_token(view, e) <= token]
            return [(earlier[-1] if earlier else known[0], token)]
    return []


_ORDINALS = {"الاول": 0, "الاولي": 0, "الثاني": 1, "الثانيه": 1, "الثالث": 2, "الثالثه": 2}


def _ordinal(view: View, slot: Slot) -> int:
    """المسؤول الأول, الثاني: which of the listed people is meant, -1 for none."""
    for t in range(slot.head, min(len(view.words), slot.head + 3)):
        if view.words[t] in _ORDINALS:
            return _ORDINALS[view.words[t]]
    return -1


def _first_token(view: View, entity: int) -> int:
    start = view.entities[entity].mentions[0].span[0]
    tokens = view.article.tokens
    low, high = 0, len(tokens)
    while low < high:
        middle = (low + high) // 2
        if tokens[middle].end <= start:
            low = middle + 1
        else:
            high = middle
    return low


def _holder(view: View, slot: Slot) -> int:
    """The person of this article whose title begins with the slot's head and fits its other words best."""
    head = strip(view.words[slot.head])
    if len(head) > 4 and head[0] in "بلو":
        head = head if head in words().person_heads else head[1:]
    if head not in words().person_heads:
        return -1
    said = {strip(view.words[t]) for t in range(slot.head, slot.end)}
    best, score = -1, 0.0
    for office in view.offices:
        title = [strip(w) for w in view.article.text.search[office.span[0] : office.span[1]].split()]
        if not title or title[0] != head:
            continue
        overlap = len(said & set(title)) / len(said)
        if overlap >= 0.5 and overlap >= score:
            best, score = office.person, overlap
    return best


def _counterpart(view: View, slot: Slot, memo: Memory) -> list[Item]:
    """نظيره الفرنسي: the office holder of that nationality who is not the last subject."""
    nisba = {_nisba(view.words[t]) for t in range(slot.head + 1, slot.end)}
    taken = {e for e, _ in memo.subject}
    for office in view.offices:
        title = view.article.text.search[office.span[0] : office.span[1]].split()
        if office.person not in taken and any(_nisba(w) in nisba for w in title if len(w) > 4):
            return [(office.person, slot.head)]
    return []


def _nisba(word: str) -> str:
    bare = strip(word)
    return bare[:-2] if bare.endswith(("يه", "يا")) else bare.removesuffix("ي")


def by_nisba(view: View, t: int) -> list[Item]:
    """الهجوم الإيراني, الزيارة الملكية: places of the article that adjectives behind the noun ``t`` name."""
    out: list[Item] = []
    for k in range(t + 1, min(t + 3, view.sentence(t).last)):
        word = view.words[k]
        if view.entity_of[k] >= 0 or len(word) < 4 or not word.endswith(("ي", "يه", "يا")):
            break
        stem = _nisba(word)
        place = next((e for e in view.places_by_stem.get(stem, ()) if all(x != e for x, _ in out)), -1)
        if place >= 0:
            out.append((place, k))
    return out


def owner(view: View, t: int, suffix: str) -> list[Item]:
    """The antecedent of a pronoun attached to the token ``t``: the nearest fitting name before it."""
    if suffix not in ("ه", "ها", "هما", "هم"):
        return []
    first = view.article.sentences[max(0, view.sentence_of[t] - 1)].first
    if suffix == "هم":
        return next(
            ([(-1, k)] for k in range(t - 1, first - 1, -1) if view.people[k] and _plural(view, k)), []
        )
    found: list[Item] = []
    for k in range(t - 1, first - 1, -1):
        if k not in view.entity_end:
            continue
        entity = view.entity_of[k]
        kind = view.entities[entity].kind
        if kind is EntityKind.NAMED_EVENT:
            continue
        if suffix == "هما":
            if all(e != entity for e, _ in found) and kind is not EntityKind.LOCATION:
                found.append((entity, k))
            if len(found) == 2:
                return found[::-1]
            continue
        feminine = _feminine(view, entity, k)
        if feminine is None or feminine == (suffix == "ها"):
            return [(entity, k)]
    return []


_PLURALS = ("ون", "ين", "وا")


def _plural(view: View, k: int) -> bool:
    """Whether a common noun of people is more than one: المعتقلون, المشتبه فيهم, ثلاثة قاصرين."""
    word = view.words[k]
    if word.endswith(_PLURALS) or any(v in words().collective_heads for v in variants(word)):
        return True
    return k + 1 < len(view.words) and view.words[k + 1] in ("فيهم", "بهم")


def gender(view: View, entity: int, token: int) -> str:
    """Grammatical gender of a name mentioned at ``token``: 'f', 'm' or '?'."""
    feminine = _feminine(view, entity, token)
    return "?" if feminine is None else "f" if feminine else "m"


def _feminine(view: View, entity: int, token: int) -> bool | None:
    """Grammatical gender of a name as far as its letters and kind say, None for unknown."""
    kind = view.entities[entity].kind
    a, b = view.entities[entity].mentions[0].span
    first = view.article.text.search[a:b].split(" ", 1)[0]
    if kind is EntityKind.PERSON:
        title = view.words[token - 1] if token else ""
        if title.endswith("ه") and human(view, token - 1):
            return True
        return True if first.endswith("ه") else None if first.endswith("ي") else False
    if kind is EntityKind.LOCATION:
        return first not in words().masculine_places
    return first.endswith(("ه", "ات", "اء"))
