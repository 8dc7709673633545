"""Draw, check and publish boundary plans: the store's plans and the edits of `geo` come together.

Used by view models, actions and the command line. Opening reads a base and what the edits made of
it; drawing applies an edit and logs it in one transaction; publishing hands the grids over.
"""
