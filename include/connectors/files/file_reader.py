"""One file → batches: unpack, choose the reader of its format, bind the header, type the rows."""

from __future__ import annotations

import gzip
import logging
import zlib
from collections.abc import Iterator
from typing import BinaryIO, cast

from include.connectors.files.blocks import Blocks
from include.connectors.files.client_bank import read_client_bank
from include.connectors.files.decoding import stream_utf8
from include.connectors.files.delimited import Dialect, read_delimited
from include.connectors.files.header import Header, bind_header
from include.connectors.files.json_lines import read_json_lines
from include.connectors.files.mapping import FORMATS, FileMapping
from include.connectors.files.parquet_file import read_parquet
from include.connectors.files.row_builder import RowBuilder
from include.connectors.files.workbook import read_workbook
from include.connectors.protocol import BadInput, Batch

_LOG = logging.getLogger(__name__)


def read_file(
    stream: BinaryIO, name: str, mapping: FileMapping, account_id: str
) -> Iterator[Batch]:
    """Stream a file's batches; raises ``BadInput`` when it cannot be read as its mapping says."""
    position = name if mapping.sheet is None else f"{name} [{mapping.sheet}]"
    builder = RowBuilder(mapping, account_id, name, position)
    headers: dict[tuple[str, ...], Header] = {}
    try:
        for block in _open_blocks(stream, name, mapping, position):
            if not block.names:
                # JSON lines of which none could be read: nothing to bind yet.
                yield Batch(None, block.rejected)
                continue
            if block.names not in headers:
                headers[block.names] = bind_header(mapping, block.names, position)
                _report_unknown(headers[block.names], mapping, position)
            batch = builder.build(block, headers[block.names])
            if batch.rows is not None or batch.rejected:
                yield batch
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadInput(
            f"{name} is not a whole gzip file ({error}). Deliver it again; if it is not "
            "compressed, drop .gz from its name."
        ) from None


def _open_blocks(stream: BinaryIO, name: str, mapping: FileMapping, position: str) -> Blocks:
    form = mapping.format_of(name)
    if form is None:
        raise BadInput(
            f"{name} has an extension no format is known for. Set `format` in {mapping.path} to "
            f"one of {', '.join(FORMATS)}."
        )
    if name.lower().endswith(".gz"):
        stream = cast(BinaryIO, gzip.GzipFile(fileobj=stream))
    has_comma = mapping.decimal == "comma"
    if form == "parquet":
        return read_parquet(stream, has_comma, position)
    if form == "xlsx":
        return read_workbook(stream, mapping.sheet, mapping.header_row, has_comma, position)
    text = stream_utf8(stream, mapping.encoding, position)
    if form == "jsonl":
        dotted = [rule.source for rule in mapping.columns.values() if "." in (rule.source or "")]
        return read_json_lines(
            text, tuple(dict.fromkeys(filter(None, dotted))), has_comma, position
        )
    if form == "1c_bank":
        wanted = [source for rule in mapping.columns.values() for source in rule.sources]
        wanted += mapping.keep_extra if mapping.keep_extra != "all" else ()
        return read_client_bank(
            text, tuple(dict.fromkeys(wanted)), position, must_add_up=mapping.must_add_up
        )
    delimiter = mapping.delimiter or ("\t" if form == "tsv" else ",")
    return read_delimited(text, Dialect(delimiter, mapping.quote, mapping.header_row), position)


def _report_unknown(header: Header, mapping: FileMapping, position: str) -> None:
    if header.unknown:
        _LOG.warning(
            "%s has %d columns that %s does not mention, and they are not kept: %s. List them "
            "under keep_extra or ignore.",
            position,
            len(header.unknown),
            mapping.path,
            ", ".join(repr(name) for name in header.unknown[:30]),
        )
