"""HTTP for connectors: time limits, retries of what is retryable, and no secret in any text.

A connector hands in ``classify``, which reads one response and says what it means; this module
only decides when to ask again. Errors are built from scrubbed words and raised outside of
``except`` blocks, so no traceback carries the request that failed.
"""

from __future__ import annotations

import io
import json
import logging
import random
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
import requests
import tenacity
import urllib3

from include.connectors.protocol import (
    BadInput,
    ConnectorError,
    IncompleteAnswer,
    Limiter,
    TemporaryFailure,
)

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
READ_SECONDS = 120.0
ATTEMPTS = 5
LONGEST_WAIT_SECONDS = 300.0
TEXT_SHOWN = 300
BROKEN_GATEWAYS = (500, 502, 503, 504)

_PATTERNS = (
    (re.compile(r"(?i)\b(bearer|oauth|basic)\s+[\w.~+/=-]+"), r"\1 ***"),
    (
        re.compile(
            r"(?i)((?:access_|refresh_)?token|secret|password|api_?key|client_secret|auth)"
            r"(\"?\s*[=:]\s*\"?)[^\s&\"',}]+"
        ),
        r"\1\2***",
    ),
    (re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]*"), r"\1"),
    (re.compile(r"(https?://)[^/@\s]+@"), r"\1"),
)


@dataclass(frozen=True)
class Again:
    """``classify`` found a passing trouble: ask again, first after about ``first_seconds``."""

    error: ConnectorError
    first_seconds: float = 1.0
    at_least_seconds: float = 0.0
    """What the vendor itself asked for, for example in Retry-After."""


Classify = Callable[[requests.Response], Again | None]
"""Returns None for a response to be used, :class:`Again`, or raises a final ConnectorError."""


class Scrubber:
    """Removes known secrets, and anything that looks like one, from text meant for people."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {s for s in secrets if len(s) >= 4}
        known |= {quote(s, safe="") for s in known}
        self._secrets = sorted(known, key=len, reverse=True)

    def scrub(self, text: str) -> str:
        """The text with secrets, URL queries and URL logins taken out."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def show_url(self, url: str) -> str:
        """Scheme, host and path only; a secret inside the path is blotted out."""
        try:
            parts = urlsplit(url)
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return "an address that is none"
        return self.scrub(f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}")

    def show_body(self, response: requests.Response) -> str:
        """The beginning of an error body; a proxy's HTML page is only named."""
        text = response.text
        if "html" in response.headers.get("Content-Type", "").lower() or text[:1] == "<":
            return "an HTML page, probably from a proxy"
        return self.scrub(" ".join(text.split()))[:TEXT_SHOWN]


class _ScrubFilter(logging.Filter):
    """urllib3 logs whole request paths at debug level; some vendors keep a secret there."""

    def __init__(self) -> None:
        super().__init__()
        self.secrets: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place and let it pass."""
        # Copied in one step: another thread may open a session just now.
        text = Scrubber(tuple(self.secrets)).scrub(record.getMessage())
        record.msg, record.args = re.sub(r"\?\S*", "", text), ()
        return True


_SCRUB_FILTER = _ScrubFilter()
logging.getLogger("urllib3.connectionpool").addFilter(_SCRUB_FILTER)


class _OwnAuthorization(requests.auth.AuthBase):
    """Keeps requests from replacing our Authorization header by one from ``~/.netrc``."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        return r


class HttpSession:
    """One account's connection to one vendor; ``auth`` signs each attempt, where tokens expire."""

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        secrets: Iterable[str] = (),
        attempts: int = ATTEMPTS,
        read_seconds: float = READ_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        limiter: Limiter | None = None,
        auth: requests.auth.AuthBase | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.scrubber = Scrubber(known := list(secrets))
        _SCRUB_FILTER.secrets.update(known)
        self._attempts = attempts
        self._timeout = (CONNECT_SECONDS, read_seconds)
        self._sleep = sleep
        self._limiter = limiter
        self._session = requests.Session()
        self._session.auth = auth or _OwnAuthorization()
        self._session.headers.update(headers)

    def post_json(
        self,
        path: str,
        body: Any,
        classify: Classify,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
    ) -> requests.Response:
        """POST a JSON body; see :meth:`send`."""
        return self.send("POST", path, classify, json=body, headers=headers, stream=stream)

    def send(
        self,
        method: str,
        path: str,
        classify: Classify,
        *,
        stream: bool = False,
        **arguments: Any,
    ) -> requests.Response:
        """Send until ``classify`` is content; with ``stream`` the body is left unread.

        Raises what ``classify`` raises, or the last passing trouble once the attempts are used up.
        The caller closes a streamed response.
        """
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=self._wait_before_next,
            retry=tenacity.retry_if_result(lambda outcome: isinstance(outcome, Again)),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
            sleep=self._sleep,
        )
        outcome = retrying(self._send_once, method, path, classify, stream, arguments)
        if isinstance(outcome, ConnectorError):
            raise outcome
        if isinstance(outcome, Again):
            raise outcome.error
        return outcome

    def _send_once(
        self, method: str, path: str, classify: Classify, stream: bool, arguments: dict[str, Any]
    ) -> requests.Response | Again | ConnectorError:
        """One attempt; errors are returned, so that they are raised far from their causes."""
        if self._limiter is not None:
            self._limiter.acquire()
        url = f"{self.base_url}/{path.lstrip('/')}"
        shown = self.scrubber.show_url(url)
        try:
            self._settle_surroundings()
            response = self._session.request(
                method,
                url,
                stream=stream,
                timeout=self._timeout,
                allow_redirects=False,
                **arguments,
            )
        except ValueError as failure:  # nothing was sent, and nothing will be
            return BadInput(
                f"{method} {shown} cannot be sent ({type(failure).__name__}): check base_url, and "
                "that the credentials hold no line breaks and only Latin letters"
            )
        except requests.RequestException as failure:
            kind = type(failure).__name__
            return Again(TemporaryFailure(f"{method} {shown} got no answer ({kind}); try later"))
        except OSError:  # before anything was sent: a bundle of certificates that is not there
            return BadInput(
                f"{method} {shown} cannot be sent: the certificates at {self._session.verify}"
                " cannot be read; correct REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE"
            )
        try:
            verdict = classify(response)
        except ConnectorError as refusal:
            response.close()
            return refusal.with_traceback(None)
        except requests.RequestException as failure:
            response.close()
            kind = type(failure).__name__
            return Again(
                TemporaryFailure(f"the answer of {method} {shown} broke off ({kind}); try later")
            )
        if verdict is None:
            return response
        response.close()
        logger.info("%s %s: %s", method, shown, verdict.error)
        return verdict

    def _settle_surroundings(self) -> None:
        """Take proxies and certificates from the environment once, for the one host there is.

        Left to itself, requests looks through the whole environment before every request.
        """
        if not self._session.trust_env:
            return
        found = self._session.merge_environment_settings(self.base_url, {}, None, None, None)
        self._session.proxies, self._session.verify = found["proxies"], found["verify"]
        self._session.trust_env = False

    def _wait_before_next(self, state: tenacity.RetryCallState) -> float:
        """Exponential with jitter: between half and the whole of ``first_seconds * 2**n``."""
        verdict = state.outcome.result() if state.outcome else None
        if not isinstance(verdict, Again):
            return 0.0
        longest = verdict.first_seconds * 2 ** (state.attempt_number - 1)
        wait = longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
        return min(max(wait, verdict.at_least_seconds), LONGEST_WAIT_SECONDS)

    def open_body(self, response: requests.Response) -> BodyReader:
        """The decoded body of a streamed response as a binary file."""
        return BodyReader(response, self.scrubber.show_url(response.url or self.base_url))


class BodyReader(io.RawIOBase):
    """A streamed body; a cut connection raises :class:`IncompleteAnswer`, never a quiet end."""

    def __init__(self, response: requests.Response, shown_url: str) -> None:
        super().__init__()
        self._response = response
        self._shown_url = shown_url

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` decoded bytes; empty at the end of a complete body."""
        broken = ""
        try:
            return self._response.raw.read(None if size < 0 else size, decode_content=True)
        except (urllib3.exceptions.HTTPError, OSError) as failure:
            broken = type(failure).__name__
        raise IncompleteAnswer(
            f"the connection broke ({broken}) in the middle of the answer of {self._shown_url}; "
            "nothing of it is kept, ask again"
        )

    def close(self) -> None:
        """Give the connection up."""
        self._response.close()
        super().close()


def retry_after_seconds(response: requests.Response, now: Callable[[], datetime]) -> float:
    """What ``Retry-After`` asks for, in seconds or as an HTTP date; 0 when it says nothing."""
    value = response.headers.get("Retry-After", "").strip()
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        told = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    # A date that names no zone is GMT: HTTP knows no other.
    return max((told.replace(tzinfo=told.tzinfo or UTC) - now()).total_seconds(), 0.0)


def parse_json(content: bytes) -> Any:
    """As ``orjson.loads``; half of a surrogate pair, left where a text was cut, becomes ``?``."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        if b"\\ud" not in content.lower():
            raise
        try:
            whole = json.dumps(json.loads(content), ensure_ascii=False)
        except (ValueError, RecursionError):
            whole = ""
        return orjson.loads(whole.encode("utf-8", "replace"))


def read_json(response: requests.Response, what: str) -> Any:
    """The body as JSON; a body cut short or a proxy's page raises :class:`IncompleteAnswer`."""
    try:
        return parse_json(response.content)
    except orjson.JSONDecodeError:
        pass
    except requests.RequestException:
        pass
    raise IncompleteAnswer(f"{what} did not end its JSON answer; nothing of it is kept, ask again")


def describe_gateway_failure(response: requests.Response, what: str) -> TemporaryFailure:
    """The error for a 5xx without a body worth reading."""
    return TemporaryFailure(f"{what} answered HTTP {response.status_code}; try later")
