"""The board: what is owed, in five columns by state."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _

from dunwell.core.money import Money, sum_by_currency
from dunwell.core.states import State
from dunwell.overview import board as overview_board
from dunwell.overview.board import BoardSort, Column
from dunwell.tenancy import locale
from dunwell.web import words
from dunwell.web.cards import Card, card
from dunwell.web.doors import member_page
from dunwell.web.pages import filtering
from dunwell.web.pages.views import saved_views
from dunwell.web.requests import Here, here


@dataclass(frozen=True, slots=True)
class ColumnWords:
    """One column in words."""

    state: State
    name: str
    count: int
    totals: tuple[str, ...]
    cards: tuple[Card, ...]
    left: int
    late: bool


@member_page
def board(request: HttpRequest) -> HttpResponse:
    """Show the five columns, narrowed and sorted as the address says."""
    at = here(request)
    chosen = filtering.read(request.GET)
    wanted = request.GET.get("sort")
    sort: BoardSort = next((s for s in overview_board.BOARD_SORTS if s == wanted), "amount")
    columns = overview_board.board(
        organization=at.organization, now=at.now, chosen=chosen.filter, sort=sort
    )
    context: dict[str, Any] = {
        "columns": [_words(column, at) for column in columns],
        "chosen": chosen,
        "sort": sort,
        "sorts": _sorts(),
        "sort_name": _sorts()[sort],
        "views": saved_views("board", at.actor),
        "empty": not any(column.count for column in columns),
        "owed": _sum(columns, at, State.SENT, State.DUE, State.OVERDUE),
        "overdue": _sum(columns, at, State.OVERDUE),
    }
    return render(request, "board.html", context)


def _words(column: Column, at: Here) -> ColumnWords:
    cards = tuple(card(row, here=at) for row in column.rows)
    return ColumnWords(
        state=column.state,
        name=words.state_name(column.state),
        count=column.count,
        totals=tuple(locale.money(total, at.organization.locale) for total in column.totals),
        cards=cards,
        left=column.count - len(cards),
        late=column.state is State.OVERDUE,
    )


def _sum(columns: list[Column], at: Here, *states: State) -> list[str]:
    amounts: list[Money] = [
        total for column in columns if column.state in states for total in column.totals
    ]
    return [
        locale.money(total, at.organization.locale) for total in sum_by_currency(amounts).values()
    ]


def _sorts() -> dict[str, str]:
    return {
        "amount": _("amount"),
        "due_date": _("due date"),
        "customer": _("client"),
        "last_action": _("last action"),
    }


urlpatterns = [path("board/", board, name="board")]
