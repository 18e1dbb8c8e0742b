"""Where next: sites chosen on walks and weights, each answer with its proof."""

from qyp_geo.locate.centre import shortest_worst_walk
from qyp_geo.locate.coverage import fewest_sites, maximise_coverage
from qyp_geo.locate.median import shortest_walks
from qyp_geo.locate.plan import Plan

__all__ = ["Plan", "fewest_sites", "maximise_coverage", "shortest_walks", "shortest_worst_walk"]
