"""Draws the maps' background, flows/site/static/land*.svg, from Natural Earth's coastlines.

Natural Earth is in the public domain; world-atlas (ISC) holds it as TopoJSON.  Coasts only: which line
between two countries is a border is for the articles to say.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python -m tests.web.make_land package/land-50m.json
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path

from flows.site.charts import SCALE, WORLD

STATIC = Path(__file__).resolve().parents[2] / "flows" / "site" / "static"
Point = tuple[float, float]


def rings(topology: dict[str, object]) -> list[list[list[Point]]]:
    """Polygons as rings of (longitude, latitude)."""
    transform: dict[str, list[float]] = topology["transform"]  # type: ignore[assignment]
    (scale_x, scale_y), (shift_x, shift_y) = transform["scale"], transform["translate"]
    arcs: list[list[Point]] = []
    for arc in topology["arcs"]:  # type: ignore[attr-defined]
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * scale_x + shift_x, y * scale_y + shift_y))
        arcs.append(points)

    def ring(numbers: list[int]) -> list[Point]:
        points: list[Point] = []
        for number in numbers:
            part = arcs[number] if number >= 0 else arcs[~number][::-1]
            points += part if not points else part[1:]
        return unwrapped(points)

    geometries = topology["objects"]["land"]["geometries"]  # type: ignore[index]
    return [[ring(r) for r in polygon] for g in geometries for polygon in g["arcs"]]


def unwrapped(points: list[Point]) -> list[Point]:
    """The same ring where it crosses 180 degrees: going on beyond it instead of jumping to the other side."""
    made = points[:1]
    for x, y in points[1:]:
        made.append((x + 360 * round((made[-1][0] - x) / 360), y))
    return made


def simplified(points: list[Point], error: float) -> list[Point]:
    """Douglas and Peucker: no point farther from the line than ``error`` degrees is left out."""
    keep = {0, len(points) - 1}
    open_ = [(0, len(points) - 1)]
    while open_:
        first, last = open_.pop()
        (ax, ay), (bx, by) = points[first], points[last]
        length = ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5
        farthest, at = error, -1
        for i in range(first + 1, last):
            px, py = points[i]
            if length > 1e-9:
                off = abs((bx - ax) * (ay - py) - (ax - px) * (by - ay)) / length
            else:
                off = ((px - ax) ** 2 + (py - ay) ** 2) ** 0.5
            if off > farthest:
                farthest, at = off, i
        if at >= 0:
            keep.add(at)
            open_ += [(first, at), (at, last)]
    return [points[i] for i in sorted(keep)]


def area(points: list[Point]) -> float:
    """In square degrees."""
    return (
        abs(sum(x * q - p * y for (x, y), (p, q) in zip(points, points[-1:] + points[:-1], strict=True))) / 2
    )


def path(polygons: list[list[list[Point]]], error: float, least: float, step: float) -> str:
    """SVG path data; coordinates are multiples of ``step`` units."""
    west, south, east, _ = WORLD
    parts = []
    for polygon in polygons:
        for ring in polygon:
            if max(y for _, y in ring) < south or area(ring) < least:
                continue
            units = [(round(x * SCALE / step), round(-y * SCALE / step)) for x, y in simplified(ring, error)]
            moves = [
                f"{(bx - ax) * step:g} {(by - ay) * step:g}"
                for (ax, ay), (bx, by) in itertools.pairwise(units[:-1])
            ]
            if len(moves) < 2:
                continue
            first, last = min(x for x, _ in ring), max(x for x, _ in ring)
            parts += [
                f"M{units[0][0] * step + turn * SCALE:g} {units[0][1] * step:g}l{' '.join(moves)}z"
                for turn in (-360, 0, 360)
                if last + turn > west and first + turn < east
            ]
    return "".join(parts).replace(" -", "-")


def main() -> None:
    polygons = rings(json.loads(Path(sys.argv[1]).read_bytes()))
    west, south, east, north = WORLD
    box = f"{west * SCALE:g} {-north * SCALE:g} {(east - west) * SCALE:g} {(north - south) * SCALE:g}"
    for name, error, least, step, line in (("land", 0.04, 0.01, 0.5, 0.4), ("land-wide", 0.2, 0.3, 1.0, 1.4)):
        drawn = path(polygons, error, least, step)
        (STATIC / f"{name}.svg").write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">'
            "<metadata>Coastlines: Natural Earth, 1:50 million, public domain; simplified</metadata>"
            f'<path d="{drawn}" fill="#8d8a84" fill-opacity=".2" fill-rule="evenodd" stroke="#8d8a84"'
            f' stroke-opacity=".75" stroke-width="{line:g}" stroke-linejoin="round"/></svg>\n',
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
