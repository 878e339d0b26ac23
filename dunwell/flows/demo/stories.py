"""What is told by hand: invoices of which something particular is remembered."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Final, TypedDict

from dunwell.core.terms import Terms
from dunwell.flows.demo.acts import (
    Act,
    Bounced,
    Closed,
    Contested,
    Credited,
    Invoice,
    Job,
    Line,
    Logged,
    Paid,
    Paused,
    Promised,
    Settled,
    TakenBack,
    Time,
)
from dunwell.flows.demo.firms import Firm, Work
from dunwell.flows.demo.work import job, tax, title

type Story = tuple[Job, Sequence[Act]]


def _day(month: int, day: int) -> date:
    return date(2026, month, day)


def _job(
    firm: Firm,
    month: int,
    day: int,
    *,
    days: Sequence[tuple[str, str]],
    delivered: date | None = None,
    terms: Terms | None = None,
    contacts: Sequence[str] = (),
) -> Job:
    """Write down a job: texts and numbers of days."""
    return job(
        key=f"{firm.site}-{month:02}{day:02}",
        firm=firm,
        day=_day(month, day),
        engagement="Milestone" if firm.work is Work.MILESTONE else "Project",
        lines=[Line(f"{title(firm, 0)}: {text}", n, str(firm.rate), tax(firm)) for text, n in days],
        delivered=delivered or (_day(month, day) if firm.work is Work.MILESTONE else None),
        terms=terms,
        contacts=contacts,
    )


class _Who(TypedDict):
    job: str
    by: str


class _Telling:
    """Writes acts about one job, by the customer's owner unless said otherwise."""

    def __init__(self, work: Job) -> None:
        self.job = work
        self._who: _Who = {"job": work.key, "by": work.firm.owner}
        self.acts: list[Act] = [Invoice(day=work.day, **self._who)]

    @property
    def story(self) -> Story:
        return self.job, self.acts

    def called(self, on: date, outcome: str, text: str, *, again: date | None = None) -> None:
        self.acts.append(
            Logged(
                day=on,
                time=Time.AFTERNOON,
                kind="call",
                outcome=outcome,
                text=text,
                next_on=again,
                **self._who,
            )
        )

    def noted(self, on: date, text: str, *, kind: str = "note") -> None:
        self.acts.append(Logged(day=on, time=Time.AFTERNOON, kind=kind, text=text, **self._who))

    def promised(self, said: date, on: date, note: str, *, share: Fraction = Fraction(1)) -> None:
        self.acts.append(
            Promised(day=said, time=Time.AFTERNOON, on=on, share=share, note=note, **self._who)
        )

    def paid(
        self,
        on: date,
        *,
        share: Fraction = Fraction(1),
        extra: int = 0,
        method: str = "Bank transfer",
    ) -> None:
        self.acts.append(
            Paid(day=on, job=self.job.key, by="jonas", share=share, extra=extra, method=method)
        )


def _broken_promise(firm: Firm) -> Story:
    told = _Telling(_job(firm, 9, 8, days=[("Konzept", "4"), ("Interface-Design", "9")]))
    told.called(_day(10, 15), "reached", "Henrike says the summer was slow. Wants time.")
    told.promised(_day(10, 20), _day(10, 27), "All of it by the 27th, after the school holidays.")
    told.called(_day(11, 2), "no answer", "Nothing came. Left a message with Tom.")
    told.called(_day(11, 12), "reached", "Tom apologised; the bank has approved the credit line.")
    told.promised(_day(11, 18), _day(11, 26), "Tom promised the whole sum for Thursday.")
    return told.story


def _half_now_half_today(firm: Firm) -> Story:
    told = _Telling(_job(firm, 8, 17, days=[("Prototyp", "7"), ("Entwicklung", "14")]))
    told.called(_day(9, 24), "reached", "Order number was missing on their side. Found by now.")
    told.promised(_day(9, 28), _day(10, 2), "Half now, half in November.", share=Fraction(1, 2))
    told.paid(_day(10, 1), share=Fraction(1, 2))
    told.promised(_day(11, 16), _day(11, 23), "The second half goes out on Monday the 23rd.")
    return told.story


def _contested_and_credited(firm: Firm) -> Story:
    told = _Telling(_job(firm, 7, 6, days=[("Concepto", "5"), ("Desarrollo", "13")]))
    told.acts += [
        Contested(
            day=_day(8, 10),
            job=told.job.key,
            by="ana",
            reason="The booking calendar does not open on older phones.",
        ),
        Settled(
            day=_day(9, 3),
            job=told.job.key,
            by="ana",
            resolution="Fixed; 15 % off as agreed with Oriol",
        ),
        Credited(
            day=_day(9, 3),
            job=told.job.key,
            by="jonas",
            share=Fraction(15, 100),
            reason="15 % for the delay of the booking calendar",
        ),
    ]
    told.paid(_day(9, 21))
    return told.story


def _contested_in_part(firm: Firm) -> Story:
    phases = [("Workshops", "3"), ("Interface-Design", "11"), ("Nutzertests", "6")]
    told = _Telling(_job(firm, 9, 9, days=phases))
    told.acts.append(
        Contested(
            day=_day(11, 4),
            job=told.job.key,
            by="mira",
            reason="User tests on ward 3 were cut short by two days.",
            lines=[3],
        )
    )
    told.noted(_day(11, 4), "Prof. Adler will pay lines 1 and 2 in the next run.", kind="meeting")
    return told.story


def _contested_whole(firm: Firm) -> Story:
    told = _Telling(_job(firm, 9, 14, days=[("Prototyp", "16")]))
    told.acts.append(
        Contested(
            day=_day(11, 9),
            job=told.job.key,
            by="mira",
            reason="They say the acceptance protocol was never signed.",
        )
    )
    told.noted(_day(11, 10), "Asked Karim for the signed protocol; it is in the site office.")
    return told.story


def _insolvent(firm: Firm) -> Story:
    told = _Telling(_job(firm, 6, 15, days=[("Konzept", "6"), ("Prototyp", "8")]))
    told.called(_day(7, 28), "left a message", "Nobody picks up at the office any more.")
    told.called(_day(8, 20), "reached", "Tanja Ebers: investors have withdrawn.")
    told.acts.append(
        Closed(
            day=_day(10, 19),
            job=told.job.key,
            by="mira",
            reason="write_off",
            note="Insolvency opened on 12 October, claim registered with the administrator.",
        )
    )
    return told.story


def _insolvent_too(firm: Firm) -> Story:
    told = _Telling(_job(firm, 7, 20, days=[("Entwicklung", "11")]))
    told.acts.append(
        Closed(
            day=_day(10, 19),
            job=told.job.key,
            by="mira",
            reason="write_off",
            note="Insolvency opened on 12 October, claim registered with the administrator.",
        )
    )
    return told.story


def _paid_too_much(firm: Firm) -> Story:
    told = _Telling(_job(firm, 9, 21, days=[("Workshops", "4")]))
    told.paid(_day(10, 12), extra=25000)
    told.noted(_day(10, 13), "250.00 too much. Elin wants it kept for the next invoice.")
    return told.story


def _chargeback(firm: Firm) -> Story:
    told = _Telling(_job(firm, 8, 3, days=[("Engineering", "6")]))
    told.paid(_day(8, 14), method="Card")
    told.acts.append(
        TakenBack(
            day=_day(9, 8),
            job=told.job.key,
            by="jonas",
            reason="Chargeback: their bank blocked the card by mistake.",
        )
    )
    told.paid(_day(9, 21))
    return told.story


def _returned_debit(firm: Firm) -> Story:
    told = _Telling(_job(firm, 9, 1, days=[("Concept", "5"), ("Interface design", "7")]))
    told.paid(_day(10, 9), method="Direct debit")
    told.acts.append(
        TakenBack(
            day=_day(10, 14),
            job=told.job.key,
            by="jonas",
            reason="Direct debit returned: insufficient funds.",
        )
    )
    told.called(_day(11, 17), "reached", "Toby asks for three instalments.", again=_day(11, 24))
    return told.story


def _paused(firm: Firm) -> Story:
    told = _Telling(_job(firm, 10, 5, days=[("Prototype", "6")]))
    told.acts.append(
        Paused(
            day=_day(11, 10),
            job=told.job.key,
            by="jonas",
            until=_day(12, 1),
            reason="Gaël is in hospital; Inès asked us to wait until December.",
        )
    )
    return told.story


def _silent(firm: Firm) -> Story:
    told = _Telling(_job(firm, 7, 13, days=[("Concept", "4"), ("Prototype", "8")]))
    told.called(_day(8, 26), "no answer", "No answer, three times this week.")
    told.called(_day(9, 30), "left a message", "Left word with the concierge of the building.")
    return told.story


def _from_delivery(firm: Firm) -> Story:
    told = _Telling(
        _job(firm, 9, 18, days=[("Konzept", "6"), ("Prototyp", "14")], delivered=_day(9, 7))
    )
    told.called(
        _day(11, 11),
        "reached",
        "They counted from the invoice date. Sent them the clause: 60 days from delivery.",
        again=_day(11, 25),
    )
    return told.story


def _by_post(firm: Firm) -> Story:
    told = _Telling(_job(firm, 10, 12, days=[("Konzept", "5")]))
    told.noted(_day(10, 13), "Printed and sent by post; there is no email address.")
    return told.story


def _written_twice(firm: Firm) -> Story:
    told = _Telling(_job(firm, 11, 3, days=[("Workshops", "2")]))
    told.acts.append(
        Closed(
            day=_day(11, 4),
            job=told.job.key,
            by="ana",
            reason="void",
            note="Written twice: the workshops are part of the retainer.",
        )
    )
    return told.story


def _own_list(firm: Firm) -> Story:
    to = (f"ap@{firm.site}.example", f"grants@{firm.site}.example")
    return _Telling(_job(firm, 9, 28, days=[("User tests", "9")], contacts=to)).story


def _bounced(firm: Firm) -> Story:
    told = _Telling(_job(firm, 10, 19, days=[("Accessibility audit", "7")]))
    told.acts.append(
        Bounced(
            day=_day(10, 21),
            job=told.job.key,
            by="jonas",
            note="The mail came back: no such mailbox. Walt seems to have left.",
        )
    )
    return told.story


def _promise_ahead(firm: Firm) -> Story:
    told = _Telling(_job(firm, 9, 22, days=[("Sensor housing, phase 2", "12")]))
    told.called(_day(11, 5), "reached", "Gareth waits for Amara’s signature.")
    told.promised(_day(11, 19), _day(11, 27), "Signed. In the run of Friday the 27th.")
    return told.story


def _remainder(firm: Firm) -> Story:
    told = _Telling(_job(firm, 8, 24, days=[("Nutzertests", "3")]))
    told.paid(_day(9, 25), share=Fraction(999, 1000))
    told.acts.append(
        Closed(
            day=_day(9, 28),
            job=told.job.key,
            by="jonas",
            reason="write_off",
            note="Bank charges were taken from the transfer.",
        )
    )
    return told.story


def _due_today(month: int, day: int, text: str, days: str) -> Callable[[Firm], Story]:
    return lambda firm: _Telling(_job(firm, month, day, days=[(text, days)])).story


STORIES: Final[Mapping[str, Sequence[Callable[[Firm], Story]]]] = {
    "papierflug": [_broken_promise],
    "hafenkontor": [_half_now_half_today],
    "tramuntana": [_contested_and_credited],
    "lumenhof": [_contested_in_part],
    "donauquartier": [_contested_whole, _due_today(10, 9, "Konzept", "9")],
    "zitterstrom": [_insolvent, _insolvent_too],
    "skogsljus": [_paid_too_much],
    "quillstack": [_chargeback, _due_today(11, 9, "Design system audit", "5")],
    "saltmarsh": [_returned_debit],
    "marelune": [_paused],
    "pietraviva": [_silent],
    "isarwerk": [_from_delivery],
    "tauberblick": [_by_post],
    "almrausch": [_written_twice],
    "bluehollow": [_own_list],
    "northpier": [_bounced],
    "penbrook": [_promise_ahead],
    "halmundkorn": [_remainder],
    "brillenkontor": [_due_today(11, 9, "Prototyp", "4.5")],
    "troisvallees": [_due_today(10, 9, "Développement", "11")],
}
"""By the customer's site: what is told of it."""
