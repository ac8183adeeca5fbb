"""A generated B2B company whose truth is known.

Vendors serve its operational tables (:mod:`.tables`); its truth is written apart and read by
scoring alone: nothing of the pipeline may import this package.
"""
