"""Who is who, as far as SQL alone cannot say it: normalising values, estimating, driving the SQL.

The statements themselves are in ``sql/components`` and ``sql/match``.
"""
