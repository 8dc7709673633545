"""Prove rings to be simple by machine code, where that is wanted and installed.

Used by `geo.index`.
Knows nothing of edges, cells and points.
"""
