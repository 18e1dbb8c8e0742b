"""Standards as data: what each clause says, how far it is verified, and what it asks of a living circle."""

from __future__ import annotations

from qyp_geo.standards.figures import Figure, parse_value
from qyp_geo.standards.kinds import Kind, TagTest, kind_named, kinds, kinds_of, osm_filter
from qyp_geo.standards.profiles import Profile, load_profile, profile_ids
from qyp_geo.standards.requirements import Requirement, RequirementSet, requirement_sets, requirements
from qyp_geo.standards.rules import Effect, Reach, Rule, Strength, strengths

__all__ = [
    "Effect",
    "Figure",
    "Kind",
    "Profile",
    "Reach",
    "Requirement",
    "RequirementSet",
    "Rule",
    "Strength",
    "TagTest",
    "kind_named",
    "kinds",
    "kinds_of",
    "load_profile",
    "osm_filter",
    "parse_value",
    "profile_ids",
    "requirement_sets",
    "requirements",
    "strengths",
]
