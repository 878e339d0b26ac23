"""The fields of each kind of import, and the headers people give them.

Headers in English, German, French and Spanish; those of the IBM and HighRadius data sets stand at
the end of each list. Rule: api, CSV headers the importer knows without mapping.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name, how its cells are read, how long they may be, its other headers."""

    name: str
    reading: str
    most: int = 0
    required: bool = False
    headers: tuple[str, ...] = ()


_CUSTOMER: Final = (
    *("customer name", "client", "client name", "company", "account name", "bill to", "debtor"),
    *("Kunde", "Kundenname", "Firma", "Debitor", "nom du client", "nom client", "société"),
    *("cliente", "nombre del cliente", "empresa", "razón social", "name_customer"),
)
_CUSTOMER_ID: Final = (
    *("customer id", "customer no", "customer number", "customer code", "client id", "account no"),
    *("account number", "Kundennummer", "Kunden-Nr", "Kundennr", "Debitorennummer", "code client"),
    *("numéro client", "n° client", "número de cliente", "código de cliente", "id cliente"),
    *("customerID", "cust_number"),
)
_NUMBER: Final = (
    *("invoice number", "invoice no", "invoice nr", "invoice #", "invoice", "document number"),
    *("Rechnungsnummer", "Rechnungs-Nr", "Rechnung Nr", "Rechnung", "Belegnummer", "Nummer"),
    *("numéro de facture", "numéro facture", "n° facture", "n° de facture", "facture", "numéro"),
    *("número de factura", "nº factura", "nº de factura", "factura", "número", "num factura"),
    *("invoiceNumber", "invoice_id"),
)
_CURRENCY: Final = (
    *("currency code", "ccy", "Währung", "devise", "monnaie", "moneda", "divisa"),
    "invoice_currency",
)
_OWNER: Final = ("responsible", "account manager", "Betreuer", "zuständig", "responsable")
_TERMS: Final = (
    *("terms days", "payment terms", "net days", "Zahlungsziel", "Zahlungsziel Tage"),
    *("délai de paiement", "plazo de pago", "condiciones de pago"),
)
_EMAIL: Final = (
    *("e-mail", "email address", "mail", "E-Mail-Adresse", "courriel", "adresse e-mail"),
    *("correo", "correo electrónico"),
)
_PHONE: Final = ("telephone", "phone number", "Telefon", "téléphone", "teléfono", "mobile")
_NOTE: Final = ("notes", "note", "comment", "Notiz", "Bemerkung", "remarque", "nota", "comentario")

_ADDRESS: Final = (
    Field(
        "line1", "text", 200, headers=("address", "street", "Straße", "Adresse", "rue", "dirección")
    ),
    Field("line2", "text", 200, headers=("address line 2", "Adresszusatz", "complément")),
    Field(
        "postal_code", "id", 20, headers=("zip", "postcode", "zip code", "PLZ", "code postal", "cp")
    ),
    Field("city", "text", 100, headers=("town", "Ort", "Stadt", "ville", "ciudad")),
    Field(
        "region", "text", 100, headers=("state", "province", "Bundesland", "région", "provincia")
    ),
    Field("country", "country", 2, headers=("country code", "Land", "pays", "país")),
)

FIELDS: Final[dict[str, tuple[Field, ...]]] = {
    "customers": (
        Field("external_id", "id", 100, headers=("customer_external_id", "id", *_CUSTOMER_ID)),
        Field("name", "text", 200, headers=("customer", *_CUSTOMER, "nom", "nombre")),
        Field("language", "language", 16, headers=("Sprache", "langue", "idioma")),
        Field("currency", "currency", headers=_CURRENCY),
        Field("tax_id", "text", 50, headers=("vat id", "vat number", "USt-IdNr", "tva", "nif")),
        Field("terms", "terms", headers=_TERMS),
        Field("terms_anchor", "anchor"),
        Field("owner", "owner", headers=_OWNER),
        Field("tags", "tags", 50, headers=("Schlagworte", "étiquettes", "etiquetas")),
        Field("notes", "long", 20_000, headers=_NOTE),
        *_ADDRESS,
        Field(
            "contact", "text", 200, headers=("contact name", "Ansprechpartner", "contacto", "attn")
        ),
        Field("email", "email", 254, headers=_EMAIL),
        Field("phone", "text", 50, headers=_PHONE),
    ),
    "contacts": (
        Field("customer", "text", 200, headers=_CUSTOMER),
        Field("customer_external_id", "id", 100, headers=_CUSTOMER_ID),
        Field("name", "text", 200, headers=("contact", "contact name", "Ansprechpartner", "nom")),
        Field("email", "email", 254, headers=_EMAIL),
        Field("phone", "text", 50, headers=_PHONE),
        Field("time_zone", "zone", 64, headers=("timezone", "Zeitzone", "fuseau horaire")),
        Field("roles", "tags", 60, headers=("role", "contact roles", "Rolle", "Rollen", "rôle")),
        Field("receives_invoices", "yes", headers=("Rechnungsempfänger",)),
        Field("billing", "yes", headers=("billing contact", "Rechnungskontakt")),
        *_ADDRESS,
    ),
    "invoices": (
        Field("number", "id", 100, required=True, headers=_NUMBER),
        Field("customer", "text", 200, headers=_CUSTOMER),
        Field("customer_external_id", "id", 100, headers=_CUSTOMER_ID),
        Field("external_id", "id", 100),
        Field("currency", "currency", headers=_CURRENCY),
        Field(
            "total",
            "amount",
            required=True,
            headers=(
                *("amount", "total amount", "invoice amount", "gross amount", "gross", "Betrag"),
                *("Bruttobetrag", "Rechnungsbetrag", "Gesamtbetrag", "brutto", "montant ttc"),
                *("montant", "total ttc", "montant total", "importe", "importe total", "monto"),
                *("InvoiceAmount", "total_open_amount"),
            ),
        ),
        Field(
            "invoice_date",
            "date",
            required=True,
            headers=(
                *("date", "issue date", "issued on", "date issued", "Rechnungsdatum"),
                *("Belegdatum", "Datum", "date de facture", "date facture", "date d'émission"),
                *("fecha de factura", "fecha factura", "fecha de emisión", "fecha"),
                *("InvoiceDate", "baseline_create_date"),
            ),
        ),
        Field(
            "due_date",
            "date",
            headers=(
                *("due", "due on", "payable by", "Fälligkeitsdatum", "Fälligkeit", "fällig am"),
                *("fällig", "date d'échéance", "échéance", "fecha de vencimiento", "vencimiento"),
                *("DueDate", "due_in_date"),
            ),
        ),
        Field("delivery_date", "date", headers=("Lieferdatum", "date de livraison")),
        Field("terms", "terms", headers=_TERMS),
        Field("terms_anchor", "anchor"),
        Field(
            "purchase_order",
            "id",
            100,
            headers=("po", "po number", "purchase order number", "Bestellnummer", "nº pedido"),
        ),
        Field("engagement", "text", 100, headers=("project", "Projekt", "projet", "proyecto")),
        Field("note", "long", 20_000, headers=_NOTE),
        Field("owner", "owner", headers=_OWNER),
        Field("cadence", "cadence", 100, headers=("Mahnplan", "relance", "cadencia")),
        Field("sent", "yes", headers=("already sent", "versendet", "envoyée", "enviada")),
        Field("open", "yes", headers=("isOpen",)),
    ),
    "payments": (
        Field(
            "external_id",
            "id",
            200,
            headers=("payment id", "transaction id", "Zahlungs-ID", "id paiement", "id pago"),
        ),
        Field("invoice_number", "id", 100, headers=("number", *_NUMBER)),
        Field("customer", "text", 200, headers=_CUSTOMER),
        Field("customer_external_id", "id", 100, headers=_CUSTOMER_ID),
        Field("currency", "currency", headers=_CURRENCY),
        Field(
            "amount",
            "amount",
            required=True,
            headers=(
                *("payment amount", "amount paid", "paid", "total", "Betrag", "Zahlbetrag"),
                *("montant", "importe", "InvoiceAmount"),
            ),
        ),
        Field(
            "received_on",
            "date",
            required=True,
            headers=(
                *("payment date", "paid on", "date paid", "received", "date", "Zahlungsdatum"),
                *("Zahlungseingang", "Buchungsdatum", "Valuta", "Datum", "date de paiement"),
                *("fecha de pago", "fecha", "SettledDate"),
            ),
        ),
        Field("method", "text", 40, headers=("payment method", "Zahlungsart", "mode de paiement")),
        Field("reference", "text", 200, headers=("Verwendungszweck", "référence", "referencia")),
    ),
}

# A file must let one of these columns name each row's customer, invoice or person.
ONE_OF: Final[dict[str, tuple[str, ...]]] = {
    "customers": ("name", "external_id"),
    "contacts": ("customer_external_id", "customer"),
    "invoices": ("customer_external_id", "customer"),
    "payments": ("invoice_number", "customer_external_id", "customer"),
}

# Headers that only these data sets use: the guess is shown for confirmation.
_FOREIGN: Final = {
    "HighRadius": frozenset({"name_customer", "cust_number", "total_open_amount", "due_in_date"}),
    "IBM": frozenset({"customerID", "invoiceNumber", "InvoiceAmount", "DaysToSettle"}),
}


def of(kind: str) -> dict[str, Field]:
    """Give the fields of a kind by name."""
    return {field.name: field for field in FIELDS[kind]}


def data_set(headers: list[str]) -> str:
    """Name the known data set a file comes from, "" if none."""
    return next((name for name, known in _FOREIGN.items() if known <= set(headers)), "")
