"""`python -m qyp_geo` is `qyp`."""

from qyp_geo.cli import main

main()
