"""
Check that the SQL files are written in the subset that also runs on Spark.

Parses every file with sqlglot as DuckDB's dialect, writes it as Spark's, and
reports the constructs that ``CONTRIBUTING.md`` forbids because Spark lacks
them or silently computes something else. Run it with
``python -m tests.project.spark_subset sql``; the exit code is 1 if anything
was found.

It does not run Spark, and it cannot see the types of columns: an implicit
cast is found only where a literal shows it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

_TWO_BODIES = "has its own body for Spark"
_EVALUATED = "evaluated by DuckDB at export; Spark reads the rows"

EXEMPT = {
    "functions/as_utc.sql": _TWO_BODIES,
    "functions/local_time.sql": _TWO_BODIES,
    "functions/percentile.sql": "Spark has this very function",
    "functions/try_element_at.sql": "Spark has this very function",
    "functions/utc_of.sql": _TWO_BODIES,
    "functions/dictionary_json.sql": _EVALUATED,
    "functions/python_escapes_json.sql": _EVALUATED,
    "functions/python_words_json.sql": _EVALUATED,
    "views/health_checks.sql": _EVALUATED,
    "views/ingest_cells.sql": _EVALUATED,
    "views/ingest_drift.sql": _EVALUATED,
    "views/ingest_files.sql": _EVALUATED,
    "views/ingest_rejects.sql": _EVALUATED,
    "views/ingest_totals.sql": _EVALUATED,
    "views/voice_auditions.sql": _EVALUATED,
}
"""Files that need not be in the subset, and why."""

_FOLDERS = ("functions", "internal", "views", "metrics")
_MACRO = re.compile(r"create\s+or\s+replace\s+macro\s+[\w.]+\s*\(")
_VIEW = re.compile(r"create\s+or\s+replace\s+view\s+[\w.]+\s+as\b")
_INFINITE_DEFAULT = re.compile(r":= *(?:timestamp|date) '-?infinity'")
_INFINITY = ("infinity as a bound", "Spark has no infinite timestamp; use NULL and coalesce")
_REGULAR_EXPRESSIONS = (exp.RegexpLike, exp.RegexpILike, exp.RegexpReplace, exp.RegexpExtract, exp.RegexpExtractAll)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)


@dataclass(frozen=True, order=True)
class Finding:
    """
    A construct that Spark lacks or computes differently.

    Attributes:
        line: Its line in the file, counted from 1.

        construct: What was found.

        why: What Spark does, or what to write instead.
    """

    line: int
    construct: str
    why: str


def check_folder(sql: Path) -> dict[Path, list[Finding]]:
    """Return the findings of every file below *sql* that has any, except exempt files."""
    paths = [path for folder in _FOLDERS for path in sorted((sql / folder).rglob("*.sql"))]
    found = {
        path: check(path.read_text(encoding="utf-8"))
        for path in paths
        if path.relative_to(sql).as_posix() not in EXEMPT
    }
    return {path: findings for path, findings in found.items() if findings}


def check(text: str) -> list[Finding]:
    """Return the findings of the SQL file with this *text*, by line."""
    try:
        tree = sqlglot.parse_one(_query(text), read="duckdb")
    except SqlglotError as error:
        return [Finding(_error_line(error), "syntax that sqlglot does not parse", str(error).splitlines()[0])]
    findings = {Finding(_line(node), construct, why) for node in tree.walk() for construct, why in _forbidden(node)}
    findings.update(
        Finding(text.count("\n", 0, default.start()) + 1, *_INFINITY) for default in _INFINITE_DEFAULT.finditer(text)
    )
    if not findings:
        try:
            sqlglot.parse_one(tree.sql("spark", unsupported_level=ErrorLevel.RAISE), read="spark")
        except SqlglotError as error:
            findings.add(Finding(1, "syntax that has no form for Spark", str(error).splitlines()[0]))
    return sorted(findings)


def _query(text: str) -> str:
    """Return the query of a view or the body of a macro, each line where it was."""
    if view := _VIEW.search(text):
        end, lead = view.end(), ""
    elif macro := _MACRO.search(text):
        end = body = _closing(text, macro.end())
        table = re.compile(r"\s*as(\s+table\b)?").match(text, body)
        if table is None:
            raise ValueError("a macro without AS")
        end, lead = table.end(), "" if table[1] else "select "
    else:
        end, lead = 0, ""
    return "\n" * text.count("\n", 0, end) + lead + text[end:].rstrip().removesuffix(";")


def _closing(text: str, start: int) -> int:
    """Return the position after the parenthesis that closes the one before *start*."""
    depth, at = 1, start
    while depth:
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
    return at


def _line(node: exp.Expr) -> int:
    """Return the line of *node*: of its first part that has one, else of what surrounds it."""
    lines = [part.meta["line"] for part in node.walk() if "line" in part.meta]
    if lines:
        return int(min(lines))
    return _line(node.parent) if node.parent else 1


def _error_line(error: SqlglotError) -> int:
    errors = getattr(error, "errors", None) or [{}]
    return int(errors[0].get("line") or 1)


def _forbidden(node: exp.Expr) -> Iterator[tuple[str, str]]:
    """Yield the name of each forbidden construct that *node* is, and why it is forbidden."""
    yield from _forbidden_clause(node)
    yield from _forbidden_function(node)
    yield from _forbidden_value(node)
    if isinstance(node, _REGULAR_EXPRESSIONS):
        yield from _forbidden_pattern(node)


def _forbidden_clause(node: exp.Expr) -> Iterator[tuple[str, str]]:
    match node:
        case exp.Join() if node.args.get("method") == "ASOF":
            yield "asof join", "Spark has none; use min_by or a window"
        case exp.Qualify():
            yield "qualify", "Spark has none; filter on the window in the next CTE"
        case exp.Group() if node.args.get("all"):
            yield "group by all", "name the columns"
        case exp.Columns():
            yield "columns(…)", "name the columns"
        case exp.Star() if any(node.args.get(part) for part in ("except_", "except", "replace", "rename")):
            yield "* exclude, * replace or * rename", "name the columns"
        case exp.Pivot():
            yield "pivot or unpivot", "written differently in Spark; use union all or case"
        case exp.Lambda() if node.find_ancestor(exp.Lambda):
            yield "nested lambda", "fails on Sail and is slow on Spark; use a join or a range in a CTE"
        case exp.Order() if isinstance(node.parent, exp.AggFunc | exp.Anonymous):
            yield "ordered aggregate", "Spark drops the order; sort the result or make it independent of order"
        case exp.Limit() if not _is_total(node.parent):
            yield "limit without a total order", "order by further columns, so that ties are decided"
        case exp.Select() if len(_generators(node)) > 1:
            yield "two unnest in one select", "Spark allows one; use a CTE for each"


def _forbidden_function(node: exp.Expr) -> Iterator[tuple[str, str]]:
    match node:
        case exp.Explode() | exp.Unnest() | exp.Posexplode() if not isinstance(
            node.parent, exp.Alias | exp.Select | exp.From | exp.Join | exp.Lateral
        ):
            yield "unnest inside an expression", "give it its own CTE"
        case exp.IntDiv() | exp.Mod() if not _is_nonzero(node.expression):
            yield "// or % by a value that can be 0", "raises in DuckDB 2.0 and in Spark; divide by nullif(…, 0)"
        case exp.Trim() if node.args.get("expression") is None:
            yield "trim without characters", "Spark strips only 0x20; use stripped() or blank()"
        case exp.Lower() | exp.Upper():
            yield "lower or upper", "letters beyond ASCII differ; use lower_ascii()"
        case exp.Round() if node.args.get("decimals") is not None:
            yield "round(x, n)", "half-way cases differ; use rounded()"
        case exp.AtTimeZone():
            yield "at time zone", "sqlglot writes both directions as the same; use local_time() or utc_of()"
        case exp.DayOfWeekIso():
            yield "isodow", "Monday is 3 in sqlglot's translation; use iso_weekday()"
        case exp.PercentileCont() | exp.PercentileDisc() | exp.Median() | exp.Quantile():
            yield "percentile_cont, median or quantile", "approximate in sqlglot's translation; use percentile()"
        case exp.Anonymous():
            yield from _FUNCTIONS.get(node.name.lower(), ())


def _forbidden_value(node: exp.Expr) -> Iterator[tuple[str, str]]:
    match node:
        case exp.Bracket() if any(not isinstance(index, exp.Literal) for index in node.expressions):
            yield (
                "computed subscript or slice",
                "sqlglot shifts only literal indexes; use a join or min/max with filter",
            )
        case exp.Cast() if _is_text(node.this) and "infinity" in node.this.name and not node.to.is_type("double"):
            yield _INFINITY
    if isinstance(node, _ARITHMETIC) and (_is_text(node.left) or _is_text(node.right)):
        yield "implicit cast of text", "write the cast"
    if isinstance(node, _COMPARISONS) and (
        (_is_text(node.left) and _is_number(node.right)) or (_is_number(node.left) and _is_text(node.right))
    ):
        yield "implicit cast of text", "write the cast"


def _forbidden_pattern(node: exp.Expr) -> Iterator[tuple[str, str]]:
    pattern = node.expression
    parts = list(pattern.find_all(exp.Literal))
    if not all(isinstance(part, exp.Literal | exp.DPipe | exp.Paren) for part in pattern.walk()):
        yield "computed regular expression", "its classes cannot be checked; write it as literals"
    for wrong in _wrong_classes("".join(part.name for part in parts)):
        yield f"{wrong} in a regular expression", r"engines disagree; write an ASCII class, [^\n] or \z"


def _wrong_classes(pattern: str) -> Iterator[str]:
    r"""Yield ``\w``, ``.``, ``$`` and the like where *pattern* has them; ``.`` and ``$`` not inside brackets."""
    wrong = {"\\" + letter for letter in "bBdDsSwW"}
    inside = False
    for part in re.findall(r"\(\?[a-z]+\)|\\.|.", pattern, re.DOTALL):
        if part.startswith("(?") or part in wrong or (part in {".", "$"} and not inside):
            yield part
        inside = part == "[" or (inside and part != "]")


def _generators(select: exp.Select) -> list[exp.Expr]:
    return [
        generator
        for column in select.expressions
        for generator in column.find_all(exp.Explode, exp.Unnest, exp.Posexplode)
        if generator.find_ancestor(exp.Select) is select
    ]


def _is_total(select: exp.Expr | None) -> bool:
    """Return whether rows are ordered by two columns or more: one alone rarely decides ties."""
    order = select.args.get("order") if select else None
    return order is not None and len(order.expressions) > 1


def _is_nonzero(divisor: exp.Expr) -> bool:
    divisor = divisor.unnest()
    if isinstance(divisor, exp.Mul):
        return _is_nonzero(divisor.left) and _is_nonzero(divisor.right)
    return isinstance(divisor, exp.Nullif) or (_is_number(divisor) and float(divisor.name) != 0)


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and node.is_string


def _is_number(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string


_FUNCTIONS = {
    "lgamma": [("lgamma", "Spark has none; use log_gamma()")],
    "isfinite": [("isfinite", "Spark has none; compare with a bound")],
    "isinf": [("isinf", "Spark has none; compare with a bound")],
    "timezone": [("timezone(…)", "sqlglot keeps it as it is; use local_time(), utc_of() or utc_now()")],
    "generate_subscripts": [("generate_subscripts", "Spark has none; use row_number")],
}


def main(sql: Path) -> int:
    """Print the findings of every file below *sql* and return the exit code."""
    found = check_folder(sql)
    for path, findings in found.items():
        for finding in findings:
            print(f"{path}:{finding.line}: {finding.construct}: {finding.why}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
