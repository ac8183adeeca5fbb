"""The query language: text in, a :class:`Query` out, or the error Google gives for its syntax.

Only syntax is judged here; which fields exist and go together is judged by ``rules``. The grammar:
SELECT fields FROM resource [WHERE condition AND …] [ORDER BY field [ASC|DESC], …] [LIMIT n]
[PARAMETERS name=value, …]. The field service leaves FROM out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from include.sandbox.vendors.google_ads.errors import refuse_query

TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
      | (?P<number>-?\d+(?:\.\d+)?(?![\w.]))
      | (?P<word>[A-Za-z_][\w.]*)
      | (?P<sign>!=|>=|<=|[=<>(),])
      | (?P<quote>['"])
      | (?P<other>\S)
    )""",
    re.VERBOSE,
)
CLAUSES = ("SELECT", "FROM", "WHERE", "ORDER", "LIMIT", "PARAMETERS")
COMPARISONS = ("=", "!=", ">", ">=", "<", "<=")
MOST_VALUES = 20_000


@dataclass(frozen=True)
class Token:
    """One word, number, text or sign of a query."""

    kind: str
    text: str

    def is_word(self, *words: str) -> bool:
        """Whether it is one of the keywords, in any case."""
        return self.kind == "word" and self.text.upper() in words


@dataclass(frozen=True)
class Condition:
    """``operator`` in upper case; ``values`` as texts, without quotes."""

    field: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Query:
    """A parsed query; ``resource`` is empty where FROM is left out."""

    fields: tuple[str, ...]
    resource: str
    conditions: tuple[Condition, ...] = ()
    order_by: tuple[tuple[str, bool], ...] = ()
    """Field, and whether it falls."""
    limit: int | None = None
    parameters: Mapping[str, str] | None = None


def parse_query(text: str, needs_from: bool = True) -> Query:
    """The query of a text; raises ``queryError`` for syntax."""
    return _Parser(_split(text)).parse(needs_from)


def _split(text: str) -> list[Token]:
    tokens = []
    for found in TOKEN.finditer(text):
        kind = str(found.lastgroup)
        value = found[kind]
        if kind == "quote":
            raise refuse_query("STRING_NOT_TERMINATED", "A text of the query has no end.")
        if kind == "other":
            raise refuse_query("BAD_SYMBOL", f"Unexpected symbol {value!r} in the query.")
        if kind == "string":
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        tokens.append(Token(kind, value))
    return tokens


class _Parser:
    """Reads tokens from left to right."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._place = 0

    def parse(self, needs_from: bool) -> Query:
        if not self._take_word("SELECT"):
            raise refuse_query("EXPECTED_SELECT", "Error in query: expected SELECT.")
        fields = self._fields()
        resource = ""
        if self._take_word("FROM"):
            resource = self._name("BAD_RESOURCE_TYPE_IN_FROM_CLAUSE")
        elif needs_from:
            raise refuse_query("EXPECTED_FROM", "Error in query: expected FROM.")
        conditions = self._conditions() if self._take_word("WHERE") else ()
        order_by = self._order() if self._take_word("ORDER") else ()
        limit = self._limit() if self._take_word("LIMIT") else None
        parameters = self._parameters() if self._take_word("PARAMETERS") else None
        if self._peek() is not None:
            found = self._tokens[self._place].text
            raise refuse_query("UNEXPECTED_INPUT", f"Error in query: unexpected input {found}.")
        return Query(fields, resource, conditions, order_by, limit, parameters)

    def _peek(self) -> Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _next(self) -> Token:
        token = self._peek()
        if token is None:
            raise refuse_query("UNEXPECTED_END_OF_QUERY", "Error in query: unexpected end.")
        self._place += 1
        return token

    def _take_word(self, *words: str) -> bool:
        token = self._peek()
        is_there = token is not None and token.is_word(*words)
        self._place += int(is_there)
        return is_there

    def _take_sign(self, sign: str) -> bool:
        token = self._peek()
        is_there = token is not None and token.kind == "sign" and token.text == sign
        self._place += int(is_there)
        return is_there

    def _name(self, error: str) -> str:
        token = self._next()
        if token.kind != "word" or token.is_word(*CLAUSES):
            raise refuse_query(error, f"Error in query: unexpected {token.text}.")
        return token.text

    def _fields(self) -> tuple[str, ...]:
        names = [self._name("BAD_FIELD_NAME")]
        while self._take_sign(","):
            names.append(self._name("BAD_FIELD_NAME"))
        return tuple(dict.fromkeys(names))

    def _conditions(self) -> tuple[Condition, ...]:
        found = [self._condition()]
        while self._take_word("AND"):
            found.append(self._condition())
        token = self._peek()
        if token is not None and not token.is_word(*CLAUSES):
            raise refuse_query("EXPECTED_AND", f"Error in query: expected AND, not {token.text}.")
        return tuple(found)

    def _condition(self) -> Condition:
        field = self._name("BAD_FIELD_NAME")
        token = self._next()
        if token.kind == "sign" and token.text in COMPARISONS:
            return Condition(field, token.text, (self._value(),))
        word = token.text.upper() if token.kind == "word" else ""
        if word == "NOT":
            inner = self._next().text.upper()
            word = f"NOT {inner}"
        if word in ("IN", "NOT IN"):
            return Condition(field, word, self._list())
        if word in ("LIKE", "NOT LIKE", "REGEXP_MATCH", "NOT REGEXP_MATCH"):
            return Condition(field, word, (self._value(),))
        if word == "CONTAINS":
            kind = self._next().text.upper()
            if kind in ("ANY", "ALL", "NONE"):
                return Condition(field, f"CONTAINS {kind}", self._list())
        if word == "IS":
            negated = "NOT " if self._take_word("NOT") else ""
            if self._take_word("NULL"):
                return Condition(field, f"IS {negated}NULL")
        if word == "BETWEEN":
            first = self._value()
            if not self._take_word("AND"):
                raise refuse_query("EXPECTED_AND", "BETWEEN needs two values joined by AND.")
            return Condition(field, word, (first, self._value()))
        if word == "DURING":
            return Condition(field, word, (self._name("INVALID_VALUE_WITH_DURING_OPERATOR"),))
        raise refuse_query("BAD_OPERATOR", f"Error in query: bad operator {token.text}.")

    def _value(self) -> str:
        token = self._next()
        if token.kind == "sign" or token.is_word(*CLAUSES):
            raise refuse_query("BAD_VALUE", f"Error in query: bad value {token.text}.")
        return token.text

    def _list(self) -> tuple[str, ...]:
        if not self._take_sign("("):
            raise refuse_query("EXPECTED_LIST", "Error in query: expected a list of values.")
        if self._take_sign(")"):
            raise refuse_query("PROHIBITED_EMPTY_LIST_IN_CONDITION", "The list is empty.")
        values = [self._value()]
        while self._take_sign(","):
            values.append(self._value())
        if not self._take_sign(")"):
            raise refuse_query("EXPECTED_LIST", "Error in query: the list has no end.")
        if len(values) > MOST_VALUES:
            raise refuse_query("FILTER_HAS_TOO_MANY_VALUES", f"No more than {MOST_VALUES} values.")
        return tuple(values)

    def _order(self) -> tuple[tuple[str, bool], ...]:
        if not self._take_word("BY"):
            raise refuse_query("EXPECTED_BY", "Error in query: expected BY after ORDER.")
        found = []
        while True:
            name = self._name("BAD_FIELD_NAME")
            falls = self._take_word("DESC")
            if not falls:
                self._take_word("ASC")
            found.append((name, falls))
            if not self._take_sign(","):
                return tuple(found)

    def _limit(self) -> int:
        token = self._next()
        if token.kind != "number" or not token.text.isdigit():
            raise refuse_query("BAD_LIMIT_VALUE", f"Bad value of LIMIT: {token.text}.")
        if int(token.text) < 1:
            raise refuse_query("LIMIT_VALUE_TOO_LOW", "The value of LIMIT must be positive.")
        return int(token.text)

    def _parameters(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while True:
            name = self._name("BAD_PARAMETER_NAME")
            if name not in ("include_drafts", "omit_unselected_resource_names"):
                raise refuse_query("BAD_PARAMETER_NAME", f"Unknown parameter {name}.")
            if not self._take_sign("="):
                raise refuse_query("BAD_PARAMETER_VALUE", f"The parameter {name} has no value.")
            found[name] = self._value().lower()
            if found[name] not in ("true", "false"):
                raise refuse_query("BAD_PARAMETER_VALUE", f"{name} must be true or false.")
            if not self._take_sign(","):
                return found
