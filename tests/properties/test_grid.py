"""Laws of the grid: it answers what asking every shape would, and is only faster."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from jagawarga.catalogue.areas import Grid, Shape

corners = st.tuples(st.integers(-6, 6).map(float), st.integers(-6, 6).map(float))
# Rings may cross themselves and lie on each other: the law holds all the same.
rings = st.lists(corners, min_size=3, max_size=7, unique=True).map(tuple)
shapes = st.lists(st.lists(rings, min_size=1, max_size=3).map(tuple), min_size=1, max_size=5).map(
    lambda found: [Shape(str(number), each) for number, each in enumerate(found)]
)
# On corners, on edges, between them, on the borders of cells, anywhere.
degrees = st.integers(-7, 7).map(float) | st.integers(-64, 64).map(lambda each: each / 8) | st.floats(-7, 7)


@settings(max_examples=40)  # each makes a grid of 16,384 cells
@given(shapes, st.lists(st.tuples(degrees, degrees), min_size=1, max_size=20))
def test_the_grid_says_what_all_shapes_say(made: list[Shape], points: list[tuple[float, float]]) -> None:
    """The first shape that holds a point, or none."""
    grid = Grid(made)
    for x, y in points:
        assert grid.find(x, y) == next((shape.key for shape in made if shape.holds((x, y))), None)


@given(st.lists(corners, min_size=3, max_size=7, unique=True), st.tuples(degrees, degrees), st.booleans())
def test_the_way_a_ring_runs_does_not_matter(
    ring: list[tuple[float, float]], point: tuple[float, float], closed: bool
) -> None:
    """Backwards, from another corner: the same ground."""
    turned = [*ring[2:], *ring[:2]]
    first, other = Shape("a", (tuple(ring),)), Shape("b", (tuple(reversed(turned if closed else ring)),))
    assert first.holds(point) == other.holds(point)
