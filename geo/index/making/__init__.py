"""Make the table of cells by machine code, where that is wanted and installed.

Used by `geo.index`.
Knows nothing of points and codes.
"""
