"""Standards profiles: those in the package, and what a district adds or overrides in ``analyses/standards/``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qyp_geo.errors import DeclarationError, MissingError, Problem, did_you_mean
from qyp_geo.records import read_toml
from qyp_geo.standards.packaged import FOLDER
from qyp_geo.standards.rules import Rule
from qyp_geo.standards.verified import VERIFIED_FILE, Check, read_checks

# Ours to add to a row without touching what its source says.
_ADDITIONS = frozenset({"kind", "applies_to", "parts", "cited"})
_NOT_TO_WRITE = frozenset({"profile", "code", "verified"})
_NOT_TO_WRITE_LOCALLY = frozenset({"confidence"})
# What pydantic says in a programmer's words; the remedy follows the full stop.
_SAID_BETTER = {
    "missing": "is missing. A new one needs it; a rule that overrides another bears its id",
    "tuple_type": "must be a list. Tables of a list are headed [[rule]], with two brackets",
}
_RULE_KEYS = frozenset(Rule.model_fields) - _NOT_TO_WRITE


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """The rules of one standard, or of a district's own document that extends one.

    Parameters
    ----------
    id
        What ``standard = "…"`` names.
    title, code
        The document's title, and how it is cited.
    lineage
        This profile and those it extends, nearest first.
    rules
        Every rule by id, the district's overrides applied.
    elsewhere
        Every rule of the packaged profiles by id: what this profile leaves to another standard is looked up here.
    """

    id: str
    title: str
    code: str
    lineage: tuple[str, ...]
    rules: Mapping[str, Rule] = field(repr=False)
    elsewhere: Mapping[str, Rule] = field(repr=False)

    def rule(self, rule_id: str) -> Rule:
        """The rule of that id, from another packaged standard where this profile has none.

        Raises
        ------
        MissingError
            If no profile has it.
        """
        found = self.rules.get(rule_id) or self.elsewhere.get(rule_id)
        if found is None:
            raise MissingError(f"no rule is called {rule_id!r}. {did_you_mean(rule_id, self.rules)}")
        return found

    @property
    def not_computable(self) -> tuple[Rule, ...]:
        """The rules whose value cannot be read as figures, each with its reason in `Rule.computable`."""
        return tuple(rule for rule in self.rules.values() if rule.computable)


class _ProfileText(BaseModel):
    """One profile as its file has it, its rules not yet merged with those it extends."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1)
    code: str = ""
    source: str = ""
    extends: str = ""
    rule: tuple[dict[str, Any], ...] = ()


def profile_ids(folder: Path | None = None) -> tuple[str, ...]:
    """The profiles that can be named: those of the package and those of a district's standards folder.

    Parameters
    ----------
    folder
        The district's ``analyses/standards/``; it need not exist.
    """
    local = sorted(path.stem for path in folder.glob("*.toml")) if folder else []
    return (*_packaged_texts(), *(one for one in local if one not in _packaged_texts()))


def load_profile(profile_id: str, folder: Path | None = None) -> Profile:
    """One profile, with the district's own rules, overrides and verifications.

    Parameters
    ----------
    profile_id
        One of `profile_ids`: a packaged profile, or the name of a TOML file in `folder` without its suffix.
    folder
        The district's ``analyses/standards/``; it need not exist. A file there has `title` and, if it wants, `code`
        (how it is cited), `extends` (a profile) and ``[[rule]]`` tables: one with an id of the extended profile
        overrides the keys it names, another is a new rule. ``verified.csv`` lifts 未核.

    Raises
    ------
    DeclarationError
        With everything that is wrong in the folder, whichever profile was asked for.
    MissingError
        If there is no such profile; the message names the nearest.
    """
    profiles = load_profiles(folder)
    if profile_id not in profiles:
        raise MissingError(f"no standards profile is called {profile_id!r}. {did_you_mean(profile_id, profiles)}")
    return profiles[profile_id]


def load_profiles(folder: Path | None = None) -> Mapping[str, Profile]:
    """Every profile by its id, the packaged ones first; parameters and errors are those of `load_profile`."""
    return _load_folder(folder) if folder is not None and folder.is_dir() else _packaged_profiles()


def stated_rules(folder: Path | None = None) -> Iterator[tuple[Profile, Rule]]:
    """Every rule once for each profile that states its figures, with that profile.

    A rule that a district overrides comes twice: as its standard has it, and as the district's own document has it.
    """
    for profile in load_profiles(folder).values():
        for rule in profile.rules.values():
            if rule.profile == profile.id:
                yield profile, rule


@cache
def _packaged_texts() -> Mapping[str, _ProfileText]:
    sources = sorted((FOLDER / "profiles").iterdir(), key=lambda one: one.name)
    return MappingProxyType(
        {
            source.name.removesuffix(".toml"): _ProfileText.model_validate(tomllib.loads(source.read_text("utf-8")))
            for source in sources
        }
    )


@cache
def _packaged_profiles() -> Mapping[str, Profile]:
    return MappingProxyType(_assemble(_packaged_texts(), files={}, checks=(), problems=[]))


def _load_folder(folder: Path) -> Mapping[str, Profile]:
    """Every profile, the package's and the folder's, or one error with all that is wrong in the folder."""
    problems: list[Problem] = []
    texts = dict(_packaged_texts())
    files = {}
    for path in sorted(folder.glob("*.toml")):
        shown = f"{folder.parent.name}/{folder.name}/{path.name}"
        if path.stem in texts:
            remedy = f'Give the file another name and write extends = "{path.stem}" in it'
            problems.append(Problem(shown, "", "a packaged profile has this name already", path.stem, remedy))
            continue
        files[path.stem] = shown
        if (text := _read_text(path, shown, problems)) is not None:
            texts[path.stem] = text
    checks, rows = read_checks(folder / VERIFIED_FILE, f"{folder.parent.name}/{folder.name}/{VERIFIED_FILE}")
    problems += rows
    profiles = _assemble(texts, files=files, checks=checks, problems=problems)
    problems += _idle_checks(checks, profiles)
    if problems:
        raise DeclarationError("standards of the district", problems)
    return profiles


def _read_text(path: Path, shown: str, problems: list[Problem]) -> _ProfileText | None:
    """One local file, None where it cannot be read; what is wrong goes to `problems`."""
    raw, unread = read_toml(path, shown)
    problems += unread
    if raw is None:
        return None
    try:
        text = _ProfileText.model_validate(raw)
    except ValidationError as error:
        problems += _problems_of(error, shown, place="", known=_ProfileText.model_fields)
        return None
    problems += _rule_keys(text, shown)
    return text


def _rule_keys(text: _ProfileText, shown: str) -> Iterator[Problem]:
    """What is wrong with the keys of a local profile's rules, whatever they extend."""
    seen: set[str] = set()
    for number, rule in enumerate(text.rule, start=1):
        rule_id = rule.get("id")
        if not isinstance(rule_id, str) or not rule_id:
            yield Problem(shown, f"rule {number}", "has no id", str(rule_id or ""), 'Write id = "…"')
            continue
        if rule_id in seen:
            yield Problem(shown, f"rule {rule_id}", "occurs twice", "", "Keep one")
        seen.add(rule_id)
        for key in sorted(rule.keys() - _RULE_KEYS):
            yield Problem(shown, f"rule {rule_id}, {key}", "unknown key", "", did_you_mean(key, _RULE_KEYS))
        for key in sorted(rule.keys() & _NOT_TO_WRITE_LOCALLY):
            remedy = f"A line in {VERIFIED_FILE} lifts 未核"
            yield Problem(shown, f"rule {rule_id}, {key}", "is not for a district to declare", str(rule[key]), remedy)


def _assemble(
    texts: Mapping[str, _ProfileText],
    *,
    files: Mapping[str, str],
    checks: Sequence[Check],
    problems: list[Problem],
) -> dict[str, Profile]:
    """Every profile, the packaged ones first; what is wrong with the others goes to `problems`.

    `files` tells the file of each local profile; `checks` are the lines of ``verified.csv``.
    """
    elsewhere: dict[str, Rule] = {}
    everywhere = MappingProxyType(elsewhere)
    profiles: dict[str, Profile] = {}
    for profile_id, text in texts.items():
        lineage = _lineage(profile_id, texts, files, problems)
        if lineage is None:
            continue
        rows = _merged(lineage, texts, files)
        for row in rows.values():
            names = (row["profile"], row["code"], texts[row["profile"]].source)
            checked = any(check.covers(row["id"], *names) for check in checks)
            row["verified"] = row["confidence"] == "V1" or checked
        if profile_id in files:
            rules = _read_rules(rows, profile_id, text, files[profile_id], problems)
        else:
            rules = {rule_id: Rule.model_validate(row) for rule_id, row in rows.items()}
            elsewhere.update(rules)
        code = text.code or text.title
        profiles[profile_id] = Profile(profile_id, text.title, code, lineage, MappingProxyType(rules), everywhere)
    return profiles


def _read_rules(
    rows: Mapping[str, dict[str, Any]], profile_id: str, text: _ProfileText, shown: str, problems: list[Problem]
) -> dict[str, Rule]:
    """The sound rules of a local profile; what is wrong with those it wrote itself goes to `problems`."""
    own = [raw.get("id") for raw in text.rule]
    rules = {}
    for rule_id, row in rows.items():
        place = f"rule {rule_id}"
        try:
            rule = Rule.model_validate(row)
        except ValidationError as error:
            # What an ancestor has wrong is reported with the ancestor.
            if rule_id in own:
                problems += _problems_of(error, shown, place=place, known=_RULE_KEYS)
            continue
        rules[rule_id] = rule
        if rule.profile == profile_id and rule.value and rule.computable:
            remedy = 'Write figures, such as "500", "800-1000" or ">=70"'
            problems.append(Problem(shown, f"{place}, value", "cannot be read as figures", rule.value, remedy))
    return rules


def _lineage(
    profile_id: str, texts: Mapping[str, _ProfileText], files: Mapping[str, str], problems: list[Problem]
) -> tuple[str, ...] | None:
    """The profile and those it extends; None, and a problem, where that ends nowhere or turns back."""
    lineage = [profile_id]
    while base := texts[lineage[-1]].extends:
        if base in lineage:
            if base == profile_id:
                way = " → ".join([*lineage, base])
                problems.append(Problem(files[profile_id], "extends", "turns back on itself", way, "Break the circle"))
            return None
        if base not in texts:
            if len(lineage) == 1 and base not in files:
                remedy = did_you_mean(base, texts.keys() - {profile_id})
                problems.append(Problem(files[profile_id], "extends", "no such profile", base, remedy))
            return None
        lineage.append(base)
    return tuple(lineage)


def _merged(
    lineage: Sequence[str], texts: Mapping[str, _ProfileText], files: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """The rows of a profile by rule, each laid over what the profiles it extends say of it."""
    rows: dict[str, dict[str, Any]] = {}
    for profile_id in reversed(lineage):
        text = texts[profile_id]
        for raw in text.rule:
            rule_id = raw.get("id")
            if not isinstance(rule_id, str):
                continue
            written = {key: value for key, value in raw.items() if key in _RULE_KEYS}
            base = rows.get(rule_id, {})
            only_additions = base and written.keys() - _ADDITIONS <= {"id"}
            if not only_additions:
                if profile_id in files:
                    # The district says something else than the source: neither clause nor confidence vouches for it.
                    written = {"clause": "", "cited": "", "evidence": "", **written, "confidence": "local"}
                written |= {"profile": profile_id, "code": text.code or text.title}
            rows[rule_id] = base | written
    return rows


def _problems_of(error: ValidationError, shown: str, *, place: str, known: Iterable[str]) -> Iterator[Problem]:
    """What pydantic found, as problems of a file."""
    for one in error.errors(include_url=False):
        key = ".".join(str(part) for part in one["loc"])
        where = ", ".join(part for part in (place, key) if part)
        given = "" if one["type"] == "missing" or isinstance(one["input"], dict) else str(one["input"])
        if one["type"] == "extra_forbidden":
            yield Problem(shown, where, "unknown key", given, did_you_mean(key, known))
            continue
        what, _, remedy = _SAID_BETTER.get(one["type"], str(one.get("ctx", {}).get("error", one["msg"]))).partition(
            ". "
        )
        yield Problem(shown, where, what[:1].lower() + what[1:], given, remedy)


def _idle_checks(checks: Sequence[Check], profiles: Mapping[str, Profile]) -> Iterator[Problem]:
    """Lines of ``verified.csv`` that lift nothing: their rule is unknown, or known in other editions only."""
    rules = [rule for profile in profiles.values() for rule in profile.rules.values()]
    for check in checks:
        editions = {rule.code for rule in rules if rule.id == check.rule}
        if not editions:
            remedy = did_you_mean(check.rule, {rule.id for rule in rules})
            yield Problem(check.file, f"row {check.row}, rule", "no profile has this rule", check.rule, remedy)
        elif not any(rule.verified for rule in rules if rule.id == check.rule):
            remedy = f"This rule is in {'; '.join(sorted(editions))}"
            yield Problem(check.file, f"row {check.row}, edition", "not the rule's edition", check.edition, remedy)
