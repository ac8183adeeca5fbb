"""Switchboards and shared mailboxes in files that name nobody."""

from __future__ import annotations

from include.identity.shared_contacts import find_shared

PHONES = ["1", "1", "1", "1", "2", "2", "2", "1", ""]
MAILBOXES = ["a", "b", "c", "d", "a", "b", "c", "", "e"]


def test_a_phone_of_four_mailboxes_is_shared_and_one_of_three_is_not() -> None:
    assert find_shared([PHONES, MAILBOXES], ["phone", "email"]) == {0: {"1"}, 1: set()}
    assert find_shared([MAILBOXES, PHONES], ["email", "phone"]) == {0: set(), 1: {"1"}}


def test_where_somebody_is_named_names_tell() -> None:
    names = ["x"] * len(PHONES)
    assert find_shared([PHONES, MAILBOXES, names], ["phone", "email", "name"]) == {}


def test_one_column_says_nothing_of_its_sharing() -> None:
    assert find_shared([PHONES], ["phone"]) == {}
    assert find_shared([PHONES, PHONES, MAILBOXES], ["phone", "phone", "email"]) == {}
