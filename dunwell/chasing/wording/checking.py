"""Reading a template's source before it is kept: every mistake is found on saving, none on sending.

Only a small part of Jinja is let in: variables of the catalogue, `if`, one level of `for` over a
list, comparisons, and a handful of filters. What is not on the list is refused, so that no
template can reach a Python object, run long, or grow without bound: output is at most the
source times the length of a list. On top of that, rendering runs in Jinja's sandbox.
Rule: chasing, Which template.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache

from django.utils.translation import gettext as _
from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from dunwell.chasing.wording.catalogue import VARIABLES, Kind
from dunwell.chasing.wording.errors import Field, FieldError

MAX_SOURCE = 20_000
MAX_SUBJECT = 500
MAX_DEPTH = 12

FILTERS: Mapping[str, Kind] = {
    **dict.fromkeys(("upper", "lower", "capitalize", "title", "trim"), Kind.TEXT),
    **dict.fromkeys(("default", "d", "truncate", "e", "escape"), Kind.TEXT),
    **dict.fromkeys(("length", "count"), Kind.NUMBER),
}
"""The filters a template may use, and what they give."""

type Shape = Kind | dict[str, Shape] | ItemsOf
type Syntax = Mapping[str, Shape]


@dataclass(frozen=True)
class ItemsOf:
    """The shape of a list: that of its items."""

    item: dict[str, Shape]


_LOOP: dict[str, Shape] = dict.fromkeys(("first", "last", "index", "index0", "length"), Kind.NUMBER)


class WordingEnvironment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox where `a.b` on a mapping only ever means its entry."""

    def __init__(self, *, autoescape: bool) -> None:
        super().__init__(
            autoescape=autoescape,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            cache_size=0,
        )
        self.globals.clear()

    def getattr(self, obj: object, attribute: str) -> object:
        """Read an entry. Anything but a mapping goes the sandbox's slow and careful way."""
        if type(obj) is dict:
            try:
                return obj[attribute]
            except KeyError:
                return self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)


_PARSER = WordingEnvironment(autoescape=False)


def check(*, subject: str, text: str, html: str | None = None) -> list[FieldError]:
    """Find every mistake of a template, in the order of fields and lines; empty when all is well.

    Looks at syntax, at every variable with all its dots, at what is allowed, and then fills the
    template in with the samples, once whole and once with everything empty that may be.
    """
    from dunwell.chasing.wording.rendering import try_samples  # noqa: PLC0415 - it checks first

    errors = check_source(subject=subject, text=text, html=html)
    return errors or try_samples(subject=subject, text=text, html=html)


def check_source(*, subject: str, text: str, html: str | None) -> list[FieldError]:
    """Find the mistakes that can be seen without filling anything in."""
    sources: list[tuple[Field, str | None]] = [("subject", subject), ("text", text), ("html", html)]
    return [
        error
        for name, source in sources
        if source is not None
        for error in _check_field(name, source)
    ]


def _check_field(name: Field, source: str) -> list[FieldError]:
    limit = MAX_SUBJECT if name == "subject" else MAX_SOURCE
    if len(source) > limit:
        words = _("This is %(length)d characters long; at most %(limit)d are allowed.")
        return [_error(name, 1, words % {"length": len(source), "limit": limit})]
    if not source.strip():
        return [_error(name, 1, _("This must not be empty."))]
    if name == "subject" and "\n" in source.strip():
        return [_error(name, 2, _("A subject has one line."))]
    try:
        tree = _PARSER.parse(source)
    except TemplateSyntaxError as problem:
        return [_error(name, problem.lineno, _syntax_words(problem))]
    except RecursionError:
        return [_error(name, 1, _("This is nested too deeply."))]
    reader = _Reader(name)
    reader.statements(tree.body, depth=0)
    return sorted(reader.errors, key=lambda error: error.line)


def _syntax_words(problem: TemplateSyntaxError) -> str:
    return _("This cannot be read as a template: %(why)s") % {"why": problem.message or "?"}


def _error(name: Field, line: int, message: str, variable: str = "") -> FieldError:
    return FieldError(field=name, line=line, message=message, variable=variable)


@cache
def known() -> dict[str, Shape]:
    """Give the shape of all values, as the catalogue has them."""
    shapes: dict[str, Shape] = {}
    groups: dict[str, dict[str, Shape]] = {}
    for variable in VARIABLES:
        group, dot, name = variable.path.rpartition(".")
        place = groups.setdefault(group, {}) if dot else shapes
        place[name] = variable.kind
        if isinstance(variable.sample, tuple):
            place[name] = ItemsOf({key: _kind(value) for key, value in variable.sample[0].items()})
    return shapes | groups


def _kind(value: object) -> Kind:
    return Kind.NUMBER if isinstance(value, int) else Kind.TEXT


@dataclass
class _Reader:
    """Walks one template and notes what must not be there."""

    where: Field
    errors: list[FieldError] = field(default_factory=list)
    scopes: list[dict[str, Shape]] = field(default_factory=list)

    def statements(self, body: list[nodes.Node], *, depth: int) -> None:
        """Walk what stands one after the other."""
        if depth > MAX_DEPTH:
            self._say(body[0] if body else None, _("This is nested too deeply."))
            return
        for node in body:
            if isinstance(node, nodes.Output):
                for part in node.nodes:
                    self._printed(part, depth)
            elif isinstance(node, nodes.If):
                self._if(node, depth)
            elif isinstance(node, nodes.For):
                self._for(node, depth)
            else:
                self._refuse(node)

    def _printed(self, node: nodes.Expr, depth: int) -> None:
        if not isinstance(node, nodes.TemplateData):
            self._scalar(node, depth)

    def _if(self, node: nodes.If, depth: int) -> None:
        self._shape(node.test, depth)
        self.statements(node.body, depth=depth + 1)
        for branch in node.elif_:
            self._shape(branch.test, depth)
            self.statements(branch.body, depth=depth + 1)
        self.statements(node.else_, depth=depth + 1)

    def _for(self, node: nodes.For, depth: int) -> None:
        if self.scopes:
            self._say(node, _("A loop within a loop is not allowed."))
            return
        if node.recursive or not isinstance(node.target, nodes.Name):
            self._say(node, _("A loop is written {% for item in list %}."))
            return
        over = self._shape(node.iter, depth)
        if not isinstance(over, ItemsOf):
            if over is not None:
                self._say(node, _("Only a list can be looped over, such as account.invoices."))
            return
        self.scopes.append({node.target.name: over.item, "loop": _LOOP})
        if node.test is not None:
            self._shape(node.test, depth)
        self.statements(node.body, depth=depth + 1)
        self.scopes.pop()
        self.statements(node.else_, depth=depth + 1)

    def _scalar(self, node: nodes.Expr, depth: int) -> Kind | None:
        """Walk an expression that must give text or a number; None if it was already wrong."""
        shape = self._shape(node, depth)
        if shape is None or isinstance(shape, Kind):
            return shape
        if isinstance(shape, ItemsOf):
            self._say(node, _("“%(name)s” is a list; use it in a loop.") % {"name": _path(node)})
        else:
            options = ", ".join(f"{_path(node)}.{each}" for each in shape)
            words = _("“%(name)s” needs one of its parts: %(options)s.")
            self._say(node, words % {"name": _path(node), "options": options})
        return None

    def _shape(self, node: nodes.Node, depth: int) -> Shape | None:
        """Walk an expression and tell what it gives; None if something in it is wrong."""
        if depth > MAX_DEPTH:
            self._say(node, _("This is nested too deeply."))
            return None
        walk = _EXPRESSIONS.get(type(node))
        if walk is None:
            self._refuse(node)
            return None
        return walk(self, node, depth + 1)

    def name(self, node: nodes.Name, _depth: int) -> Shape | None:
        """Look a first name up: the loop's own, then the catalogue's."""
        for scope in self.scopes:
            if node.name in scope:
                return scope[node.name]
        if node.name not in known():
            self._unknown(node)
            return None
        return known()[node.name]

    def _is_known(self, name: str) -> bool:
        return name in known() or any(name in scope for scope in self.scopes)

    def attribute(self, node: nodes.Getattr, depth: int) -> Shape | None:
        """Follow a dot."""
        return self._part(node, node.node, node.attr, depth)

    def item(self, node: nodes.Getitem, depth: int) -> Shape | None:
        """Follow brackets, which may only hold a name in quotes."""
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return self._part(node, node.node, node.arg.value, depth)
        self._refuse(node)
        return None

    def _part(self, node: nodes.Expr, owner: nodes.Expr, part: str, depth: int) -> Shape | None:
        if isinstance(owner, nodes.Name) and not self._is_known(owner.name):
            self._unknown(node)
            return None
        shape = self._shape(owner, depth)
        if shape is None:
            return None
        if isinstance(shape, dict) and part in shape:
            return shape[part]
        self._unknown(node)
        return None

    def constant(self, node: nodes.Const, _depth: int) -> Shape | None:
        """Take a literal."""
        if isinstance(node.value, str):
            return Kind.TEXT
        if isinstance(node.value, int):
            return Kind.NUMBER
        self._refuse(node)
        return None

    def filter(self, node: nodes.Filter, depth: int) -> Shape | None:
        """Let through the few filters there are, with plain arguments."""
        if node.name not in FILTERS or node.dyn_args or node.dyn_kwargs or node.node is None:
            words = _("There is no filter “%(name)s”; there are: %(all)s.")
            self._say(node, words % {"name": node.name, "all": ", ".join(FILTERS)})
            return None
        gives = FILTERS[node.name]
        taken = self._shape(node.node, depth)
        if gives is not Kind.NUMBER and not isinstance(taken, Kind) and taken is not None:
            self._scalar(node.node, depth)
        for argument in (*node.args, *(each.value for each in node.kwargs)):
            self._scalar(argument, depth)
        return gives

    def compare(self, node: nodes.Compare, depth: int) -> Shape | None:
        """Compare like with like: larger and smaller hold between numbers only."""
        kinds = [self._scalar(node.expr, depth)]
        for operand in node.ops:
            kinds.append(self._scalar(operand.expr, depth))
            if operand.op not in {"eq", "ne"} and Kind.TEXT in kinds:
                self._say(node, _("Only numbers can be larger or smaller, such as days_overdue."))
                return None
        return Kind.NUMBER

    def either(self, node: nodes.BinExpr, depth: int) -> Shape | None:
        """Take `a or b` and `a and b`: what either side gives."""
        left, right = self._shape(node.left, depth), self._shape(node.right, depth)
        return left if left == right else Kind.TEXT

    def choice(self, node: nodes.CondExpr, depth: int) -> Shape | None:
        """Take `a if b else c`."""
        self._shape(node.test, depth)
        first = self._scalar(node.expr1, depth)
        if node.expr2 is None:
            self._say(node, _("Write what stands there otherwise: … if … else …"))
            return None
        second = self._scalar(node.expr2, depth)
        return first if first == second else Kind.TEXT

    def negation(self, node: nodes.Not, depth: int) -> Shape | None:
        """Take `not a`."""
        self._shape(node.node, depth)
        return Kind.NUMBER

    def joined(self, node: nodes.Concat, depth: int) -> Shape | None:
        """Take `a ~ b`."""
        for part in node.nodes:
            self._scalar(part, depth)
        return Kind.TEXT

    def sum(self, node: nodes.BinExpr, depth: int) -> Shape | None:
        """Take `a + b` and `a - b` of numbers."""
        if {self._scalar(node.left, depth), self._scalar(node.right, depth)} - {Kind.NUMBER, None}:
            self._say(node, _("Only numbers can be added; join texts with ~."))
            return None
        return Kind.NUMBER

    def _unknown(self, node: nodes.Expr) -> None:
        path = _path(node)
        close = get_close_matches(path, [each.path for each in VARIABLES], n=1, cutoff=0.6)
        if close:
            words = _("There is no variable “%(name)s”. Did you mean “%(close)s”?")
            message = words % {"name": path, "close": close[0]}
        else:
            message = _("There is no variable “%(name)s”.") % {"name": path}
        self.errors.append(_error(self.where, node.lineno, message, path))

    def _refuse(self, node: nodes.Node) -> None:
        name = type(node).__name__.lower()
        self._say(node, _("This cannot be used in a template: %(name)s.") % {"name": name})

    def _say(self, node: nodes.Node | None, message: str) -> None:
        self.errors.append(_error(self.where, node.lineno if node else 1, message))


def _path(node: nodes.Node) -> str:
    """Write a chain of names as it stands in the template."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{_path(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return f"{_path(node.node)}.{node.arg.value}"
    return "…"


type _Walk = Callable[[_Reader, nodes.Node, int], Shape | None]

_EXPRESSIONS: dict[type[nodes.Node], _Walk] = {
    nodes.Name: _Reader.name,  # type: ignore[dict-item] # each takes the class it stands under
    nodes.Getattr: _Reader.attribute,  # type: ignore[dict-item] # the same
    nodes.Getitem: _Reader.item,  # type: ignore[dict-item] # the same
    nodes.Const: _Reader.constant,  # type: ignore[dict-item] # the same
    nodes.Filter: _Reader.filter,  # type: ignore[dict-item] # the same
    nodes.Compare: _Reader.compare,  # type: ignore[dict-item] # the same
    nodes.And: _Reader.either,  # type: ignore[dict-item] # the same
    nodes.Or: _Reader.either,  # type: ignore[dict-item] # the same
    nodes.CondExpr: _Reader.choice,  # type: ignore[dict-item] # the same
    nodes.Not: _Reader.negation,  # type: ignore[dict-item] # the same
    nodes.Concat: _Reader.joined,  # type: ignore[dict-item] # the same
    nodes.Add: _Reader.sum,  # type: ignore[dict-item] # the same
    nodes.Sub: _Reader.sum,  # type: ignore[dict-item] # the same
}
