"""Contracts: one YAML file per table, from which everything said about the table is derived.

The contract is the only place that names a table's columns; DDL, comments, Arrow schemas,
expectation suites and the data dictionary are generated and never edited.
"""
