"""Put questions of place to the store: coverage, siting, hotspots; each file answers one kind.

Used by view models, screens and the command line. Reads through repositories and frames, projects
to metres, and leaves the arithmetic to `geo`.
"""
