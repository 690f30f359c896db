"""Which of a row of bars leave a band, asked of many bars at once; and columns by their address.

Inner loops take a column as the address of its first value (int64): whoever hands on an array counts its users, and
that costs more than a bar, and threads that count the same array wait for each other. Nothing checks such a place.

Vectors are written in LLVM's terms, which makes of them what the machine has (AVX-512, AVX2, SSE2, NEON). Importing
this module loads Numba.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

WORD, HALF_WORD = ir.IntType(64), ir.IntType(32)


def _place(builder: Any, address: Any, at: Any, element: Any) -> Any:
    return builder.gep(builder.inttoptr(address, element.as_pointer()), [at])


def _loaded(builder: Any, address: Any, at: Any, width: int, element: Any = WORD) -> Any:
    vector = ir.VectorType(element, width)
    values = builder.load(builder.bitcast(_place(builder, address, at, element), vector.as_pointer()))
    values.align = 4
    return values


def _repeated(builder: Any, value: Any, width: int, element: Any = WORD) -> Any:
    vector = ir.VectorType(element, width)
    nothing = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(ir.IntType(32), width), [0] * width))


def _mask(width: int, *, highs: bool = True) -> Any:
    """Bit i is set where h[j + i] >= hi (with `highs`) or l[j + i] <= lo; j + width bars must be there.

    h and l are addresses.
    """

    @intrinsic
    def mask(typing: Any, h: Any, l: Any, j: Any, hi: Any, lo: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            h_, l_, j_, hi_, lo_ = arguments
            low = _loaded(builder, l_, j_, width)
            out = builder.icmp_signed("<=", low, _repeated(builder, lo_, width))
            if highs:
                high = _loaded(builder, h_, j_, width)
                out = builder.or_(out, builder.icmp_signed(">=", high, _repeated(builder, hi_, width)))
            bits = builder.bitcast(out, ir.IntType(width))
            return bits if width == 64 else builder.zext(bits, ir.IntType(64))

        return types.uint64(*(types.int64,) * 5), generate

    return mask


mask16, mask32 = _mask(16), _mask(32)


def _left(width: int) -> Any:
    """Bit i is set where lows[j + i] >= price or highs[j + i] <= price, for columns of int32."""

    @intrinsic
    def left(typing: Any, lows: Any, highs: Any, j: Any, price: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            lows_, highs_, j_, price_ = arguments
            given = _repeated(builder, builder.trunc(price_, HALF_WORD), width, HALF_WORD)
            low = builder.icmp_signed(">=", _loaded(builder, lows_, j_, width, HALF_WORD), given)
            high = builder.icmp_signed("<=", _loaded(builder, highs_, j_, width, HALF_WORD), given)
            return builder.zext(builder.bitcast(builder.or_(low, high), ir.IntType(width)), WORD)

        return types.uint64(*(types.int64,) * 4), generate

    return left


left32 = _left(32)


def _alike(builder: Any, value: int | float, like: Any) -> Any:
    return ir.Constant(like.type, [value] * like.type.count)


def _stored(builder: Any, values: Any, address: Any, at: Any) -> None:
    element = values.type.element
    place = builder.bitcast(_place(builder, address, at, element), values.type.as_pointer())
    builder.store(values, place).align = 4


def _greater(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.icmp_signed(">", a, b), a, b)


def _lesser(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.icmp_signed("<", a, b), a, b)


def _trail(builder: Any, price: Any, slope: Any, numerator: Any, denominator: Any) -> Any:
    """price × numerator / denominator rounded up, in whole numbers: the nearest one to the product with the rounded
    quotient `slope`, and the next where that lies below. What is compared is exact, being less than 2^53."""
    double = ir.VectorType(ir.DoubleType(), price.type.count)
    at = builder.sitofp(price, double)
    whole = _alike(builder, 1.5 * 2.0**52, at)
    near = builder.fsub(builder.fadd(builder.fmul(at, slope), whole), whole)
    below = builder.fcmp_ordered("<", builder.fmul(near, denominator), builder.fmul(at, numerator))
    level = builder.fptosi(near, price.type)
    return builder.select(below, builder.add(level, _alike(builder, 1, level)), level)


@intrinsic
def ratchet64(
    typing: Any, floors: Any, ceilings: Any, hards: Any, slopes: Any, nums: Any, dens: Any, first: Any, price: Any, out: Any
) -> Any:  # fmt: skip
    """A price over 64 positions from `first` on: trails that it only raises are raised, and nothing else is touched.

    floors, ceilings, hards: int32, mirrored for shorts. A price at or above its ceiling and below its hard level raises
    the peak to itself, unless it meets the raised floor. slopes: float64, nums / dens; nums, dens: float32 that hold
    whole numbers, dens below 0 for shorts. out: which were raised, which are outside their band afterwards, the highest
    low and the lowest high of all 64 in true prices; four int64.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        floors_, ceilings_, hards_, slopes_, nums_, dens_, first_, price_, out_ = arguments
        width, float32 = 16, ir.FloatType()
        long = _repeated(builder, builder.trunc(price_, HALF_WORD), width, HALF_WORD)
        short = builder.sub(_alike(builder, 0, long), long)
        raised_all = outside_all = ir.Constant(WORD, 0)
        highest_low = lowest_high = None
        for part in range(0, 64, width):
            at = builder.add(first_, ir.Constant(WORD, part))
            floor, ceiling, hard = (
                _loaded(builder, column, at, width, HALF_WORD) for column in (floors_, ceilings_, hards_)
            )
            slope = _loaded(builder, slopes_, at, width, ir.DoubleType())
            numerator, denominator = (
                builder.fpext(_loaded(builder, column, at, width, float32), slope.type) for column in (nums_, dens_)
            )
            mirrored = builder.fcmp_ordered("<", denominator, _alike(builder, 0.0, denominator))
            denominator = builder.select(
                mirrored, builder.fsub(_alike(builder, -0.0, denominator), denominator), denominator
            )
            seen = builder.select(mirrored, short, long)
            level = _trail(builder, seen, slope, numerator, denominator)
            new = _greater(builder, floor, level)
            raises = builder.and_(
                builder.and_(builder.icmp_signed(">=", seen, ceiling), builder.icmp_signed("<", seen, hard)),
                builder.icmp_signed("<", new, seen),
            )
            floor = builder.select(raises, new, floor)
            ceiling = builder.select(raises, builder.add(seen, _alike(builder, 1, seen)), ceiling)
            _stored(builder, floor, floors_, at)
            _stored(builder, ceiling, ceilings_, at)
            outside = builder.or_(builder.icmp_signed("<=", seen, floor), builder.icmp_signed(">=", seen, ceiling))
            zero = _alike(builder, 0, floor)
            low = builder.select(mirrored, builder.sub(zero, ceiling), floor)
            high = builder.select(mirrored, builder.sub(zero, floor), ceiling)
            highest_low = low if highest_low is None else _greater(builder, highest_low, low)
            lowest_high = high if lowest_high is None else _lesser(builder, lowest_high, high)
            shift = ir.Constant(WORD, part)
            bits = ir.IntType(width)
            raised_all = builder.or_(raised_all, builder.shl(builder.zext(builder.bitcast(raises, bits), WORD), shift))
            outside_all = builder.or_(
                outside_all, builder.shl(builder.zext(builder.bitcast(outside, bits), WORD), shift)
            )
        while width > 1:
            width //= 2
            halves = [
                ir.Constant(ir.VectorType(HALF_WORD, width), list(range(begin, begin + width))) for begin in (0, width)
            ]
            highest_low = _greater(
                builder, *(builder.shuffle_vector(highest_low, highest_low, half) for half in halves)
            )
            lowest_high = _lesser(builder, *(builder.shuffle_vector(lowest_high, lowest_high, half) for half in halves))
        first_place = ir.Constant(HALF_WORD, 0)
        told = [
            raised_all, outside_all, builder.sext(builder.extract_element(highest_low, first_place), WORD),
            builder.sext(builder.extract_element(lowest_high, first_place), WORD),
        ]  # fmt: skip
        for place, value in enumerate(told):
            builder.store(value, _place(builder, out_, ir.Constant(WORD, place), WORD))
        return context.get_dummy_value()

    return types.void(*(types.int64,) * 9), generate


def _records(width: int, *, trailing: bool) -> Any:
    """Bit i is set where h[j + i] >= hi or l[j + i] <= lo; with `trailing` also where l[j + i] <= h[j + i] × m + slack.

    Floats that hold whole numbers.
    """

    @intrinsic
    def records(typing: Any, h: Any, l: Any, j: Any, hi: Any, lo: Any, m: Any, slack: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            h_, l_, j_, hi_, lo_, m_, slack_ = arguments
            double = ir.DoubleType()
            high = _loaded(builder, h_, j_, width, double)
            low = _loaded(builder, l_, j_, width, double)
            out = builder.fcmp_ordered(">=", high, _repeated(builder, hi_, width, double))
            out = builder.or_(out, builder.fcmp_ordered("<=", low, _repeated(builder, lo_, width, double)))
            if trailing:
                level = builder.fmul(high, _repeated(builder, m_, width, double))
                level = builder.fadd(level, _repeated(builder, slack_, width, double))
                out = builder.or_(out, builder.fcmp_ordered("<=", low, level))
            return builder.zext(builder.bitcast(out, ir.IntType(width)), ir.IntType(64))

        floats = (types.float64,) * 4
        return types.uint64(*(types.int64,) * 3, *floats), generate

    return records


records16, trailing8 = _records(16, trailing=False), _records(8, trailing=True)


@intrinsic
def lowest_bit(typing: Any, bits: Any) -> Any:
    """The place of the lowest bit that is set; `bits` must not be 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(64), [ir.IntType(64), ir.IntType(1)])
        count = cgutils.get_or_insert_function(builder.module, kind, "llvm.cttz.i64")
        return builder.call(count, [arguments[0], ir.Constant(ir.IntType(1), 1)])

    return types.int64(types.uint64), generate


def _without_owner(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    array = context.make_array(kind)(context, builder, value)
    array.meminfo = ir.Constant(array.meminfo.type, None)
    return array._getvalue()


@intrinsic
def unowned(typing: Any, arrays: Any) -> Any:
    """An array, or a tuple of arrays, whose users nobody counts. It must be an argument of the outermost function, so
    that its caller keeps it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (kind,), (value,) = signature.args, arguments
        if isinstance(kind, types.Array):
            return _without_owner(context, builder, kind, value)
        bare = [_without_owner(context, builder, kind.dtype, part) for part in cgutils.unpack_tuple(builder, value)]
        return context.make_tuple(builder, kind, bare)

    return arrays(arrays), generate


@intrinsic
def address(typing: Any, array: Any) -> Any:
    """Where an array's values begin. Whoever asks must see to it that the array lives on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.ptrtoint(data, WORD)

    return types.int64(array), generate


def _peek(kind: Any, element: Any) -> Any:
    @intrinsic
    def peek(typing: Any, start: Any, at: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.load(_place(builder, *arguments, element))

        return kind(types.int64, types.int64), generate

    return peek


peek, peek_float = _peek(types.int64, WORD), _peek(types.float64, ir.DoubleType())
peek_short = _peek(types.int32, HALF_WORD)


def _poke(kind: Any, element: Any) -> Any:
    @intrinsic
    def poke(typing: Any, start: Any, at: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            start_, at_, value_ = arguments
            builder.store(value_, _place(builder, start_, at_, element))
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, kind), generate

    return poke


poke, poke_float = _poke(types.int64, WORD), _poke(types.float64, ir.DoubleType())
poke_short, poke_single = _poke(types.int32, HALF_WORD), _poke(types.float32, ir.FloatType())
