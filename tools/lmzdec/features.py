"""What a model of interface 2 is fed beside the last bin (lm-metadata.md, section 3.2)."""

from .f32 import f32

FEATURES = 43

# For each level: experts of features 0 to 7, and of 8 to 23.
LOCATIONS = (
    (3, 9, 9, 3, 3, 9, 14, 14),
    (3, 5, 9, 11, 3, 12, 14, 15),
    (3, 5, 7, 8, 9, 10, 15, 15),
)
SCALES = (
    (0, 1, 2, 3, 5, 8, 9, 10, 12, 9, 10, 11, 11, 9, 14, 13),
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 3, 12, 14, 15),
    (0, 1, 2, 3, 4, 5, 5, 5, 6, 7, 7, 8, 9, 10, 15, 15),
)
_C005, _C0002 = f32(0.05), f32(0.002)


def _squash(v):
    return f32(v / f32(1.0 + abs(v)))


def _ratio(a, b):
    return f32(f32(a - b) / f32(a + b))


def features(level, forecast, values, own, partner, errors, last_error, second):
    """The 43 integers; `errors` are those of the channel's latest four samples, newest first."""
    scale = forecast.scale
    inverse = f32(1.0 / scale)
    spacing = f32(values.spacing)

    def squashed(x, factor=1.0):
        return _squash(f32(x * factor))

    def distance(v):
        return f32(f32(v - forecast.reference) * inverse)

    scales = [f32(1.0 / i) for i in forecast.inverse]
    out = [squashed(f32(forecast.at[e] * inverse), 2.0) for e in LOCATIONS[level]]
    out += [_ratio(scales[e], scale) for e in SCALES[level]]
    out.append(_ratio(scales[0], scales[2]))
    out += map(_squash, errors)
    out.append(_squash(last_error))
    out.append(_ratio(scale, spacing))
    out += [_squash(f32(f32(scale * factor) / spacing)) for factor in (_C005, _C0002)]
    above = min(values.count_below(forecast.reference), values.len - 1)
    out += [_squash(distance(values.value(rank))) for rank in (above, max(above - 1, 0))]
    out += [squashed(distance(v), _C005) for v in (values.last, values.first)]
    out += [squashed(distance(v), 0.25) for v in (own[0], own[1], 2.0 * own[0] - own[1])]
    out.append(squashed(f32(f32(own[0] - own[2]) * inverse), 0.25))
    out.append(squashed(f32(f32(partner[0] - partner[1]) * inverse), 0.25))
    out.append(1.0 if second else 0.0)
    return [int(f32(127.0 * x)) if x == x else 0 for x in out]
