"""Pair the two sides of every border by machine code, where that is wanted and installed.

Used by `geo.index`.
Knows nothing of cells and points.
"""
