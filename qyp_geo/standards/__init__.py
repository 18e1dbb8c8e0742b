"""Standards as data: what each clause says, how far it is verified, and what it asks of a living circle."""

from __future__ import annotations

from qyp_geo.standards.centre_lists import CentreList, CentreService, centre_lists
from qyp_geo.standards.checkup import CheckupItem, checkup_items, checkup_profiles
from qyp_geo.standards.cited import Cited
from qyp_geo.standards.figures import Figure, parse_value
from qyp_geo.standards.kinds import Kind, TagTest, kind_named, kinds, kinds_of, nearest_kind, osm_filter
from qyp_geo.standards.parks import (
    ParkRule,
    PerHeadRule,
    PocketParkRule,
    Target,
    green_per_head_rules,
    park_rules,
    pocket_park_rule,
)
from qyp_geo.standards.plans import Answer, Fact, Plan, PlanFigure, load_plan, plan_ids
from qyp_geo.standards.profiles import Profile, load_profile, profile_ids
from qyp_geo.standards.requirements import Requirement, RequirementSet, requirement_sets, requirements
from qyp_geo.standards.rules import Effect, Reach, Rule, Strength, strengths
from qyp_geo.standards.toilets import (
    ToiletDensityRule,
    ToiletSpacingRule,
    toilet_density_rules,
    toilet_spacing_rules,
)

__all__ = [
    "Answer",
    "CentreList",
    "CentreService",
    "CheckupItem",
    "Cited",
    "Effect",
    "Fact",
    "Figure",
    "Kind",
    "ParkRule",
    "PerHeadRule",
    "Plan",
    "PlanFigure",
    "PocketParkRule",
    "Profile",
    "Reach",
    "Requirement",
    "RequirementSet",
    "Rule",
    "Strength",
    "TagTest",
    "Target",
    "ToiletDensityRule",
    "ToiletSpacingRule",
    "centre_lists",
    "checkup_items",
    "checkup_profiles",
    "green_per_head_rules",
    "kind_named",
    "kinds",
    "kinds_of",
    "load_plan",
    "load_profile",
    "nearest_kind",
    "osm_filter",
    "park_rules",
    "parse_value",
    "plan_ids",
    "pocket_park_rule",
    "profile_ids",
    "requirement_sets",
    "requirements",
    "strengths",
    "toilet_density_rules",
    "toilet_spacing_rules",
]
