"""Bodies and answers as streams: formats, encodings, breaks in the middle, memory."""

from __future__ import annotations

import gzip
import http.client
import shutil
import socket
import subprocess
import zlib
from pathlib import Path

import lz4.frame
import pyarrow as pa
import pytest
import requests
import zstandard
from clickhouse_connect.driver.client import Client

from include.embedded.process import RunningEngine

TIMEOUT = 60


def ask(
    url: str, owner: dict[str, str], statement: str | bytes, **options: str
) -> requests.Response:
    data = statement.encode() if isinstance(statement, str) else statement
    return requests.post(url, params=options, data=data, headers=owner, timeout=TIMEOUT)


def test_a_body_that_is_not_what_its_encoding_says_is_an_error_in_words(
    url: str, owner: dict[str, str]
) -> None:
    answer = requests.post(
        url, data=b"not gzip", headers={**owner, "Content-Encoding": "gzip"}, timeout=TIMEOUT
    )
    assert answer.status_code == 500
    assert "DB::Exception" in answer.text


def test_curl_sends_a_large_body_after_asking_to_continue(
    url: str, owner: dict[str, str], client: Client, tmp_path: Path
) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed here")
    client.command("create table scratch.t (a UInt64) engine=MergeTree order by a")
    rows = tmp_path / "rows.tsv"
    rows.write_bytes(b"".join(b"%d\n" % i for i in range(500_000)))
    headers = [part for name in owner for part in ("-H", f"{name}: {owner[name]}")]
    query = f"{url}?query=insert+into+scratch.t+format+TSV"
    subprocess.run(
        [
            "curl",
            "-sSf",
            *headers,
            "-H",
            "Expect: 100-continue",
            query,
            "--data-binary",
            f"@{rows}",
        ],
        check=True,
        timeout=TIMEOUT,
    )
    assert client.command("select count() from scratch.t") == 500_000


STREAMED = [
    "TabSeparated",
    "TSVWithNames",
    "TabSeparatedWithNamesAndTypes",
    "CSV",
    "CSVWithNames",
    "CSVWithNamesAndTypes",
    "JSONEachRow",
    "JSONCompactEachRow",
    "JSONCompactEachRowWithNames",
    "JSONCompactEachRowWithNamesAndTypes",
    "JSONStringsEachRow",
    "RowBinary",
    "RowBinaryWithNames",
    "RowBinaryWithNamesAndTypes",
]
WHOLE = ["Values", "JSONCompact", "TSKV", "Markdown", "XML"]


@pytest.mark.parametrize("output_format", STREAMED + WHOLE)
@pytest.mark.parametrize("rows", [0, 1, 200_000])
def test_a_streamed_result_is_byte_for_byte_the_whole_one(
    url: str, owner: dict[str, str], client: Client, output_format: str, rows: int
) -> None:
    """The engine itself writes the format into one string here, for comparison."""
    select = f'select number as `a "\t,\nb`, toString(number) as s from numbers({rows})'
    streamed = ask(
        url,
        owner,
        f"{select} format {output_format}",
        output_format_write_statistics="0",
        max_threads="1",
    )
    assert streamed.status_code == 200, streamed.text
    whole = ask(
        url,
        owner,
        f"{select} settings max_threads = 1 format {output_format}",
        wait_end_of_query="1",
        output_format_write_statistics="0",
    )
    assert streamed.content == whole.content
    names = streamed.content.count(b'a \\"\\t') + streamed.content.count(b'a ""\t')
    assert names <= max(1, rows if output_format in ("TSKV", *STREAMED[6:11]) else 4)
    if output_format.startswith(("TSV", "TabSeparated")):
        heads = output_format.count("Names") + output_format.count("Types")
        assert streamed.content.count(b"\n") == rows + heads


def test_arrow_streams_and_files_are_one_document(url: str, owner: dict[str, str]) -> None:
    select = "select number, toString(number) as s from numbers(200000)"
    stream = ask(url, owner, f"{select} format ArrowStream").content
    assert pa.ipc.open_stream(stream).read_all().num_rows == 200_000
    file = ask(url, owner, f"{select} format Arrow").content
    assert pa.ipc.open_file(file).read_all().num_rows == 200_000
    empty = ask(url, owner, "select number from numbers(0) format ArrowStream").content
    assert pa.ipc.open_stream(empty).read_all().column_names == ["number"]


def unpack(name: str, data: bytes) -> bytes:
    return {
        "gzip": gzip.decompress,
        "deflate": zlib.decompress,
        "lz4": lz4.frame.decompress,
        "zstd": lambda d: zstandard.ZstdDecompressor().decompressobj().decompress(d),
    }[name](data)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "lz4", "zstd"])
@pytest.mark.parametrize("wait", ["0", "1"])
def test_results_are_compressed_when_asked_for(
    served: RunningEngine, owner: dict[str, str], encoding: str, wait: str
) -> None:
    connection = http.client.HTTPConnection(served.host, served.port, timeout=TIMEOUT)
    connection.request(
        "POST",
        f"/?enable_http_compression=1&wait_end_of_query={wait}",
        body="select number from numbers(300000)",
        headers={**owner, "Accept-Encoding": f"br, {encoding}"},
    )
    answer = connection.getresponse()
    assert answer.headers["Content-Encoding"] == encoding
    data = unpack(encoding, answer.read())
    assert data == b"".join(b"%d\n" % i for i in range(300_000))


def test_results_are_plain_unless_compression_is_enabled(url: str, owner: dict[str, str]) -> None:
    assert "Content-Encoding" not in ask(url, owner, "select 1").headers


PACKED = {
    "": lambda data: data,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "lz4": lz4.frame.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("encoding", list(PACKED))
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("in_url", [False, True])
def test_rows_arrive_compressed_chunked_or_plain(
    url: str, owner: dict[str, str], client: Client, encoding: str, chunked: bool, in_url: bool
) -> None:
    client.command("create table scratch.t (a UInt64) engine=MergeTree order by a")
    insert = "insert into scratch.t (a) format TSV"
    rows = b"".join(b"%d\n" % i for i in range(400_000))
    body = PACKED[encoding](rows if in_url else f"{insert}\n".encode() + rows)
    pieces = (body[i : i + 70_001] for i in range(0, len(body), 70_001))
    answer = requests.post(
        url,
        params={"query": insert} if in_url else {},
        data=pieces if chunked else body,
        headers={**owner, "Content-Encoding": encoding},
        timeout=TIMEOUT,
    )
    assert answer.status_code == 200, answer.text
    assert client.query("select count(), sum(a) from scratch.t").first_row == (
        400_000,
        sum(range(400_000)),
    )


def test_native_block_compression_is_refused_in_words(url: str, owner: dict[str, str]) -> None:
    answer = ask(url, owner, "select 1", compress="1")
    assert answer.status_code == 501
    assert "enable_http_compression" in answer.text


def test_values_longer_than_any_statement_stream_in(
    url: str, owner: dict[str, str], client: Client
) -> None:
    client.command("create table scratch.t (a UInt64, b String) engine=MergeTree order by a")
    rows = ",".join(f"({i}, 'row number {i}')" for i in range(100_000))
    assert ask(url, owner, f"insert into scratch.t values {rows}").status_code == 200
    assert client.command("select count() from scratch.t") == 100_000


def test_an_error_amid_a_stream_is_marked_and_the_answer_is_cut(
    served: RunningEngine, owner: dict[str, str]
) -> None:
    connection = http.client.HTTPConnection(served.host, served.port, timeout=TIMEOUT)
    connection.request(
        "POST",
        "/",
        body="select throwIf(number = 900000, 'half way') from numbers(1000000)",
        headers=owner,
    )
    answer = connection.getresponse()
    assert answer.status == 200
    tag = answer.headers["X-ClickHouse-Exception-Tag"]
    with pytest.raises(http.client.IncompleteRead) as broken:
        answer.read()
    tail = broken.value.partial[-2000:]
    assert f"__exception__\r\n{tag}\r\nCode: 395. DB::Exception: half way".encode() in tail
    assert tail.endswith(f" {tag}\r\n__exception__\r\n".encode())


def test_an_error_amid_a_waited_for_result_is_a_plain_error(
    url: str, owner: dict[str, str]
) -> None:
    answer = ask(
        url,
        owner,
        "select throwIf(number = 900000, 'half way') from numbers(1000000)",
        wait_end_of_query="1",
    )
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "395")


def test_a_body_that_breaks_off_writes_nothing(
    served: RunningEngine, owner: dict[str, str], client: Client
) -> None:
    client.command("create table scratch.t (a UInt64) engine=MergeTree order by a")
    for framing in ("Content-Length: 1000", "Transfer-Encoding: chunked"):
        with socket.create_connection((served.host, served.port), timeout=TIMEOUT) as wire:
            head = "".join(f"{name}: {value}\r\n" for name, value in owner.items())
            body = "insert into scratch.t format TSV\n1\n2\n"
            if "chunked" in framing:
                body = f"{len(body):x}\r\n{body}\r\n"
            wire.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{head}{framing}\r\n\r\n{body}".encode())
            wire.shutdown(socket.SHUT_WR)
            while wire.recv(4096):
                continue
    assert client.command("select count() from scratch.t") == 0


@pytest.mark.parametrize("size", [7, 70_000, 3_000_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_an_insert_that_fails_early_leaves_the_connection_ready_for_the_next_request(
    served: RunningEngine, owner: dict[str, str], client: Client, size: int, chunked: bool
) -> None:
    """The engine refuses the first row while most of the body is still on its way."""
    client.command("create table scratch.t (a UInt64) engine=MergeTree order by a")
    body = b"insert into scratch.t format TSV\n" + b"not a number\n" * 400_000
    connection = http.client.HTTPConnection(served.host, served.port, timeout=TIMEOUT)
    for _ in range(2):
        end = min(len(body), size * 1000)
        pieces = (body[start : start + size] for start in range(0, end, size))
        connection.request("POST", "/", body=pieces if chunked else body, headers=owner)
        answer = connection.getresponse()
        assert answer.headers["X-ClickHouse-Exception-Code"] == "27"
        answer.read()
        connection.request("POST", "/", body="select 1", headers=owner)
        assert connection.getresponse().read() == b"1\n"


def test_a_client_that_leaves_amid_an_answer_wedges_nothing(
    served: RunningEngine, owner: dict[str, str], url: str
) -> None:
    for _ in range(80):
        connection = http.client.HTTPConnection(served.host, served.port, timeout=TIMEOUT)
        connection.request("POST", "/", body="select number from numbers(100000000)", headers=owner)
        connection.getresponse().read(10)
        connection.close()
    assert ask(url, owner, "select 1").text == "1\n"


def test_memory_stays_flat_while_a_large_result_is_read(
    served: RunningEngine, owner: dict[str, str], url: str
) -> None:
    def resident_mib() -> int:
        status = Path(f"/proc/{served.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0]) // 1024

    before = resident_mib()
    peak = size = 0
    with requests.post(
        url,
        data="select number, toString(number) from numbers(25000000)",
        headers=owner,
        stream=True,
        timeout=TIMEOUT,
    ) as answer:
        for number, piece in enumerate(answer.iter_content(1 << 20)):
            size += len(piece)
            if number % 20 == 0:
                peak = max(peak, resident_mib())
    assert size > 400_000_000
    assert peak - before < 200
