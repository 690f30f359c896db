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

WORD = ir.IntType(64)


def _place(builder: Any, address: Any, at: Any, element: Any) -> Any:
    return builder.gep(builder.inttoptr(address, element.as_pointer()), [at])


def _loaded(builder: Any, address: Any, at: Any, width: int, element: Any = WORD) -> Any:
    vector = ir.VectorType(element, width)
    values = builder.load(builder.bitcast(_place(builder, address, at, element), vector.as_pointer()))
    values.align = 8
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
