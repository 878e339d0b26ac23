"""Templates: the letters in the box, what is found on saving, and what is sent."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dunwell.chasing import wording
from dunwell.chasing.wording import (
    LANGUAGES,
    TEMPLATE_NAMES,
    VARIABLES,
    NoSuchTemplate,
    WordingFailed,
    WordingRefused,
    blank_values,
    builtin,
    check,
    document_labels,
    render,
    sample_values,
)
from dunwell.ports.documents import INVOICE_LABELS

BY_EVERY_CHANNEL = ("new_invoice", "invoice_reminder", "past_due_invoice")
BOX = [
    *((name, "email") for name in TEMPLATE_NAMES),
    *((name, channel) for name in BY_EVERY_CHANNEL for channel in ("sms", "letter")),
]


def rendered(text: str, *, subject: str = "Hello", html: str | None = None, **values: Any) -> Any:
    compiled = wording.compile(subject=subject, text=text, html=html)
    return render(compiled, sample_values() | values)


# --- the letters in the box -------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("name", "channel"), BOX)
def test_every_letter_in_the_box_can_be_saved_and_sent(
    name: str, channel: str, language: str
) -> None:
    letter = builtin(name=name, channel=channel, language=language)
    assert check(subject=letter.subject, text=letter.text) == []
    compiled = wording.compile(subject=letter.subject, text=letter.text, language=language)
    for values in (sample_values(), blank_values()):
        message = render(compiled, values)
        assert "Fjord & Sons" in message.text
        assert "\n\n\n" not in message.text
        assert "{" not in message.subject + message.text
        assert " ," not in message.text
        assert message.html.isascii()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_letter_leaves_an_empty_caption_behind(language: str) -> None:
    for name in TEMPLATE_NAMES:
        letter = builtin(name=name, language=language)
        compiled = wording.compile(subject=letter.subject, text=letter.text)
        lines = render(compiled, blank_values()).text.splitlines()
        greeting_and_lead = {line for line in lines if line.endswith(":")}
        assert not [line for line in greeting_and_lead if len(line) < 20 and "," not in line]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_invoice_document_has_all_its_captions(language: str) -> None:
    captions = document_labels(language=language)
    assert set(INVOICE_LABELS) <= set(captions)
    assert set(captions) == set(document_labels(language="en"))
    assert all(captions.values())


@pytest.mark.parametrize(
    ("tag", "chosen"), [("de", "de"), ("de-AT", "de"), ("fr_CA", "fr"), ("nl", "en"), ("", "en")]
)
def test_a_language_not_in_the_box_reads_english(tag: str, chosen: str) -> None:
    assert builtin(name="new_invoice", language=tag).language == chosen


def test_a_letter_that_is_not_in_the_box_says_so() -> None:
    with pytest.raises(NoSuchTemplate):
        builtin(name="receipt", channel="sms")


def test_every_variable_has_a_description_and_a_sample() -> None:
    assert all(str(each.description) and each.sample != "" for each in VARIABLES)
    assert len({each.path for each in VARIABLES}) == len(VARIABLES)


# --- what is found on saving ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "variable", "said"),
    [
        ("Hi\n{{ invoice.numbr }}", 2, "invoice.numbr", "invoice.number"),
        ("{{ custmer.name }}", 1, "custmer.name", "customer.name"),
        ("{{ custmer }}", 1, "custmer", "no variable"),
        ("{{ invoice['nmber'] }}", 1, "invoice.nmber", "invoice.number"),
        ("{{ invoice.number.real }}", 1, "invoice.number.real", "invoice.number"),
        ("{{ customer.__class__ }}", 1, "customer.__class__", "no variable"),
        ("{{ customer.items }}", 1, "customer.items", "no variable"),
        ("a{% if sender.fax %}x{% endif %}", 1, "sender.fax", "no variable"),
        ("a{% if today %}\n{% else %}\n{{ x }}{% endif %}", 3, "x", "no variable"),
        ("{% for i in account.invoices %}{{ i.nr }}{% endfor %}", 1, "i.nr", "no variable"),
        ("{% for i in account.invoices %}{% endfor %}{{ i.number }}", 1, "i.number", "no var"),
        ("{{ today|default(nothing) }}", 1, "nothing", "no variable"),
        ("{{ range(3) }}", 1, "", "call"),
        ("{{ cycler }}", 1, "cycler", "no variable"),
    ],
)
def test_an_unknown_variable_is_found_where_it_stands(
    text: str, line: int, variable: str, said: str
) -> None:
    (error,) = check(subject="Hello", text=text)
    assert (error.field, error.line, error.variable) == ("text", line, variable)
    assert said in error.message


@pytest.mark.parametrize(
    "text",
    [
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% from 'x' import y %}",
        "{% extends 'x' %}",
        "{% set x = 1 %}{{ x }}",
        "{% macro m() %}{% endmacro %}",
        "{% block b %}{% endblock %}",
        "{% call m() %}{% endcall %}",
        "{% filter upper %}x{% endfilter %}",
        "{% autoescape false %}x{% endautoescape %}",
        "{{ today.upper() }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ today.__init__.__globals__ }}",
        "{{ self }}",
        "{{ 'a' * 999999999 }}",
        "{{ 9 ** 9999999 }}",
        "{{ [1, 2] }}",
        "{{ {'a': 1} }}",
        "{{ today|safe }}",
        "{{ today|replace('', 'aaaaaaaa') }}",
        "{{ '%999999999d'|format(1) }}",
        "{{ today|center(999999999) }}",
        "{{ today|attr('upper') }}",
        "{{ today[0] }}",
        "{% for x in range(999999999) %}x{% endfor %}",
        "{% for x in today %}x{% endfor %}",
        "{% for a in account.invoices %}{% for b in account.invoices %}{% endfor %}{% endfor %}",
        "{% for a, b in account.invoices %}{% endfor %}",
        "{{ customer }}",
        "{{ account.invoices }}",
        "{{ today if payment_link }}",
        "{{ invoice.total > 100 }}",
        "{{ invoice.total + 1 }}",
        "{{ today is defined }}",
        "{% if %}x{% endif %}",
        "{% if today %}x",
        "{{ today",
        "{{ today }",
        "",
        "   \n",
        "{% if payment_link %}only sometimes{% endif %}",
        "x" * 20_001,
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
        "{{ " + "not " * 3000 + "1 }}",
        "{% if today %}" * 60 + "x" + "{% endif %}" * 60,
        "{{ today" + "|upper" * 500 + " }}",
    ],
)
def test_what_could_do_harm_or_fail_on_sending_is_refused_on_saving(text: str) -> None:
    errors = check(subject="Hello", text=text)
    assert errors
    assert all(error.field == "text" and error.message for error in errors)


@pytest.mark.parametrize(
    "text",
    [
        "Hello {{ contact.first_name or contact.name or customer.name }}",
        "{{ invoice['number'] }} {{ invoice.number|upper|truncate(20) }}",
        "{% if invoice.days_overdue > 30 and not amounts.disputed %}late{% else %}ok{% endif %}",
        "{{ 'over ' ~ (invoice.days_overdue + 1) ~ ' days' }}",
        "{% for i in account.invoices if i.days_overdue > 5 %}{{ loop.index }}{% endfor %}x",
        "{% for i in account.invoices %}{{ i.number }}\n{% else %}none{% endfor %}x",
        "{{ account.invoices|length }} open",
        "{{ payment_link or 'ask us' }} {# a note #}{% raw %}{{ x }}{% endraw %}",
        "line\r\nends\r\n{{ today }}",
        "{{ 'yes' if payment_link else 'no' }}",
        "{{ last_promise.date|default('none', true) }}",
    ],
)
def test_what_a_member_may_reasonably_write_is_accepted(text: str) -> None:
    assert check(subject="{{ invoice.number }}", text=text) == []


def test_every_field_is_looked_at_and_all_mistakes_come_at_once() -> None:
    errors = check(subject="{{ a }}", text="{{ b }}\n{{ c }}", html="<p>{{ d }}")
    found = [(error.field, error.line, error.variable) for error in errors]
    assert found == [("subject", 1, "a"), ("text", 1, "b"), ("text", 2, "c"), ("html", 1, "d")]


def test_a_subject_has_one_line() -> None:
    assert check(subject="a\nb", text="x")[0].field == "subject"


def test_what_was_not_checked_is_never_compiled() -> None:
    with pytest.raises(WordingRefused) as caught:
        wording.compile(subject="x", text="{{ today.__class__ }}")
    assert caught.value.errors[0].variable == "today.__class__"


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="{}%#|.()[]'\"~+-*<>= \nabiforelsendtoday0", max_size=60))
def test_no_source_breaks_the_check_and_what_passes_can_be_sent(text: str) -> None:
    if check(subject="x", text=text) == []:
        rendered(text)


# --- what is sent -----------------------------------------------------------------------------


def test_the_same_template_is_compiled_once() -> None:
    assert wording.compile(subject="x", text="y") is wording.compile(subject="x", text="y")


def test_values_cannot_become_markup_in_the_page() -> None:
    evil = {"name": "<script>alert(1)</script> & {{ today }}"}
    message = rendered("Hi {{ customer.name }}", html="<p>{{ customer.name }}", customer=evil)
    assert message.html == "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; {{ today }}"
    assert message.text.startswith("Hi <script>")
    derived = rendered("Hi {{ customer.name }}", subject="{{ customer.name }}", customer=evil)
    assert "<script>" not in derived.html


def test_a_value_cannot_break_out_of_the_subject_line() -> None:
    message = rendered("x", subject="For {{ customer.name }}", customer={"name": "A\r\nBcc: x@y"})
    assert message.subject == "For A Bcc: x@y"


def test_a_missing_value_is_an_error_and_never_an_empty_space() -> None:
    compiled = wording.compile(subject="x", text="Dear {{ customer.name }}")
    with pytest.raises(WordingFailed):
        render(compiled, {})
    with pytest.raises(WordingFailed):
        render(compiled, {"customer": {}})


def test_text_alone_becomes_a_page_with_facts_button_list_and_links() -> None:
    text = (
        "Hello Zoë,\n\nInvoice: 7\nAmount: €5 & more\n\nPay online: {{ payment_link }}\n\n"
        "- one\n- two\n\nSee https://a.example/x?a=1&b=2, or <https://b.example/>.\n\nBye\nMe\n"
    )
    page = rendered(text).html
    assert "Zo&#235;" in page
    assert page.count('<tr><td style="padding:2px 18px') == 2
    assert "&#8364;5 &amp; more" in page
    assert 'href="https://pay.example/i/7Qm2" style="display:inline-block' in page
    assert "<li>one</li>\n<li>two</li>" in page
    assert '<a href="https://a.example/x?a=1&amp;b=2" ' in page
    assert '&lt;<a href="https://b.example/" ' in page
    assert "Bye<br>\nMe" in page


def test_a_link_that_runs_code_is_never_made() -> None:
    page = rendered("Pay: javascript:alert(1)\n\nSee data:text/html,x").html
    assert "<a " not in page
