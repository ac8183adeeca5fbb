"""Inner loops compiled to machine code, for the few places where Arrow and numpy are too slow.

Each loop has a slower equal in plain Python, numpy or Arrow: :func:`include.compiled.loader.load`
may say that there is none for this machine.
"""
