"""The generator of the sample district (示意数据): plausible, deterministic, and following the published facts.

No open street extract of 青云谱 exists to ship. What is public is followed: the extent, the metro stations, the lakes, the main
roads, the numbers of units and facilities, the zones in the plan's words. Everything else is invented, and says 示意.
"""
