"""Every text of the program that a user can meet has its Chinese, and no two are mistaken for each other."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from qyp_geo.errors import DeclarationError, MissingError, Problem, QypGeoError
from qyp_geo.translation import Language, error_text, language_of, problem_text, read_words, translated

PACKAGE = Path(__file__).parents[1] / "qyp_geo"
OF_PAGES_AND_PAPERS = (
    "maps/speeds.py",
    "papers/charts.py",
    "papers/figures.py",
    "papers/geopackage.py",
    "papers/page.py",
    "papers/qml.py",
    "publishing/front.py",
    "sample/",
    "serving.py",
)
"""What these write is in both languages or in Chinese already, or is markup; of serving.py only its errors are told."""
NO_SENTENCE = re.compile(
    r"""<[a-z!/]|\{%|://|^(SELECT|INSERT|SET|CREATE|BEGIN|WITH)\b|\\b|\(\?|^"use strict"|^[\w.]+ = |our own choice"""
)
"""Markup, queries, patterns, declarations that are written."""
SENTENCE = re.compile(r"[A-Za-z)\"}]{2,}[,;:]? [a-z({]")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
TELLING = {"Problem": (2, 4), "declared": (1,), "rows": (1,), "whole": (0,)}
"""Which of their arguments are texts, be they one word."""
NOT_PRINTED = re.compile(
    r"^(<WalkNetwork|<Positions|Base map ©|img-src|qyp \w+( --amap)?$|pip install|# qyp |False easting$|timed out\||"
    r"[\[(]|out body;|, column| FROM | WHERE | ORDER BY |  warning| \(given|not computable from these layers:$|"
    r"\{\}s? ?\{\}|\{\} \{\}s: |\{\}, \(|\{\} (and|to) \{\}$|\{\} \(\{\}\) \{\}$)"
)
"""How what people see only in a debugger, in a file or as part of a text begins; name_rows and Problem make wholes of parts."""
KNOWN = read_words("zh")
OTHERS = read_words("zh_others")
ALL: dict[Language, dict[str, str]] = {"zh": KNOWN | OTHERS, "en": read_words("en")}


def template_of(node: ast.AST) -> str | None:
    """A text as its template: what is put into it becomes ``{}``."""
    match node:
        case ast.Constant(value=str(text)):
            return text if "{}" in text else text.replace("{", "{{").replace("}", "}}")
        case ast.JoinedStr(values=parts):
            return "".join(template_of(part) or "{}" for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            texts = template_of(left), template_of(right)
            return None if texts == (None, None) else "".join(text or "{}" for text in texts)
    return None


def told_in(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every text of a module that reads like a sentence, or is given to what tells a user something; no docstring."""
    silent = {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    given = {
        argument
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and name_of(node.func) in TELLING
        for argument in [
            *(one for n, one in enumerate(node.args) if n in TELLING[name_of(node.func)]),
            *(word.value for word in node.keywords if word.arg in ("what", "remedy")),
        ]
    }

    def within(node: ast.AST, *, part: bool = False) -> Iterator[tuple[int, str]]:
        text = None if node in silent else template_of(node)
        told = text is not None and not part and not NO_SENTENCE.search(text)
        if told and text and (SENTENCE.search(text) or (node in given and words(text))):
            yield from ((getattr(node, "lineno", 0), line) for line in text.split("\n") if words(line))
        whole = isinstance(node, ast.BinOp) and text is not None
        for child in ast.iter_child_nodes(node):
            if child not in silent and not (isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant)):
                yield from within(child, part=whole and template_of(child) is not None)

    yield from within(tree)


def words(text: str) -> bool:
    """Whether a text has any words of its own."""
    return bool(re.search(r"[a-z]{2}", re.sub(r"\{\w*\}", "", text)))


def name_of(function: ast.expr) -> str:
    """The last part of what is called."""
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def helps_in(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """What the commands say of themselves."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(
            isinstance(one, ast.Call) and name_of(one.func) == "command" for one in node.decorator_list
        ):
            said = ast.get_docstring(node)
            assert said, f"the command {node.name} says nothing of itself"
            yield from ((node.lineno, line) for line in said.split("\n") if line)


def modules() -> list[str]:
    names = [path.relative_to(PACKAGE).as_posix() for path in sorted(PACKAGE.rglob("*.py"))]
    return [name for name in names if not name.startswith(OF_PAGES_AND_PAPERS)]


def untranslated(name: str) -> list[str]:
    """The texts of a module that have no Chinese, each with its line."""
    tree = ast.parse((PACKAGE / name).read_text(encoding="utf-8"))
    told = [*told_in(tree), *(helps_in(tree) if name.startswith("cli") else [])]
    return [
        f"{name}:{line}: {text}"
        for line, text in told
        if text not in KNOWN and text not in OTHERS and not is_chinese(text) and not NOT_PRINTED.search(text)
    ]


def is_chinese(text: str) -> bool:
    """Whether a text is Chinese, perhaps with names in it."""
    return len(CHINESE.findall(text)) > len(re.findall(r"[A-Za-z]+", text))


def noted_in(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The Chinese of a module that a run prints: its tables' headings, and what its figures rest on."""
    for node in ast.walk(tree):
        said: list[ast.AST | None] = []
        if isinstance(node, ast.Yield):
            said = [node.value]
        elif isinstance(node, ast.Call) and name_of(node.func) in ("note", "table"):
            said = [*node.args]
        for one in said:
            text = one and template_of(one)
            if text and CHINESE.search(text):
                yield getattr(one, "lineno", 0), text.removeprefix(">")


def gaps(text: str) -> list[str]:
    return [gap for _, gap, *_ in string.Formatter().parse(text) if gap is not None]


def test_every_text_has_its_chinese() -> None:
    lacking = [text for name in modules() for text in untranslated(name)]
    assert not lacking, "\n".join(lacking)


def test_every_heading_and_note_has_its_english() -> None:
    lacking = [
        f"{name}:{line}: {text}"
        for name in modules()
        for line, text in noted_in(ast.parse((PACKAGE / name).read_text(encoding="utf-8")))
        if text not in ALL["en"]
    ]
    assert not lacking, "\n".join(lacking)


def test_the_collection_finds_what_is_told_in_any_way() -> None:
    tree = ast.parse(
        """
def tell(column):
    "Nothing of this is told."
    what = (f"no {column} here, or" + " none") if column else "is missing"
    report.rows([1], "wrong", remedy=f"Did you mean {column}? Say so")
    raise ValueError("give one of the two")
"""
    )
    assert {text for _, text in told_in(tree)} == {
        "no {} here, or none",
        "is missing",
        "wrong",
        "Did you mean {}? Say so",
        "give one of the two",
    }


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_text_is_found_again_and_none_shadows_another(language: Language) -> None:
    found = {}
    for text, said in ALL[language].items():
        values = [f"Ω{n}" for n in range(len(gaps(text)))]
        if translated(text.format(*values), language) != said.format(*values):
            found[text] = translated(text.format(*values), language)
    assert found == {}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_said_has_the_values_of_the_text(language: Language) -> None:
    said_without = {"Input should be a valid dictionary or instance of {}", "{}, ({}, {})"}
    odd = [
        text
        for text, said in ALL[language].items()
        if text not in said_without and len(gaps(text)) != len(set(gaps(said)) - {""}) + gaps(said).count("")
    ]
    assert odd == []


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("no id", "没有编号"),
        ("row 12, column 经度", "第 12 行,经度 列"),
        ("12 rows: 2, 3 and 10 more", "12 行:第 2, 3 行等,另有 10 行"),
        ("negative capacity, left empty", "capacity 为负数,按空值处理"),
        ("Did you mean gcj02?", "是否想写 gcj02?"),
        ("name {brackets} with 'quotes' of somebody", "name {brackets} with 'quotes' of somebody"),
        ("公园 {0}", "公园 {0}"),
        (". cannot be run yet", ". 暂不能计算"),
        (". 暂不能计算", ". 暂不能计算"),
        ("", ""),
    ],
)
def test_a_text_is_translated_with_the_texts_in_it(text: str, chinese: str) -> None:
    assert translated(text, "zh") == chinese
    assert translated(text, "en") == text


def test_values_stand_where_the_language_has_them() -> None:
    told = "3 of 40 estates have no gate (无出入口数据)"
    assert translated(told, "zh") == "40 个小区中有 3 个没有出入口(无出入口数据)"


def test_a_name_that_is_told_is_used_in_values_too() -> None:
    names = {"公厕": "public toilet"}
    assert translated("公厕", "en", names=names) == "public toilet"
    assert translated("没有公厕图层", "en") == "no layer of public toilets"
    assert translated("没有宠物公厕图层", "en", names=names) == "no layer of 宠物公厕"
    assert translated("覆盖分析没有问公厕", "en", names=names) == "the coverage analysis does not ask public toilet"


PROBLEM = Problem("layers/a.toml", "source.datum", "cannot be used", "utm", "Did you mean wgs84?")
WARNING = Problem("layers/data/a.csv", "rows 2, 3", "no status, counted as existing", severity="warning")


def test_a_problem_is_one_line() -> None:
    assert problem_text(PROBLEM, "zh") == "layers/a.toml,source.datum:不能使用(现为:utm)。是否想写 wgs84?"
    assert problem_text(WARNING, "zh") == "layers/data/a.csv,第 2, 3 行:没有状态,按现状计"
    assert problem_text(PROBLEM, "en") == str(PROBLEM)


def test_an_error_tells_each_of_its_problems() -> None:
    error = DeclarationError("The declarations of 区 cannot be used", [PROBLEM, WARNING])
    assert error_text(error, "en") == str(error)
    assert error_text(error, "zh").splitlines() == [
        "区 的声明文件无法使用:共 1 处问题",
        f"  1. {problem_text(PROBLEM, 'zh')}",
        f"  提示:{problem_text(WARNING, 'zh')}",
    ]


def test_an_error_that_became_text_is_translated_line_by_line() -> None:
    error = DeclarationError("The declarations of 区 cannot be used", [PROBLEM, WARNING])
    assert translated(str(error), "zh").splitlines() == [
        "区 的声明文件无法使用:共 1 处问题",
        "  1. layers/a.toml:source.datum:不能使用(现为:utm)。是否想写 wgs84?",
        "  提示:layers/data/a.csv:第 2, 3 行:没有状态,按现状计",
    ]


@pytest.mark.parametrize(
    "name", ["a: b, column c (given: d) and e more. " * 200, "row " * 5000, "(" * 3000, ": " * 3000]
)
def test_a_name_that_is_made_to_be_slow_or_deep_comes_back(name: str) -> None:
    assert translated(f"{name} does not exist", "zh").endswith("不存在")


def test_an_error_without_problems_is_its_text() -> None:
    assert error_text(MissingError("town.osm does not exist"), "zh") == "town.osm 不存在"
    assert error_text(MissingError("town.osm does not exist"), "en") == "town.osm does not exist"


@pytest.mark.parametrize(
    ("asked", "environment", "language"),
    [
        ("zh", {"QYP_LANG": "en"}, "zh"),
        ("en", {"LANG": "zh_CN.UTF-8"}, "en"),
        (None, {"QYP_LANG": "zh", "LANG": "de_DE.UTF-8"}, "zh"),
        (None, {"QYP_LANG": "en", "LANG": "zh_CN.UTF-8"}, "en"),
        (None, {"LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LANG": "zh_TW"}, "zh"),
        (None, {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        (None, {"LC_MESSAGES": "zh_CN.UTF-8", "LANG": "C"}, "zh"),
        (None, {"LC_ALL": "", "LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
        (None, {"QYP_LANG": "zh_CN.UTF-8"}, "zh"),
    ],
)
def test_the_language_is_that_asked_for_or_that_of_the_locale(
    asked: str | None, environment: dict[str, str], language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("QYP_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language_of(asked) == language


def test_a_language_that_is_not_spoken_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(QypGeoError, match="fr is no language that is spoken here: give zh or en"):
        language_of("fr")
    monkeypatch.setenv("QYP_LANG", "ja")
    with pytest.raises(QypGeoError, match="ja is no language"):
        language_of(None)


def test_no_chinese_of_a_text_that_is_told_no_more() -> None:
    texts = {
        text
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (text := template_of(node))
    }
    texts |= {
        said for path in (PACKAGE / "cli").glob("*.py") for _, said in helps_in(ast.parse(path.read_text("utf-8")))
    }
    texts |= {line for text in texts for line in text.split("\n")}
    parts = {part for text in texts for part in text.split(". ")}  # of some errors the second sentence is what to do
    parts |= {part[:1].lower() + part[1:] for part in parts}
    untold = [text for text in KNOWN if text not in texts | parts and text not in OTHERS]
    assert not untold, "\n".join(untold)


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("How far verified: held against the official text", "核对情况:已与正式文本核对"),
        (
            "no figure of the last run goes by 火星. Names like it: none",
            "上次结果中没有与“火星”有关的数值。相近的名称:无",
        ),
        (
            "QYP_AMAP_KEY is not set in the environment: its value is no key",
            "环境变量 QYP_AMAP_KEY 没有设置:其值不是密钥",
        ),
        (
            "walls and ways: gates 2; too few crossings to rely on, so arterials are crossed at junctions",
            "围墙与通道:gates 2;过街设施太少,不足为据,干路按在交叉口过街计",
        ),
    ],
)
def test_a_text_that_ends_in_another_is_translated_whole(text: str, chinese: str) -> None:
    assert translated(text, "zh") == chinese
