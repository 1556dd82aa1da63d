"""Passes over the observed pairs of one row, for `kernels.solve_rows`, as Numba intrinsics.

A row of the side to be solved has pairs j = 0 .. count - 1, each with a row y_j of the fixed side, a weight
q_j and a target t_j. `weigh` reads q and t, `meet` fetches the y_j and begins, `dot` and `add` are the two
halves of a product with Σ q y yᵀ.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from segue.factors import lanes
from segue.factors.lanes import BYTE, FOUR, FUSED, LANES, PAIR, ROWS, WIDE, WORD, Array

AHEAD = 12  # rows that are asked for before they are read
BLOCK = 128  # columns whose sums are held in registers


def _weigh(typing: Any, values: Any, first: Any, count: Any, lift: Any, q: Any, t: Any) -> Any:
    """With v_j = values[first + j]: q[j] = |v_j| - lift, t[j] = max(v_j, 0); returns Σ t.

    Both are filled up with 0 to a multiple of 16.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, weights, targets = (_array(context, builder, signature, arguments, k) for k in (0, 4, 5))
        start, stop = arguments[1], arguments[2]
        zero, lifts = ir.Constant(WIDE, [0.0] * LANES), lanes.spread(builder, arguments[3])
        bits = ir.VectorType(ir.IntType(1), LANES)
        kind = ir.FunctionType(WIDE, [WIDE.as_pointer(), WORD, bits, WIDE])
        masked = cgutils.get_or_insert_function(builder.module, kind, "llvm.masked.load.v16f32.p0")
        numbers = ir.Constant(ir.VectorType(stop.type, LANES), list(range(LANES)))
        total = lanes.room(builder, WIDE)
        with lanes.loop(builder, stop.type(0), stop, LANES) as (j, _):
            there = builder.icmp_signed("<", numbers, lanes.spread(builder, builder.sub(stop, j)))
            v = builder.call(masked, [source.at(builder.add(start, j), WIDE), WORD(4), there, zero])
            liked = builder.fcmp_ordered(">", v, zero)
            target = builder.select(liked, v, zero)
            size = builder.select(liked, v, builder.fsub(zero, v))
            weights.store(builder.select(there, builder.fsub(size, lifts), zero), j)
            targets.store(target, j)
            builder.store(builder.fadd(builder.load(total), target, flags=FUSED), total)
        return lanes.total(builder, builder.load(total))

    return types.float32(values, types.intp, types.intp, types.float32, q, t), generate


def _meet(
    typing: Any,
    fixed: Any,
    indices: Any,
    first: Any,
    count: Any,
    kept: Any,
    vector: Any,
    offsets: Any,
    t: Any,
    q: Any,
    rest: Any,
    at: Any,
) -> Any:
    """Copy rows y_j = fixed[indices[first + j]] into `kept`, and see how far `vector` is from the targets.

    With s_j = y_j · vector + offsets[indices[first + j]] (if there are offsets), rest = t - q s at `at` + j.
    The count is filled up to a multiple of 4 by the last row. Rows to come are asked for. Rows of `fixed` may
    be longer than those of `kept`, and are then copied in part.

    Returns:
        Σ (rest + t) s, over pairs whose q and t are not 0.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, places, to, v, more, targets, weights, out = (
            _array(context, builder, signature, arguments, k) for k in (0, 1, 4, 5, 6, 7, 8, 9)
        )
        start, stop, at = arguments[2], arguments[3], arguments[10]
        d, apart = to.shape[1], source.shape[1]
        end = builder.sub(places.shape[0], d.type(1))
        last = builder.sub(builder.add(start, stop), d.type(1))
        biased = builder.icmp_signed(">", more.shape[0], d.type(0))
        sums = lanes.room(builder, FOUR)
        with lanes.loop(builder, d.type(0), stop, ROWS) as (j, _):
            here, there, ids = [], [], []
            for k in range(ROWS):
                row = builder.add(j, d.type(k))
                place = builder.add(start, row)
                later = lanes.least(builder, builder.add(place, d.type(AHEAD)), end)
                _ask(builder, source, builder.mul(places.index(later, d.type), apart), d)
                ids.append(places.index(lanes.least(builder, place, last), d.type))
                here.append(builder.mul(ids[-1], apart))
                there.append(builder.mul(row, d))
            score = cgutils.alloca_once_value(builder, lanes.dots(builder, source, here, v, d, (to, there)))
            with builder.if_then(biased, likely=False):
                offset = ir.Constant(FOUR, ir.Undefined)
                for k, place in enumerate(ids):
                    offset = builder.insert_element(offset, builder.load(more.at(place)), WORD(k))
                builder.store(builder.fadd(builder.load(score), offset, flags=FUSED), score)
            s, here = builder.load(score), builder.add(at, j)
            target = targets.load(here, FOUR)
            weighed = builder.fmul(weights.load(here, FOUR), s, flags=FUSED)
            left = builder.fsub(target, weighed, flags=FUSED)
            out.store(left, here)
            lanes.add_product(builder, sums, builder.fadd(left, target, flags=FUSED), s)
        return lanes.total(builder, builder.load(sums))

    numbers = (types.intp, types.intp)
    return types.float32(fixed, indices, *numbers, kept, vector, offsets, t, q, rest, types.intp), generate


def _dot(typing: Any, kept: Any, count: Any, vector: Any, q: Any, along: Any, at: Any) -> Any:
    """along[at + j] = q[at + j] a_j with a_j = y_j · vector; returns Σ q a²."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows, v, weights, out = (_array(context, builder, signature, arguments, k) for k in (0, 2, 3, 4))
        stop, at = arguments[1], arguments[5]
        d = rows.shape[1]
        sums = lanes.room(builder, FOUR)
        with lanes.loop(builder, d.type(0), stop, ROWS) as (j, _):
            starts = [builder.mul(builder.add(j, d.type(k)), d) for k in range(ROWS)]
            product = lanes.dots(builder, rows, starts, v, d)
            place = builder.add(at, j)
            weighed = builder.fmul(weights.load(place, FOUR), product, flags=FUSED)
            out.store(weighed, place)
            lanes.add_product(builder, sums, weighed, product)
        return lanes.total(builder, builder.load(sums))

    return types.float32(kept, types.intp, vector, q, along, types.intp), generate


def _add(typing: Any, kept: Any, count: Any, weights: Any, at: Any, result: Any) -> Any:
    """result += Σ weights[at + j] y_j."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows, given, out = (_array(context, builder, signature, arguments, k) for k in (0, 2, 4))
        stop, at = arguments[1], arguments[3]
        d = rows.shape[1]

        def block(k: Any, columns: int) -> None:
            edges = [builder.add(k, k.type(c)) for c in range(0, columns, LANES)]
            sums = [cgutils.alloca_once_value(builder, out.load(edge, WIDE)) for edge in edges]
            with lanes.loop(builder, d.type(0), stop, 1) as (j, _):
                weight = lanes.spread(builder, builder.load(given.at(builder.add(at, j))))
                start = builder.add(builder.mul(j, d), k)
                wide = min(columns, PAIR)
                read = [rows.numbers(builder.add(start, d.type(c)), wide) for c in range(0, columns, wide)]
                for place, y in zip(sums, [y for part in read for y in part], strict=True):
                    lanes.add_product(builder, place, y, weight)
            for edge, place in zip(edges, sums, strict=True):
                out.store(builder.load(place), edge)

        whole = builder.and_(d, d.type(-BLOCK))
        with lanes.loop(builder, d.type(0), whole, BLOCK) as (k, _):
            block(k, BLOCK)
        lanes.by_columns(builder, whole, d, block)
        return context.get_dummy_value()

    return types.void(kept, types.intp, weights, types.intp, result), generate


def _array(context: Any, builder: Any, signature: Any, arguments: Any, k: int) -> Array:
    return Array(context, builder, signature.args[k], arguments[k])


def _ask(builder: Any, source: Array, start: Any, d: Any) -> None:
    """Have the d numbers from element `start` brought near."""
    kind = ir.FunctionType(ir.VoidType(), [BYTE.as_pointer(), WORD, WORD, WORD])
    prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    line = 32 if source.half else 16  # numbers in 64 bytes
    with lanes.loop(builder, d.type(0), d, line) as (k, _):
        address = builder.bitcast(source.at(builder.add(start, k)), BYTE.as_pointer())
        builder.call(prefetch, [address, WORD(0), WORD(3), WORD(1)])


weigh: Any = intrinsic(_weigh)
meet: Any = intrinsic(_meet)
dot: Any = intrinsic(_dot)
add: Any = intrinsic(_add)
