"""Small tilings for the hand cases: squares of 0.004 degrees (some 340 m by 440 m)."""

import shapely

from geo.edits import EditTiling, apply

WEST, SOUTH, SIDE = 116.0, 40.0, 0.004


def at(x, y):
    """Return the place x squares east and y squares north of the corner."""
    return (WEST + x * SIDE, SOUTH + y * SIDE)


def line(*places):
    return tuple(at(x, y) for x, y in places)


def area(*places):
    return shapely.Polygon(line(*places))


def box(x, y, width=1.0, height=1.0):
    return area((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def tiling_of(shapes, **given):
    codes = tuple(sorted(shapes))
    return EditTiling(
        codes=codes,
        shapes=shapely_array([shapes[code] for code in codes]),
        names={code: f"name of {code}" for code in codes},
        **given,
    )


def shapely_array(shapes):
    import numpy as np

    made = np.empty(len(shapes), dtype=object)
    made[:] = shapes
    return made


def lattice(columns=3, rows=3, **given):
    """Squares called c<column><row>, c00 in the south-west."""
    return tiling_of({f"c{x}{y}": box(x, y) for x in range(columns) for y in range(rows)}, **given)


def ring_and_middle(**given):
    """A square of three by three with another grid in its middle, which may be cut again."""
    hole = line((1, 1), (2, 1), (2, 2), (1, 2))
    around = shapely.Polygon(line((0, 0), (3, 0), (3, 3), (0, 3)), [hole])
    return tiling_of({"around": around, "middle": shapely.Polygon(hole)}, **given)


def squares_of(shape):
    """Area in squares."""
    return shapely.area(shape) / SIDE**2


def assert_sound(before, done):
    """Check everything an applied edit must keep, and that its inverse leads back."""
    after = done.tiling
    assert shapely.is_valid(after.shapes).all()
    assert shapely.coverage_is_valid(after.shapes)
    assert apply(after, done.inverse).tiling.digest() == before.digest()
    for measure, numbers in before.counts.items():
        assert sum(after.counts[measure].values()) == sum(numbers.values())
