"""The ``files`` source: a drop folder of tables, each kind described by a mapping file.

Not a bulk copier: a file is read only through a mapping, and a cell that does not fit its column
sends its row to quarantine, never a NULL into the table.
"""

from include.connectors.files.connector import CONNECTOR

__all__ = ["CONNECTOR"]
