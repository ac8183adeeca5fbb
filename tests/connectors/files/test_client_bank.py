"""Bank statements in the 1C text format: direction, days, and the proof that they are whole."""

from __future__ import annotations

import pytest

from include.connectors.files import client_bank
from include.connectors.files.mapping import FileMapping, parse_mapping
from include.connectors.protocol import BadInput
from tests.connectors.files.reading import Answer, read_bytes
from tests.connectors.files.template_page import MAPPINGS

OURS, OTHER_OURS, THEIRS = "40702810900000000001", "40702810900000000002", "40702810500000000777"
NAME = "kl_to_1c.txt"


def template(*, extra: str = "", encoding: str = "cp1251") -> FileMapping:
    """The project's template, changed as an account's own copy might be."""
    text = (MAPPINGS / "template_bank_statement.yaml").read_text(encoding="utf-8")
    changed = text.replace("encoding: cp1251", f"encoding: {encoding}") + extra
    return parse_mapping(changed, "m.yaml", "m")


def account(number: str, received: str | None, paid: str | None) -> str:
    """One section of turnovers; ``None`` leaves a side out."""
    lines = ["СекцияРасчСчет", f"РасчСчет={number}"]
    lines += [f"ВсегоПоступило={received}"] if received is not None else []
    lines += [f"ВсегоСписано={paid}"] if paid is not None else []
    return "\n".join([*lines, "КонецРасчСчет"])


def document(payer: str, payee: str, amount: str, number: int = 1, **keys: str) -> str:
    """One payment order of 2 March."""
    given = {
        "Номер": str(number),
        "Дата": "02.03.2026",
        "Сумма": amount,
        "ПлательщикСчет": payer,
        "Плательщик": f"Плательщик {payer[-1]}",
        "ПолучательСчет": payee,
        "Получатель": f"Получатель {payee[-1]}",
        **keys,
    }
    lines = [f"{key}={value}" for key, value in given.items()]
    return "\n".join(["СекцияДокумент=Платежное поручение", *lines, "КонецДокумента"])


def statement(*sections: str, own: tuple[str, ...] = (OURS,), end: str = "КонецФайла\n") -> str:
    """A whole file."""
    head = ["1CClientBankExchange", "ВерсияФормата=1.03", "Кодировка=Windows"]
    return "\n".join([*head, *(f"РасчСчет={number}" for number in own), *sections, end])


def read(text: str, mapping: FileMapping | None = None, encoding: str = "cp1251") -> Answer:
    """Read a file as delivered in ``encoding``."""
    return read_bytes(text.encode(encoding), mapping or template(), NAME)


def test_money_between_our_own_accounts_is_neither_income_nor_cost():
    moved = document(OURS, OTHER_OURS, "500.00")
    sections = (account(OURS, "0.00", "500.00"), account(OTHER_OURS, "500.00", "0.00"))
    own = (OURS, OTHER_OURS)
    assert read(statement(*sections, moved, own=own)).column("direction") == ["own"]
    # Some banks write the transfer once for each of the two accounts.
    assert len(read(statement(*sections, moved, moved, own=own)).rows) == 2


def test_the_day_is_when_the_money_moved_and_not_when_the_order_was_written():
    coming = document(THEIRS, OURS, "1.00", ДатаПоступило="05.03.2026", ДатаСписано="04.03.2026")
    going = document(OURS, THEIRS, "2.00", ДатаСписано="03.03.2026")
    undated = document(OURS, THEIRS, "3.00")
    answer = read(statement(account(OURS, "1.00", "5.00"), coming, going, undated))
    assert [str(day) for day in answer.column("paid_date")] == [
        "2026-03-05",
        "2026-03-03",
        "2026-03-02",
    ]
    assert {str(day) for day in answer.column("document_date")} == {"2026-03-02"}


def test_an_order_the_bank_has_not_carried_out_is_no_payment():
    answer = read(statement(document(OURS, THEIRS, "2.00")))
    assert answer.codes == [(5, "missing_required")]
    assert "paid_date" in answer.rejected[0].reason


def test_without_an_account_the_days_of_moving_tell_the_direction():
    rows = [
        document(THEIRS, OURS, "1.00", ДатаПоступило="05.03.2026"),
        document(THEIRS, OURS, "2.00", ДатаСписано="05.03.2026"),
        document(THEIRS, OURS, "3.00", ДатаПоступило="05.03.2026", ДатаСписано="05.03.2026"),
    ]
    answer = read(statement(*rows, own=()))
    assert answer.column("direction") == ["in", "out"]
    assert [code for _, code in answer.codes] == ["missing_required"]


def test_a_statement_with_a_section_for_each_day_adds_up_over_all_of_them():
    days = (account(OURS, "1.00", "0.00"), account(OURS, "2.00", "0.00"))
    payments = (document(THEIRS, OURS, "1.00"), document(THEIRS, OURS, "2.00", number=2))
    assert len(read(statement(*days, *payments)).rows) == 2


@pytest.mark.parametrize(
    ("sections", "found"),
    [
        ((account(OURS, "3.00", "0.00"), document(THEIRS, OURS, "1.00")), "ВсегоПоступило=3.00"),
        ((account(OURS, "0.00", "1.00"), document(THEIRS, OURS, "1.00")), "add up to 1.00"),
        ((account(OURS, "0.00", "7.50"),), "ВсегоСписано=7.50 .*add up to 0"),
    ],
)
def test_a_statement_that_does_not_add_up_is_not_read(sections, found):
    text = statement(*sections)
    with pytest.raises(BadInput, match=found) as refusal:
        read(text)
    assert OURS not in str(refusal.value)
    assert read(text, template(extra="totals: ignore\n")) is not None


def test_a_turnover_the_bank_leaves_out_proves_nothing():
    assert read(statement(account(OURS, None, "0.00"), document(THEIRS, OURS, "1.00"))).rows


def test_a_document_without_a_readable_sum_is_set_aside_with_its_whole_text():
    text = statement(
        account(OURS, "9.00", "0.00"),
        document(THEIRS, OURS, "девять"),
        document(THEIRS, OURS, "1.00", number=2),
    )
    answer = read(text)
    assert answer.codes == [(10, "bad_decimal")]
    assert "Сумма=девять" in answer.rejected[0].raw
    assert answer.column("document_number") == ["2"]


def test_a_document_that_does_not_end_is_set_aside_and_the_next_one_is_read():
    broken = document(THEIRS, OURS, "1.00").removesuffix("КонецДокумента").rstrip()
    text = statement(account(OURS, "3.00", "0.00"), broken, document(THEIRS, OURS, "2.00"))
    answer = read(text)
    assert answer.codes == [(10, "unclosed_document")]
    assert [str(amount) for amount in answer.column("amount")] == ["2.00"]


def test_a_file_that_was_cut_is_not_read():
    with pytest.raises(BadInput, match="does not end with КонецФайла: it was cut"):
        read(statement(document(THEIRS, OURS, "1.00"), end=""))


def test_another_format_is_refused_with_the_cure():
    with pytest.raises(BadInput, match="does not start with 1CClientBankExchange"):
        read("Дата;Сумма\n02.03.2026;1,00\n")


def test_dos_letters_are_read_as_declared_and_never_garbled():
    text = statement(
        account(OURS, "1.00", "0.00"),
        document(THEIRS, OURS, "1.00", Плательщик="ООО Ёлка", ДатаПоступило="02.03.2026"),
    )
    answer = read(text, template(encoding="cp866"), encoding="cp866")
    assert answer.column("counterparty_name") == ["ООО Ёлка"]
    with pytest.raises(BadInput, match="cp866 where DOS"):
        read(text, encoding="cp866")
    with pytest.raises(BadInput, match="is valid UTF-8"):
        read(text, encoding="utf-8")


def test_a_purpose_in_parts_or_over_several_lines_is_one_text():
    parts = {"НазначениеПлатежа1": "Оплата по счету", "НазначениеПлатежа2": "№ 15 = 1.00"}
    split = document(THEIRS, OURS, "1.00", **parts)
    broken = document(THEIRS, OURS, "1.00", НазначениеПлатежа="Оплата по счету\n№ 15 = 1.00")
    answer = read(statement(account(OURS, "2.00", "0.00"), split, broken))
    assert answer.column("purpose") == ["Оплата по счету № 15 = 1.00"] * 2


def test_a_key_of_the_bank_itself_can_be_kept_and_one_that_no_document_has_is_refused():
    text = statement(account(OURS, "1.00", "0.00"), document(THEIRS, OURS, "1.00", УИП="77"))
    answer = read(text, template(extra="keep_extra: [УИП]\n"))
    assert answer.column("extra") == [[("УИП", "77")]]
    wrong = (MAPPINGS / "template_bank_statement.yaml").read_text(encoding="utf-8")
    mapping = parse_mapping(wrong.replace(": НашСчет", ": НашСчёт"), "m.yaml", "m")
    with pytest.raises(BadInput, match="has no column 'НашСчёт'"):
        read(text, mapping)


def test_a_long_statement_is_read_in_blocks_and_proven_as_a_whole(monkeypatch):
    monkeypatch.setattr(client_bank, "BLOCK_DOCUMENTS", 2)
    payments = [document(THEIRS, OURS, "1.10", number=number) for number in range(1, 6)]
    answer = read(statement(account(OURS, "5.50", "0.00"), *payments))
    assert answer.column("document_number") == ["1", "2", "3", "4", "5"]
    assert answer.column("line_number") == [10, 19, 28, 37, 46]
    with pytest.raises(BadInput, match=r"add up to 5\.50"):
        read(statement(account(OURS, "5.49", "0.00"), *payments))
