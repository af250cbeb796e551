"""Charts as SVG: readable without scripts, in the colours of the style sheet, always the same bytes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup, escape

from flows.site.data import Place
from flows.site.words import plain, word

MOST_BINS = 60
_WIDTH = 720  # user units; the page scales it


@dataclass(frozen=True, slots=True)
class Bins:
    """Consecutive periods: ``unit`` is day, week, month or year; ``starts`` the first day of each."""

    unit: str
    starts: tuple[date, ...]

    def of(self, day: date) -> int | None:
        """The bin that a day falls into; None outside."""
        try:
            return self.starts.index(_start(day, self.unit))
        except ValueError:
            return None


def _start(day: date, unit: str) -> date:
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if unit == "year" else day


def _after(start: date, unit: str) -> date:
    if unit in ("day", "week"):
        return start + timedelta(days=7 if unit == "week" else 1)
    return _start(start + timedelta(days=31 if unit == "month" else 366), unit)


def bins(days: Iterable[date], most: int = MOST_BINS) -> Bins:
    """The finest periods that cover all days in at most ``most`` bars, or years."""
    known = sorted(days)
    if not known:
        return Bins("day", ())
    first, last = known[0], known[-1]
    span = (last - first).days + 1
    unit = "day" if span <= most else "week" if span <= most * 6 else "month" if span <= most * 29 else "year"
    starts = [_start(first, unit)]
    while (following := _after(starts[-1], unit)) <= last:
        starts.append(following)
    return Bins(unit, tuple(starts))


def count(days: Iterable[tuple[date, int]], into: Bins) -> list[int]:
    """How many fall into each bin."""
    places = {start: i for i, start in enumerate(into.starts)}
    counts = [0] * len(into.starts)
    for day, number in days:
        if (at := places.get(_start(day, into.unit))) is not None:
            counts[at] += number
    return counts


def _labelled(key: str, role: str = "img") -> str:
    """Attributes that name a picture in the page's language; one that holds links is a ``group``."""
    return f'role="{role}" aria-label="{escape(plain(key))}" data-w-label="{key}"'


def label(start: date, unit: str) -> str:
    """A period in digits, which both languages read."""
    if unit == "year":
        return f"{start.year}"
    return f"{start.year}-{start.month:02}" if unit == "month" else start.isoformat()


def bars(into: Bins, series: Sequence[tuple[str, Sequence[int]]], about: str, height: int = 220) -> Markup:
    """Stacked bars, one series a colour class ``s0``, ``s1``, ...; time runs from left to right."""
    count_ = len(into.starts)
    totals = [sum(values[i] for _, values in series) for i in range(count_)]
    top = _nice(max(totals, default=1) or 1)
    left, bottom, above = 52, 30, 12
    inner, tall = _WIDTH - left - 4, height - bottom - above
    step = inner / max(count_, 1)
    wide = min(max(step * 0.78, 1.0), 40.0)
    out = [f'<svg class="chart" viewBox="0 0 {_WIDTH} {height}" {_labelled(about)} direction="ltr">']
    for part in (0.0, 0.5, 1.0):
        y = above + tall * (1 - part)
        value = top * part
        if value == int(value):
            out.append(
                f'<path class="grid" d="M{left} {_n(y)}H{_WIDTH}"/>'
                f'<text class="tick" x="{left - 6}" y="{_n(y + 4)}" text-anchor="end">{int(value)}</text>'
            )
    for i, start in enumerate(into.starts):
        if not totals[i]:
            continue
        x, y = left + step * i + (step - wide) / 2, above + tall
        out.append(f"<g><title>{label(start, into.unit)}: {totals[i]}</title>")
        for n, (_, values) in enumerate(series):
            if values[i]:
                high = tall * values[i] / top
                y -= high
                out.append(
                    f'<rect class="s{n}" x="{_n(x)}" y="{_n(y)}" width="{_n(wide)}" height="{_n(high)}"/>'
                )
        out.append("</g>")
    every = max(1, math.ceil(count_ / 6))
    for n, i in enumerate(range(0, count_, every)):
        x = left + step * (i + 0.5)
        anchor = "start" if i == 0 and count_ > 3 else "middle"
        x = left if anchor == "start" else x
        if x < _WIDTH - 30 or count_ <= 6:
            css = "tick minor" if n % 2 else "tick"
            out.append(
                f'<text class="{css}" x="{_n(x)}" y="{height - 8}" text-anchor="{anchor}">'
                f"{label(into.starts[i], into.unit)}</text>"
            )
    out.append("</svg>")
    return Markup("".join(out))


def strip(into: Bins, values: Sequence[int], about: str) -> Markup:
    """Small bars without axes, for one row among many."""
    top, high = max(values, default=0) or 1, 28
    step = 240 / max(len(values), 1)
    wide = min(max(step * 0.8, 0.8), 14.0)
    out = [
        f'<svg class="strip" viewBox="0 0 240 {high}" {_labelled(about)}'
        ' preserveAspectRatio="none" direction="ltr">'
        f'<path class="grid" d="M0 {high - 0.5}H240"/>'
    ]
    for i, value in enumerate(values):
        if value:
            tall = max((high - 2) * value / top, 1.5)
            out.append(
                f'<rect class="s0" x="{_n(step * i + (step - wide) / 2)}" y="{_n(high - tall)}"'
                f' width="{_n(wide)}" height="{_n(tall)}"><title>{label(into.starts[i], into.unit)}: {value}'
                "</title></rect>"
            )
    return Markup("".join([*out, "</svg>"]))


# ------------------------------------------------------------------------------------------ network


def network(
    center: str,
    around: Sequence[tuple[int, str, str, int, str | None]],
    links: Mapping[tuple[int, int], int],
    about: str,
) -> Markup:
    """Who is named with ``center``: (entity, name, kind, stories, address) around it.

    ``links`` counts the stories of pairs (smaller id first).  Those that belong together stand side by side.
    """
    if len(around) < 3:
        return Markup("")
    order = _side_by_side([one[0] for one in around], links)
    by_id = {one[0]: one for one in around}
    wide, tall = 600, 420
    middle_x, middle_y, ring_x, ring_y = wide / 2, tall / 2, 130.0, 155.0
    places: dict[int, tuple[float, float]] = {}
    for i, one in enumerate(order):
        angle = -math.pi / 2 + 2 * math.pi * (i + 0.5) / len(order)
        places[one] = (middle_x + ring_x * math.cos(angle), middle_y + ring_y * math.sin(angle))
    most = max(one[3] for one in around)
    out = [f'<svg class="network" viewBox="0 0 {wide} {tall}" {_labelled(about, "group")} direction="rtl">']
    for (low, high), stories in sorted(links.items()):
        if low in places and high in places:
            (ax, ay), (bx, by) = places[low], places[high]
            out.append(
                f'<path class="tie far" d="M{_n(ax)} {_n(ay)}Q{_n(middle_x)} {_n(middle_y)} {_n(bx)} {_n(by)}'
                f'" stroke-width="{_n(0.8 + 2.2 * stories / most if stories < most else 3.0)}"/>'
            )
    for one in order:
        x, y = places[one]
        weight = _n(1.2 + 5.8 * by_id[one][3] / most)
        out.append(
            f'<path class="tie" d="M{_n(middle_x)} {_n(middle_y)}L{_n(x)} {_n(y)}" stroke-width="{weight}"/>'
        )
    for one in order:
        _, name, kind, stories, address = by_id[one]
        x, y = places[one]
        right = x > middle_x
        shown = name if len(name) <= 20 else name[:19].rstrip() + "…"
        # in a right-to-left drawing `start` is the right end of a text
        anchor = "middle" if abs(x - middle_x) < 2 else "end" if right else "start"
        at_x = x if anchor == "middle" else x + (12 if right else -12)
        at_y = y + (5 if anchor != "middle" else (26 if y > middle_y else -16))
        drawn = (
            f'<circle class="k{kind}" cx="{_n(x)}" cy="{_n(y)}" r="8"/>'
            f'<text x="{_n(at_x)}" y="{_n(at_y)}" text-anchor="{anchor}">{escape(shown)}'
            f"<title>{escape(name)}: {stories}</title></text>"
        )
        out.append(f'<a href="{escape(address)}">{drawn}</a>' if address else drawn)
    shown = center if len(center) <= 26 else center[:25].rstrip() + "…"
    out.append(
        f'<circle class="center" cx="{_n(middle_x)}" cy="{_n(middle_y)}" r="13"/>'
        f'<text class="center" x="{_n(middle_x)}" y="{_n(middle_y + 34)}" text-anchor="middle">'
        f"{escape(shown)}</text></svg>"
    )
    return Markup("".join(out))


def _side_by_side(ids: Sequence[int], links: Mapping[tuple[int, int], int]) -> list[int]:
    """An order in which each is followed by the one that it shares most with."""
    left = list(ids)
    order: list[int] = []
    while left:
        if order:
            here = order[-1]
            best = max(left, key=lambda n: (links.get((min(n, here), max(n, here)), 0), -ids.index(n)))
        else:
            best = left[0]
        left.remove(best)
        order.append(best)
    return order


# ------------------------------------------------------------------------------------------ maps

SCALE = 10  # user units a degree
_CROWD = 0.9  # share of the weight that a map fits at least
WORLD = (-180.0, -58.0, 180.0, 75.0)  # west, south, east, north


def map_of(
    places: Sequence[Place], root: str, about: str, addresses: Mapping[int, str], pixels: int = 560
) -> Markup:
    """Places as circles over the land, the area chosen so that most are on it.

    ``root`` leads to static/; the picture is ``pixels`` wide where there is room.
    """
    if not places:
        return Markup("")
    shown = _crowd(places)
    west, east = min(p.longitude for p in shown), max(p.longitude for p in shown)
    south, north = min(p.latitude for p in shown), max(p.latitude for p in shown)
    # at least 16 degrees wide, 8:5, with a border, and no further north or south than the picture goes
    wide = min(max((east - west) * 1.25, (north - south) * 1.9, 16.0), WORLD[2] - WORLD[0])
    tall = min(wide / 1.6, WORLD[3] - WORLD[1])
    left = min(max((west + east - wide) / 2, WORLD[0]), WORLD[2] - wide)
    top = max(min((south + north + tall) / 2, WORLD[3]), WORLD[1] + tall)
    x, y = left * SCALE, -top * SCALE
    outside = [
        p for p in places if not (left <= p.longitude <= left + wide and top - tall <= p.latitude <= top)
    ]
    picture = "land-wide" if wide > 60 else "land"
    unit = wide * SCALE / pixels  # what a pixel is in user units
    land_x, land_y = WORLD[0] * SCALE, -WORLD[3] * SCALE
    land_wide, land_tall = (WORLD[2] - WORLD[0]) * SCALE, (WORLD[3] - WORLD[1]) * SCALE
    out = [
        f'<svg class="map" viewBox="{_n(x)} {_n(y)} {_n(wide * SCALE)} {_n(tall * SCALE)}"'
        f' {_labelled(about, "group")} direction="rtl">'
        f'<image href="{root}static/{picture}.svg" x="{_n(land_x)}" y="{_n(land_y)}" width="{_n(land_wide)}"'
        f' height="{_n(land_tall)}"/>'
    ]
    most = max(p.weight for p in places)
    taken: list[tuple[float, float, float, float]] = []
    circles, names = [], []
    for place in sorted((p for p in places if p not in outside), key=lambda p: (-p.weight, p.name)):
        px, py = place.longitude * SCALE, -place.latitude * SCALE
        radius = (4 + 12 * math.sqrt(place.weight / most)) * unit
        circle = (
            f'<circle cx="{_n(px)}" cy="{_n(py)}" r="{_n(radius)}" stroke-width="{_n(unit)}">'
            f"<title>{escape(place.name)}: {place.weight}</title></circle>"
        )
        address = addresses.get(place.entity_id) if place.entity_id is not None else None
        circles.append(f'<a href="{escape(address)}">{circle}</a>' if address else circle)
        half = len(place.name) * 3.6 * unit
        top = py - radius - 17 * unit
        box = (px - half, top, px + half, top + 16 * unit)
        fits = all(box[2] < t[0] or box[0] > t[2] or box[3] < t[1] or box[1] > t[3] for t in taken)
        if fits and box[0] > x and box[2] < x + wide * SCALE and box[1] > y:
            taken.append(box)
            names.append(
                f'<text x="{_n(px)}" y="{_n(py - radius - 4 * unit)}" font-size="{_n(13 * unit)}"'
                f' stroke-width="{_n(3 * unit)}" text-anchor="middle">{escape(place.name)}</text>'
            )
    note = Markup("")
    if outside:
        listed = "، ".join(p.name for p in sorted(outside, key=lambda p: (-p.weight, p.name)))
        note = Markup('<p class="soft">{}: <bdi lang="ar">{}</bdi></p>').format(word("off_map"), listed)
    return Markup("".join([*out, *circles, *names, "</svg>"])) + note


def _crowd(places: Sequence[Place]) -> list[Place]:
    """The places to fit the map to: without the few far ones, where the map is much larger for their sake."""
    middle = [
        _middle([(p.longitude, p.weight) for p in places]),
        _middle([(p.latitude, p.weight) for p in places]),
    ]

    def away(place: Place) -> float:
        return max(abs(place.longitude - middle[0]) / 1.6, abs(place.latitude - middle[1]))

    order = sorted(places, key=lambda p: (away(p), p.name))
    total, seen = sum(p.weight for p in order), 0
    for n, place in enumerate(order, 1):
        seen += place.weight
        if seen >= _CROWD * total:
            return order if away(order[-1]) < 2 * max(away(place), 5.0) else order[:n]
    return order


def _middle(values: Iterable[tuple[float, int]]) -> float:
    """The weighted median."""
    order = sorted(values)
    half, seen = sum(weight for _, weight in order) / 2, 0
    for value, weight in order:
        seen += weight
        if seen >= half:
            return value
    return 0.0


def _nice(value: int) -> int:
    """A round number at or above the value, even so that its half is whole."""
    for factor in (2, 4, 6, 8, 10):
        size = int(10 ** (len(str(value)) - 1))
        if value <= factor * size:
            return factor * size
    return value


def _n(value: float) -> str:
    """At most one decimal."""
    return f"{value:.1f}".removesuffix(".0")
