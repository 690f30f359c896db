"""Which of a row of bars leave a band, asked of many bars at once.

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


def _loaded(context: Any, builder: Any, array: Any, kind: Any, at: Any, width: int, element: Any = WORD) -> Any:
    vector = ir.VectorType(element, width)
    start = builder.gep(context.make_array(kind)(context, builder, array).data, [at])
    values = builder.load(builder.bitcast(start, vector.as_pointer()))
    values.align = 8
    return values


def _repeated(builder: Any, value: Any, width: int, element: Any = WORD) -> Any:
    vector = ir.VectorType(element, width)
    nothing = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(ir.IntType(32), width), [0] * width))


def _mask(width: int, *, highs: bool = True) -> Any:
    """Bit i is set where h[j + i] >= hi (with `highs`) or l[j + i] <= lo; j + width bars must be there."""

    @intrinsic
    def mask(typing: Any, h: Any, l: Any, j: Any, hi: Any, lo: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            h_, l_, j_, hi_, lo_ = arguments
            low = _loaded(context, builder, l_, signature.args[1], j_, width)
            out = builder.icmp_signed("<=", low, _repeated(builder, lo_, width))
            if highs:
                high = _loaded(context, builder, h_, signature.args[0], j_, width)
                out = builder.or_(out, builder.icmp_signed(">=", high, _repeated(builder, hi_, width)))
            bits = builder.bitcast(out, ir.IntType(width))
            return bits if width == 64 else builder.zext(bits, ir.IntType(64))

        return types.uint64(h, l, types.int64, types.int64, types.int64), generate

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
            high = _loaded(context, builder, h_, signature.args[0], j_, width, double)
            low = _loaded(context, builder, l_, signature.args[1], j_, width, double)
            out = builder.fcmp_ordered(">=", high, _repeated(builder, hi_, width, double))
            out = builder.or_(out, builder.fcmp_ordered("<=", low, _repeated(builder, lo_, width, double)))
            if trailing:
                level = builder.fmul(high, _repeated(builder, m_, width, double))
                level = builder.fadd(level, _repeated(builder, slack_, width, double))
                out = builder.or_(out, builder.fcmp_ordered("<=", low, level))
            return builder.zext(builder.bitcast(out, ir.IntType(width)), ir.IntType(64))

        floats = (types.float64,) * 4
        return types.uint64(h, l, types.int64, *floats), generate

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
    """An array, or a tuple of arrays, that no call counts the users of: counting costs more than a bar, and threads that
    count the same array wait for each other. The arrays must be arguments of the outermost function, so that its
    caller keeps them."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (kind,), (value,) = signature.args, arguments
        if isinstance(kind, types.Array):
            return _without_owner(context, builder, kind, value)
        parts = cgutils.unpack_tuple(builder, value)
        bare = [_without_owner(context, builder, kind.dtype, part) for part in parts]
        return context.make_tuple(builder, kind, bare)

    return arrays(arrays), generate
