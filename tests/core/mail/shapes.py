"""Replies as mail programs write them: name → (the whole text, what its writer wrote)."""

SHAPES: dict[str, tuple[str, str]] = {
    "gmail, English": (
        (
            "We pay on Friday.\n\nOn Mon, 2 Mar 2026 at 09:12, Acme Billing <billing@acme.example>\n"
            "wrote:\n\n> Dear Jo,\n> please pay.\n"
        ),
        "We pay on Friday.",
    ),
    "gmail, German": (
        (
            "Wir zahlen am Freitag.\n\nAm Mo., 2. März 2026 um 09:12 Uhr schrieb Acme "
            "<billing@acme.example>:\n\n> Guten Tag,\n> bitte zahlen Sie.\n"
        ),
        "Wir zahlen am Freitag.",
    ),
    "gmail, French": (
        (
            "Nous payons vendredi.\n\nLe lun. 2 mars 2026 à 09:12, Acme <billing@acme.example> a "
            "écrit :\n\n> Bonjour,\n> merci de payer.\n"
        ),
        "Nous payons vendredi.",
    ),
    "gmail, Spanish": (
        (
            "Pagamos el viernes.\n\nEl lun, 2 mar 2026 a las 9:12, Acme (<billing@acme.example>) "
            "escribió:\n\n> Hola,\n> por favor pague.\n"
        ),
        "Pagamos el viernes.",
    ),
    "outlook, English": (
        (
            "Paid yesterday.\n\nKind regards,\nJo Park\n\nFrom: Acme Billing <billing@acme.example>\n"
            "Sent: Monday, March 2, 2026 9:12 AM\nTo: Jo Park <jo@proseware.example>\n"
            "Subject: Invoice INV-1\n\nDear Jo,\nplease pay.\n"
        ),
        "Paid yesterday.\n\nKind regards,\nJo Park",
    ),
    "outlook, German": (
        (
            "Ist bezahlt.\n\nVon: Acme <billing@acme.example>\nGesendet: Montag, 2. März 2026 09:12\n"
            "An: Jo Park\nBetreff: Rechnung\n\nGuten Tag,"
        ),
        "Ist bezahlt.",
    ),
    "outlook, French": (
        (
            "C'est payé.\n\nDe : Acme <billing@acme.example>\nEnvoyé : lundi 2 mars 2026 09:12\n"
            "À : Jo Park\nObjet : Facture\n\nBonjour,"
        ),
        "C'est payé.",
    ),
    "outlook, Spanish": (
        (
            "Ya está pagado.\n\nDe: Acme <billing@acme.example>\nEnviado el: lunes, 2 de marzo de 2026\n"
            "Para: Jo Park\nAsunto: Factura\n\nHola,"
        ),
        "Ya está pagado.",
    ),
    "outlook on the web, with a rule": (
        (
            "OK\n________________________________\nFrom: Acme <billing@acme.example>\n"
            "Sent: Monday, March 2, 2026\nTo: Jo\nSubject: Invoice\n\nDear Jo"
        ),
        "OK",
    ),
    "outlook, old": (
        "Thanks.\n\n-----Original Message-----\nFrom: Acme\nSent: Monday\nTo: Jo\n\nDear Jo",
        "Thanks.",
    ),
    "outlook, old, German": (
        "Danke.\n\n-----Ursprüngliche Nachricht-----\nVon: Acme\nGesendet: Montag\n\nGuten Tag",
        "Danke.",
    ),
    "outlook, old, French": (
        "Merci.\n\n-----Message d'origine-----\nDe : Acme\nEnvoyé : lundi\n\nBonjour",
        "Merci.",
    ),
    "outlook, old, Spanish": (
        "Gracias.\n\n-----Mensaje original-----\nDe: Acme\nEnviado: lunes\n\nHola",
        "Gracias.",
    ),
    "apple mail": (
        (
            "Sure.\n\nJo\n\n> On 2 Mar 2026, at 09:12, Acme Billing <billing@acme.example> wrote:\n> \n"
            "> Dear Jo,\n> please pay.\n"
        ),
        "Sure.\n\nJo",
    ),
    "apple mail, German": (
        "Klar.\n\n> Am 02.03.2026 um 09:12 schrieb Acme <billing@acme.example>:\n> \n> Guten Tag",
        "Klar.",
    ),
    "iphone": (
        "Will do!\n\nSent from my iPhone\n\nOn Mar 2, 2026, at 9:12 AM, Acme "
        "<billing@acme.example> wrote:\n\n\ufeff> Dear Jo,\n> please pay.\n".replace("\ufeff", ""),
        "Will do!",
    ),
    "iphone, German": (
        (
            "Mach ich!\n\nVon meinem iPhone gesendet\n\nAm 02.03.2026 um 09:12 schrieb Acme "
            "<billing@acme.example>:\n\n> Guten Tag"
        ),
        "Mach ich!",
    ),
    "iphone, French": (
        (
            "D'accord\n\nEnvoyé de mon iPhone\n\nLe 2 mars 2026 à 09:12, Acme <b@acme.example> a "
            "écrit :\n\n> Bonjour"
        ),
        "D'accord",
    ),
    "iphone, Spanish": (
        (
            "De acuerdo\n\nEnviado desde mi iPhone\n\nEl 2 mar 2026, a las 9:12, Acme <b@acme.example> "
            "escribió:\n\n> Hola"
        ),
        "De acuerdo",
    ),
    "outlook for android": (
        (
            "Yes.\n\nGet Outlook for Android<https://aka.ms/x>\n________________________________\n"
            "From: Acme <b@acme.example>\nSent: Monday, March 2\nTo: Jo\nSubject: Invoice\n\nDear"
        ),
        "Yes.",
    ),
    "bottom posted": (
        "On 02/03/2026 09:12, Acme wrote:\n> Dear Jo,\n> please pay.\n\nWe did, last week.\nJo\n",
        "We did, last week.\nJo",
    ),
    "between the lines": (
        (
            "Hello,\n\nOn 02/03/2026 09:12, Acme wrote:\n> When will you pay INV-1?\nOn Friday.\n"
            "> And INV-2?\nNever.\n\nJo"
        ),
        "Hello,\n\nOn Friday.\n\nNever.\n\nJo",
    ),
    "thunderbird, German": (
        "Am 02.03.26 um 09:12 schrieb Acme:\n> Guten Tag\n\nSchon erledigt.",
        "Schon erledigt.",
    ),
    "thunderbird, French": (
        "C'est fait.\n\nLe 02/03/2026 à 09:12, Acme a écrit :\n> Bonjour",
        "C'est fait.",
    ),
    "quoted without marks": (
        (
            "See below.\n\nOn Mon, Mar 2, 2026 at 9:12 AM Acme <b@acme.example> wrote:\n\nDear Jo,\n"
            "please pay."
        ),
        "See below.",
    ),
    "signature": ("Thanks\n\n-- \nJo Park\nProseware GmbH\nTel. 123\n", "Thanks"),
    "disclaimer": (
        (
            "We pay tomorrow.\n\nJo\n\nThis email and any attachments are confidential and intended\n"
            "solely for the addressee.\n"
        ),
        "We pay tomorrow.\n\nJo",
    ),
    "disclaimer, German": (
        (
            "Zahlung folgt.\n\nDiese E-Mail enthält vertrauliche Informationen und ist nur für den\n"
            "Empfänger bestimmt.\n"
        ),
        "Zahlung folgt.",
    ),
    "empty above a quotation": ("\n\nOn 2 Mar 2026, Acme <b@acme.example> wrote:\n> Dear Jo\n", ""),
    "nothing at all": ("", ""),
    "no quotation": (
        "Hello,\nfrom: now on we pay by card.\n\nTo: whom it may concern.",
        "Hello,\nfrom: now on we pay by card.\n\nTo: whom it may concern.",
    ),
    "windows line ends": (
        "Fine.\r\n\r\nOn 2 Mar 2026 at 09:12, Acme wrote:\r\n\r\n> Dear",
        "Fine.",
    ),
    "a sentence that begins like a header": (
        "On Friday 6 March we wrote:\nthe transfer is on its way.",
        "On Friday 6 March we wrote:\nthe transfer is on its way.",
    ),
}

PAGES: dict[str, tuple[str, str]] = {
    "gmail, page only": (
        (
            '<div dir="ltr">We pay on Friday.</div><br><div class="gmail_quote"><div dir="ltr" '
            'class="gmail_attr">On Mon, 2 Mar 2026 at 09:12, Acme &lt;<a href="mailto:b@acme.example">'
            'b@acme.example</a>&gt; wrote:<br></div><blockquote class="gmail_quote"><p>Dear Jo,</p>'
            "<p>please pay</p></blockquote></div>"
        ),
        "We pay on Friday.",
    ),
    "outlook, page only": (
        (
            "<html><head><style>p{color:red}</style></head><body><p>Paid&nbsp;yesterday.</p>"
            '<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> Acme<br>'
            "<b>Sent:</b> Monday<br><b>To:</b> Jo<br><b>Subject:</b> Invoice</p></div><p>Dear Jo</p>"
        ),
        "Paid yesterday.",
    ),
    "outlook on the web, page only": (
        (
            '<div>Okay</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>Von:</b> Acme'
            "<br><b>Gesendet:</b> Montag</div><div>Guten Tag</div>"
        ),
        "Okay",
    ),
    "apple mail, page only": (
        (
            '<body>Sure.<br><div><br><blockquote type="cite"><div>On 2 Mar 2026, at 09:12, Acme wrote:'
            "</div><br><div>Dear Jo</div></blockquote></div></body>"
        ),
        "Sure.",
    ),
}
