"""Each construct that the SQL files must not use is found, and the files use none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.project.spark_subset import EXEMPT, check, check_folder, main

SQL = Path(__file__).parents[2] / "sql"


def constructs(query: str) -> list[str]:
    return [finding.construct for finding in check(f"create or replace view example as\n{query};\n")]


@pytest.mark.parametrize(
    ("query", "construct"),
    [
        ("select a.x from a asof join b on a.t >= b.t", "asof join"),
        ("select x from a qualify row_number() over (order by x, y) = 1", "qualify"),
        ("select x, count(*) as n from a group by all", "group by all"),
        ("select columns('x') from a", "columns(…)"),
        ("select * exclude (x) from a", "* exclude, * replace or * rename"),
        ("select * replace (1 as x) from a", "* exclude, * replace or * rename"),
        ("unpivot a on x, y into name k value v", "pivot or unpivot"),
        ("pivot a on x using sum(y)", "pivot or unpivot"),
        (
            "select list_transform(x, lambda y: list_sum(list_transform(y, lambda z: z + 1))) as n from a",
            "nested lambda",
        ),
        ("select lgamma(x) as y from a", "lgamma"),
        ("select x // y as z from a", "// or % by a value that can be 0"),
        ("select x % (y - 1) as z from a", "// or % by a value that can be 0"),
        ("select x // 0 as z from a", "// or % by a value that can be 0"),
        ("select x + '1' as z from a", "implicit cast of text"),
        ("select '1' < 2 as z from a", "implicit cast of text"),
        ("select x from a where t < timestamp 'infinity'", "infinity as a bound"),
        ("select cast('-infinity' as date) as d from a", "infinity as a bound"),
        ("select x from a where isfinite(t)", "isfinite"),
        ("select list(x order by y) as z from a", "ordered aggregate"),
        ("select sum(x order by y) filter (where x > 0) as z from a", "ordered aggregate"),
        ("select x from a limit 3", "limit without a total order"),
        ("select x from a order by x limit 3", "limit without a total order"),
        ("select cast(unnest(x) as date) as day from a", "unnest inside an expression"),
        ("select unnest(x) as y, unnest(z) as w from a", "two unnest in one select"),
        ("select x[i] as y from a", "computed subscript or slice"),
        ("select x[1:2] as y from a", "computed subscript or slice"),
        ("select trim(x) as y from a", "trim without characters"),
        ("select lower(x) as y from a", "lower or upper"),
        ("select round(x, 3) as y from a", "round(x, n)"),
        ("select t at time zone 'UTC' as y from a", "at time zone"),
        ("select timezone('UTC', t) as y from a", "timezone(…)"),
        ("select isodow(t) as y from a", "isodow"),
        ("select percentile_cont(0.5) within group (order by x) as y from a", "percentile_cont, median or quantile"),
        ("select median(x) as y from a", "percentile_cont, median or quantile"),
        ("select regexp_matches(x, y) as z from a", "computed regular expression"),
        (r"select regexp_matches(x, 'a' || '\bb') as y from a", r"\b in a regular expression"),
        (r"select regexp_matches(x, '\w') as y from a", r"\w in a regular expression"),
        (r"select regexp_replace(x, '[^\d]', '', 'g') as y from a", r"\d in a regular expression"),
        (r"select regexp_extract(x, '\s(a)', 1) as y from a", r"\s in a regular expression"),
        (r"select regexp_extract_all(x, 'a.') as y from a", ". in a regular expression"),
        (r"select regexp_matches(x, 'a$') as y from a", "$ in a regular expression"),
        (r"select regexp_matches(x, '(?i)a') as y from a", "(?i) in a regular expression"),
        ("select from where", "syntax that sqlglot does not parse"),
    ],
)
def test_a_forbidden_construct_is_found(query: str, construct: str) -> None:
    assert construct in constructs(query)


@pytest.mark.parametrize(
    "query",
    [
        "select x from a left join b on a.t = b.t",
        "select x, row_number() over (partition by x order by y) as n from a",
        "select *, count(*) as n from a group by x",
        "select list_transform(x, lambda y: y + 1) as n from a",
        "select x // 2 as y, x % nullif(z, 0) as w, x // (2 * nullif(z, 0)) as v from a",
        "select x + cast('1' as bigint) as z, y = '1' as v from a",
        "select x from a where t < coalesce(u, timestamp '9999-12-31') and y < cast('infinity' as double)",
        "select list_sort(list(x)) as z, sum(x) filter (where x > 0) as y from a",
        "select x from a order by x, y limit 3",
        "with b as (select *, unnest(x) as y from a) select cast(y as date) as day from b",
        "select x[1] as y from a",
        "select trim(x, ' ') as y, round(x * 1000) / 1000 as z from a",
        r"select regexp_matches(x, '(^|[^0-9A-Za-z_.$])a[^\n]\.\$\z') as y from a",
    ],
)
def test_the_common_subset_passes(query: str) -> None:
    assert constructs(query) == []


def test_a_finding_is_in_its_line_of_a_macro_with_typed_parameters() -> None:
    text = """-- Header.
create or replace macro internal.example(
    since timestamp := null, until timestamp := timestamp 'infinity', zone := coalesce(null, 'UTC')
) as table
select
    x,
    lower(y) as z
from a;
"""

    assert [(3, "infinity as a bound"), (7, "lower or upper")] == [
        (found.line, found.construct) for found in check(text)
    ]


def test_a_scalar_macro_is_an_expression() -> None:
    assert [found.construct for found in check("create or replace macro f(x) as\ntrim(x);\n")] == [
        "trim without characters"
    ]
    assert check("create or replace macro f(x) as contains(x, '@') and x <> '';\n") == []


def test_the_command_prints_the_place_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "metrics" / "usage").mkdir(parents=True)
    path = tmp_path / "metrics" / "usage" / "example.sql"
    path.write_text("create or replace macro example() as table\nselect x from a limit 1;\n", encoding="utf-8")

    assert main(tmp_path) == 1
    assert re.match(rf"{re.escape(str(path))}:2: limit without a total order: .+\n$", capsys.readouterr().out)


def test_an_exempt_file_exists_and_has_a_reason() -> None:
    assert all((SQL / path).is_file() and reason for path, reason in EXEMPT.items())


def test_the_sql_files_are_in_the_subset() -> None:
    assert check_folder(SQL) == {}
