"""Vector instructions for the kernels: what Numba's own loops leave a third of the speed on the way to.

Each is written as LLVM instructions over vectors of 16 numbers, which LLVM fits to the processor at hand
(one AVX-512 register, two of AVX2, four of NEON). Rows must be contiguous and a multiple of 16 long; nothing
is checked here.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

LANES = 16
MATHS = ["reassoc", "contract", "nsz"]
ROWS = 4  # rows of `sweep` at once
AHEAD = 12  # rows that are asked for before they are read

FLOAT, BYTE, WORD = ir.FloatType(), ir.IntType(8), ir.IntType(32)
WIDE = ir.VectorType(FLOAT, LANES)


class _Array:
    """An argument of an intrinsic that is an array: its data, and addresses in it."""

    def __init__(self, context: Any, builder: Any, kind: Any, value: Any) -> None:
        held = context.make_array(kind)(context, builder, value)
        self.builder = builder
        self.data = held.data
        self.shape = cgutils.unpack_tuple(builder, held.shape, kind.ndim)

    def at(self, index: Any, vector: Any = None) -> Any:
        """The address of element `index` of the flat data, as that of a vector if one is named."""
        address = self.builder.gep(self.data, [index])
        return address if vector is None else self.builder.bitcast(address, vector.as_pointer())

    def index(self, place: Any, to: Any) -> Any:
        """The whole number stored at `place`, widened to the type `to`."""
        return self.builder.sext(self.builder.load(self.at(place)), to)


def _loop(builder: Any, stop: Any, step: int) -> Any:
    return cgutils.for_range_slice(builder, stop.type(0), stop, stop.type(step))


def _plus(builder: Any, total: Any, a: Any, b: Any) -> Any:
    """total + a b, fused where the processor can."""
    return builder.fadd(total, builder.fmul(a, b, flags=MATHS), flags=MATHS)


def _halves(builder: Any, vector: Any, count: int) -> Any:
    """Fold a vector of `count` numbers in two by adding its halves."""
    half = count // 2
    low, high = (
        builder.shuffle_vector(
            vector, ir.Constant(vector.type, ir.Undefined), ir.Constant(ir.VectorType(WORD, half), lanes)
        )
        for lanes in (list(range(half)), list(range(half, count)))
    )
    return builder.fadd(low, high, flags=MATHS)


def _gather(typing: Any, fixed: Any, indices: Any, first: Any, count: Any, kept: Any) -> Any:
    """Copy the rows `indices[first : first + count]` of `fixed` into `kept` (float32), asking for later ones.

    `fixed` is float32, or bfloat16 held as uint16: the upper half of a float32's bits. Its rows may be longer
    than those of `kept`, and are then copied in part.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, places, to = (_Array(context, builder, signature.args[k], arguments[k]) for k in (0, 1, 4))
        start, stop = arguments[2], arguments[3]
        d, apart = to.shape[1], source.shape[1]
        half = signature.args[0].dtype == types.uint16
        kind = ir.FunctionType(ir.VoidType(), [BYTE.as_pointer(), WORD, WORD, WORD])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        end = builder.sub(places.shape[0], d.type(1))
        line = 32 if half else 16  # numbers in 64 bytes
        with _loop(builder, stop, 1) as (j, _):
            place = builder.add(start, j)
            later = builder.add(place, d.type(AHEAD))
            later = builder.select(builder.icmp_signed("<", later, end), later, end)
            soon = builder.mul(places.index(later, d.type), apart)
            with _loop(builder, d, line) as (k, _):
                address = builder.bitcast(source.at(builder.add(soon, k)), BYTE.as_pointer())
                builder.call(prefetch, [address, WORD(0), WORD(3), WORD(1)])
            here = builder.mul(places.index(place, d.type), apart)
            there = builder.mul(j, d)
            with _loop(builder, d, LANES) as (k, _):
                if half:
                    raw = builder.load(
                        source.at(builder.add(here, k), ir.VectorType(ir.IntType(16), LANES)), align=2
                    )
                    bits = builder.zext(raw, ir.VectorType(WORD, LANES))
                    bits = builder.shl(bits, ir.Constant(bits.type, [16] * LANES))
                    numbers = builder.bitcast(bits, WIDE)
                else:
                    numbers = builder.load(source.at(builder.add(here, k), WIDE), align=4)
                builder.store(numbers, to.at(builder.add(there, k), WIDE), align=4)
        return context.get_dummy_value()

    return types.void(fixed, indices, types.intp, types.intp, kept), generate


def _sweep(
    typing: Any,
    kept: Any,
    count: Any,
    vector: Any,
    first: Any,
    base: Any,
    slope: Any,
    shift: Any,
    dots: Any,
    result: Any,
) -> Any:
    """For each of `count` rows y_j of `kept`, a multiple of 4, with i = first + j:

    dots[i] = y_j · vector + shift[i], and result += (base[i] + slope[i] dots[i]) y_j.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows, v, b, s, o, out, r = (
            _Array(context, builder, signature.args[k], arguments[k]) for k in (0, 2, 4, 5, 6, 7, 8)
        )
        stop, begin = arguments[1], arguments[3]
        d = rows.shape[1]
        four = ir.VectorType(FLOAT, ROWS)
        sums = [cgutils.alloca_once(builder, WIDE) for _ in range(ROWS)]
        with _loop(builder, stop, ROWS) as (j, _):
            starts = [builder.mul(builder.add(j, d.type(k)), d) for k in range(ROWS)]
            for total in sums:
                builder.store(ir.Constant(WIDE, [0.0] * LANES), total)
            with _loop(builder, d, LANES) as (k, _):
                x = builder.load(v.at(k, WIDE), align=4)
                for total, start in zip(sums, starts, strict=True):
                    y = builder.load(rows.at(builder.add(start, k), WIDE), align=4)
                    builder.store(_plus(builder, builder.load(total), y, x), total)
            folded = [_halves(builder, _halves(builder, builder.load(total), 16), 8) for total in sums]
            mask = ir.VectorType(WORD, ROWS)
            flat = _transposed_sum(builder, folded, mask)
            place = builder.add(begin, j)
            product = builder.fadd(flat, builder.load(o.at(place, four), align=4), flags=MATHS)
            builder.store(product, out.at(place, four), align=4)
            weights = _plus(
                builder,
                builder.load(b.at(place, four), align=4),
                builder.load(s.at(place, four), align=4),
                product,
            )
            spread = [_spread(builder, weights, k) for k in range(ROWS)]
            with _loop(builder, d, LANES) as (k, _):
                total = builder.load(r.at(k, WIDE), align=4)
                for weight, start in zip(spread, starts, strict=True):
                    y = builder.load(rows.at(builder.add(start, k), WIDE), align=4)
                    total = _plus(builder, total, y, weight)
                builder.store(total, r.at(k, WIDE), align=4)
        return context.get_dummy_value()

    return types.void(kept, types.intp, vector, types.intp, base, slope, shift, dots, result), generate


def _spread(builder: Any, vector: Any, lane: int) -> Any:
    """A wide vector of one number of a short one."""
    lanes = ir.Constant(ir.VectorType(WORD, LANES), [lane] * LANES)
    return builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), lanes)


def _transposed_sum(builder: Any, parts: list[Any], mask: Any) -> Any:
    """The sums of four vectors of four numbers, as one vector."""

    def mixed(a: Any, b: Any, lanes: list[int]) -> Any:
        return builder.shuffle_vector(a, b, ir.Constant(mask, lanes))

    def paired(a: Any, b: Any) -> Any:
        """(a0 + a2, a1 + a3, b0 + b2, b1 + b3)."""
        return builder.fadd(mixed(a, b, [0, 1, 4, 5]), mixed(a, b, [2, 3, 6, 7]), flags=MATHS)

    ab, cd = paired(parts[0], parts[1]), paired(parts[2], parts[3])
    return builder.fadd(mixed(ab, cd, [0, 2, 4, 6]), mixed(ab, cd, [1, 3, 5, 7]), flags=MATHS)


gather: Any = intrinsic(_gather)
sweep: Any = intrinsic(_sweep)
