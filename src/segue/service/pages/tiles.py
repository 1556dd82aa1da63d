"""Covers for tracks that have none: small pictures drawn from what is known of the track itself.

The main artist gives the colours, so that an artist's tracks look related; the title gives the figure and its
shape. The same track always has the same picture, everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b

from markupsafe import Markup

SIDE = 48  # of the drawing, in its own units


@lru_cache(maxsize=4096)
def tile(title: str | None, artist: str = "", album: str | None = None) -> Markup:
    """A square SVG; decoration, which screen readers pass over."""
    hue = _bytes(artist.casefold())
    shape = _bytes(f"{(title or '').casefold()}|{(album or '').casefold()}")
    base = round(hue[0] * 360 / 256)
    other = (base + (35, 60, 150, 190)[hue[1] % 4]) % 360
    ground = f"hsl({base} {38 + hue[2] % 20}% {24 + hue[3] % 10}%)"
    middle = f"hsl({other} {50 + hue[4] % 22}% {50 + hue[5] % 10}%)"
    light = f"hsl({(other + 30) % 360} {60 + hue[6] % 25}% {74 + hue[7] % 10}%)"
    figure = _FIGURES[shape[0] % len(_FIGURES)]
    drawn = "".join(figure(shape, middle, light))
    return Markup(
        f'<svg class="tile" viewBox="0 0 {SIDE} {SIDE}" width="48" height="48" aria-hidden="true">'
        f'<rect width="{SIDE}" height="{SIDE}" fill="{ground}"/>{drawn}</svg>'
    )


def _bytes(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _moons(shape: bytes, middle: str, light: str) -> Iterator[str]:
    """Two circles that overlap, as songs do that go over into each other."""
    turn, apart = shape[1] / 256 * math.tau, 5 + shape[2] % 5
    x, y, r = apart * math.cos(turn), apart * math.sin(turn), 11 + shape[3] % 5
    yield f'<circle cx="{24 - x:.1f}" cy="{24 - y:.1f}" r="{r}" fill="{middle}"/>'
    yield f'<circle cx="{24 + x:.1f}" cy="{24 + y:.1f}" r="{r - 2}" fill="{light}" fill-opacity=".85"/>'


def _wave(shape: bytes, middle: str, light: str) -> Iterator[str]:
    """Bars, as a player draws a song."""
    for at in range(8):
        tall = 6 + shape[1 + at] % 29
        ink = light if at % 3 == shape[9] % 3 else middle
        top = (SIDE - tall) / 2
        yield f'<rect x="{4 + 5.1 * at:.1f}" y="{top:g}" width="3.4" height="{tall}" rx="1.7" fill="{ink}"/>'


def _rings(shape: bytes, middle: str, light: str) -> Iterator[str]:
    """A record whose middle lies elsewhere each time."""
    x, y = 12 + shape[1] % 25, 12 + shape[2] % 25
    for at, r in enumerate((30, 22, 15, 8)):
        ink = light if at == shape[3] % 4 else middle
        yield (
            f'<circle cx="{x}" cy="{y}" r="{r}" fill="none" stroke="{ink}" '
            f'stroke-width="{3 + shape[4] % 3}"/>'
        )


def _hills(shape: bytes, middle: str, light: str) -> Iterator[str]:
    """A sun over two rows of hills."""
    x, y, r = 10 + shape[1] % 28, 11 + shape[2] % 9, 5 + shape[3] % 4
    yield f'<circle cx="{x}" cy="{y}" r="{r}" fill="{light}"/>'
    for at, opacity in enumerate((0.65, 1)):
        a, b = 22 + shape[4 + at] % 12 + 6 * at, 22 + shape[6 + at] % 12 + 6 * at
        yield (
            f'<path d="M0 {a}C12 {a - 9},18 {b + 9},30 {b}S42 {a + 4},48 {b - 3}V48H0Z" fill="{middle}" '
            f'fill-opacity="{opacity}"/>'
        )


def _sail(shape: bytes, middle: str, light: str) -> Iterator[str]:
    """Leaning stripes, with one that catches the light."""
    lean, lit = 8 + shape[1] % 20, shape[2] % 4
    for at in range(4):
        x = 2 + 11 * at + shape[3 + at] % 4
        wide = 4 + shape[7 + at] % 5
        yield (
            f'<path d="M{x} 48L{x + lean} 0H{x + lean + wide}L{x + wide} 48Z" '
            f'fill="{light if at == lit else middle}"/>'
        )


def _petals(shape: bytes, middle: str, light: str) -> Iterator[str]:
    """A rosette, of as many petals as the title has it."""
    petals, turn = 4 + shape[1] % 5, shape[2] / 256 * 360
    for at in range(petals):
        yield (
            f'<ellipse cx="24" cy="13" rx="{4 + shape[3] % 3}" ry="10" fill="{middle}" fill-opacity=".8" '
            f'transform="rotate({turn + 360 / petals * at:.0f} 24 24)"/>'
        )
    yield f'<circle cx="24" cy="24" r="{4 + shape[4] % 3}" fill="{light}"/>'


_FIGURES = (_moons, _wave, _rings, _hills, _sail, _petals)
