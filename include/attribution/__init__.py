"""The part of attribution that SQL cannot do: linear systems and games over aggregated journeys.

Models that only look at places in a journey are SQL (``sql/attribute/heuristic_credit.sql``).
"""
