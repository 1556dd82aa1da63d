"""Vector instructions for Numba: what the kernels of this room are written in where Numba's loops are slow.

LLVM instructions over vectors of 16 numbers, which LLVM fits to the processor at hand (one AVX-512 register,
two of AVX2, four of NEON). Rows must be contiguous and a multiple of 16 long; nothing is checked here.

Rows are float32, or bfloat16 held as uint16, laid out as `kernels.pack` does: 32 columns are 16 words, each
with a column in its lower half and the column 16 further on in its upper half (a last 16 columns: 8 words,
8 further on). So one load and two cheap instructions make 32 numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

LANES = 16
PAIR = 2 * LANES
ROWS = 4  # rows of `dots` at once
FUSED = ["reassoc", "contract", "nsz"]

FLOAT, BYTE, WORD = ir.FloatType(), ir.IntType(8), ir.IntType(32)
WIDE, WORDS = ir.VectorType(FLOAT, LANES), ir.VectorType(WORD, LANES)
FOUR = ir.VectorType(FLOAT, ROWS)


class Array:
    """An argument of an intrinsic that is an array: its data, and addresses in it."""

    def __init__(self, context: Any, builder: Any, kind: Any, value: Any) -> None:
        held = context.make_array(kind)(context, builder, value)
        self.builder = builder
        self.data = held.data
        self.shape = cgutils.unpack_tuple(builder, held.shape, kind.ndim)
        self.half = kind.dtype == types.uint16

    def at(self, index: Any, kind: Any = None) -> Any:
        """The address of element `index` of the flat data, as that of a `kind` if one is named."""
        address = self.builder.gep(self.data, [index])
        return address if kind is None else self.builder.bitcast(address, kind.as_pointer())

    def load(self, index: Any, kind: Any) -> Any:
        """The `kind` that begins at element `index`."""
        return self.builder.load(self.at(index, kind), align=2 if self.half else 4)

    def store(self, value: Any, index: Any) -> None:
        """Put a vector at element `index`."""
        self.builder.store(value, self.at(index, value.type), align=2 if self.half else 4)

    def index(self, place: Any, to: Any) -> Any:
        """The whole number stored at `place`, widened to the type `to`."""
        return self.builder.sext(self.builder.load(self.at(place)), to)

    def numbers(self, start: Any, columns: int, copy: tuple[Array, Any] | None = None) -> list[Any]:
        """The next 32 or 16 `columns` of a row, at element `start`, as float32 vectors of 16.

        `copy` is an array of the same type and the element where what was read is to be put.
        """
        kind = ir.VectorType(WORD, columns // 2) if self.half else WIDE
        width = columns if self.half else LANES
        read = [self.load(self.builder.add(start, start.type(k)), kind) for k in range(0, columns, width)]
        if copy:
            for k, raw in enumerate(read):
                copy[0].store(raw, self.builder.add(copy[1], copy[1].type(k * width)))
        return _widened(self.builder, read[0]) if self.half else read


def _widened(builder: Any, raw: Any) -> list[Any]:
    """The numbers of words of two bfloat16 each: a bfloat16 is the upper half of a float32."""
    count = raw.type.count
    kind = ir.VectorType(FLOAT, count)
    low = builder.bitcast(builder.shl(raw, ir.Constant(raw.type, [16] * count)), kind)
    high = builder.bitcast(builder.and_(raw, ir.Constant(raw.type, [0xFFFF0000] * count)), kind)
    return [low, high] if count == LANES else [_shuffled(builder, low, high, range(LANES))]


def loop(builder: Any, start: Any, stop: Any, step: int) -> Any:
    """A context in which to build the body of a loop; it yields (index, number of the turn)."""
    return cgutils.for_range_slice(builder, start, stop, start.type(step))


def by_columns(builder: Any, start: Any, d: Any, body: Callable[[Any, int], None]) -> None:
    """body(k, columns) for every 32 columns from `start` to d, and for a last 16."""
    whole = builder.and_(d, d.type(-PAIR))
    with loop(builder, start, whole, PAIR) as (k, _):
        body(k, PAIR)
    with builder.if_then(builder.icmp_signed("<", whole, d)):
        body(whole, LANES)


def room(builder: Any, kind: Any) -> Any:
    """A variable that begins as 0."""
    place = cgutils.alloca_once(builder, kind)
    builder.store(ir.Constant(kind, [0.0] * kind.count), place)
    return place


def add_product(builder: Any, place: Any, a: Any, b: Any) -> None:
    """variable += a b, fused where the processor can."""
    product = builder.fmul(a, b, flags=FUSED)
    builder.store(builder.fadd(builder.load(place), product, flags=FUSED), place)


def spread(builder: Any, value: Any) -> Any:
    """A wide vector of one value."""
    kind = ir.VectorType(value.type, LANES)
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, WORD(0))
    return _shuffled(builder, one, one, [0] * LANES)


def total(builder: Any, vector: Any) -> Any:
    """The sum of a vector's numbers."""
    while vector.type.count > 2:
        vector = _halves(builder, vector)
    first, second = (builder.extract_element(vector, WORD(k)) for k in (0, 1))
    return builder.fadd(first, second, flags=FUSED)


def least(builder: Any, a: Any, b: Any) -> Any:
    """The smaller of two whole numbers."""
    return builder.select(builder.icmp_signed("<", a, b), a, b)


def dots(builder: Any, rows: Array, starts: Sequence[Any], vector: Array, d: Any, copies: Any = None) -> Any:
    """The products of four rows, at elements `starts`, with a vector of d numbers, as a vector of four.

    `copies` is an array and the four elements where the rows are to be put in passing.
    """
    sums = [[room(builder, WIDE) for _ in range(2)] for _ in starts]

    def body(k: Any, columns: int) -> None:
        parts = [vector.load(builder.add(k, k.type(c)), WIDE) for c in range(0, columns, LANES)]
        for row, (start, own) in enumerate(zip(starts, sums, strict=True)):
            copy = copies and (copies[0], builder.add(copies[1][row], k))
            read = rows.numbers(builder.add(start, k), columns, copy)
            for at, (part, y) in enumerate(zip(parts, read, strict=True)):
                add_product(builder, own[at], y, part)

    by_columns(builder, d.type(0), d, body)
    folded = [
        _halves(builder, _halves(builder, builder.fadd(builder.load(a), builder.load(b), flags=FUSED)))
        for a, b in sums
    ]

    def paired(a: Any, b: Any) -> Any:
        """(a0 + a2, a1 + a3, b0 + b2, b1 + b3)."""
        low, high = _shuffled(builder, a, b, [0, 1, 4, 5]), _shuffled(builder, a, b, [2, 3, 6, 7])
        return builder.fadd(low, high, flags=FUSED)

    ab, cd = paired(folded[0], folded[1]), paired(folded[2], folded[3])
    even, odd = _shuffled(builder, ab, cd, [0, 2, 4, 6]), _shuffled(builder, ab, cd, [1, 3, 5, 7])
    return builder.fadd(even, odd, flags=FUSED)


def _shuffled(builder: Any, a: Any, b: Any, lanes: Sequence[int]) -> Any:
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(WORD, len(lanes)), list(lanes)))


def _halves(builder: Any, vector: Any) -> Any:
    """Fold a vector in two by adding its halves."""
    count = vector.type.count
    low = _shuffled(builder, vector, vector, range(count // 2))
    high = _shuffled(builder, vector, vector, range(count // 2, count))
    return builder.fadd(low, high, flags=FUSED)
