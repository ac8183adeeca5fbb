"""Measurements of the real code on generated rows; ``make bench`` prints them as tables."""
