"""Tiles on workers: two single-threaded workers against one, and what a province and the country would take.

Run it on a quiet machine, with the extra `dask`, in the checkout::

    python tests/benchmarks/tiles.py --streets ../shared/data/wuhan_streets.parquet [--homes 800000] [--write PAGE]

It prints Markdown; `--write docs/benchmarks.md` puts that at the end of a page, in place of what it put there before. The
streets are cut into tiles of `--tile-m`; each home asks for its nearest of 2,000 shops and counts those within 1,000 m. Take
so many homes that one worker needs about a minute. Every figure is from one run; each worker does one tile before, which is
not counted.
"""

from __future__ import annotations

import argparse
import platform
import resource
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from distributed import Client, LocalCluster

from qyp_geo.tiles import Job, Question, Tile, answer_tile, store, tiles_of
from qyp_geo.tiles.workers import _Cluster

_MARKS = ("<!-- tiles: begin -->", "<!-- tiles: end -->")
_SCALES = {"province": 10_000_000, "country": 100_000_000}


def job_of(folder: Path, streets: gpd.GeoDataFrame, n_homes: int, tile_m: float) -> Job:
    """Homes and shops beside streets picked at random."""
    rng = np.random.default_rng(0)

    def beside(n: int) -> gpd.GeoDataFrame:
        line = streets.geometry.to_numpy()[rng.integers(0, len(streets), n)]
        on = shapely.get_coordinates(shapely.line_interpolate_point(line, rng.random(n), normalized=True))
        ids = np.arange(n).astype(str)
        return gpd.GeoDataFrame({"id": ids}, geometry=shapely.points(on + rng.normal(0, 20, on.shape)), crs=streets.crs)

    return Job(
        store([streets[["geometry"]]], folder / "streets").folder,
        store([beside(n_homes)], folder / "homes").folder,
        {"shop": store([beside(2000)], folder / "shops").folder},
        Question(1000.0, tile_m=tile_m),
        folder / "answers",
    )


def measured(job: Job, tile: Tile) -> tuple[float, int]:
    """Do a tile; return its seconds and the most memory that this process has held, in bytes."""
    began = time.perf_counter()
    answer_tile(job, tile)
    return time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def with_workers(job: Job, n_workers: int, tiles: list[Tile]) -> tuple[float, list[tuple[float, int]]]:
    """Seconds for all tiles, and what each took, with some single-threaded workers."""
    job.answers.mkdir(exist_ok=True)
    with (
        LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        Client(cluster) as client,
    ):
        client.run(answer_tile, job, tiles[0])  # loads the compiled searches
        workers = _Cluster(client, "")
        began = time.perf_counter()
        each = [found for _, found in workers.each(Measured(job), tiles) if isinstance(found, tuple)]
        return time.perf_counter() - began, each


class Measured:
    """`measured` for one job, as a task that can be sent."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def __call__(self, tile: Tile) -> tuple[float, int]:
        return measured(self.job, tile)


def report(args: argparse.Namespace, folder: Path) -> str:
    """Measure, and say it in Markdown."""
    streets = gpd.read_parquet(args.streets)
    began = time.perf_counter()
    job = job_of(folder, streets, args.homes, args.tile_m)
    stored_s = time.perf_counter() - began
    tiles = tiles_of(job)
    one_s, each = with_workers(job, 1, tiles)
    two_s, _ = with_workers(job, 2, tiles)
    seconds, memory = np.array(each).T
    n_nodes = len(np.unique(shapely.get_coordinates(shapely.boundary(streets.geometry.to_numpy())), axis=0))
    ratio = one_s / two_s
    lines = [
        "## Beyond one machine",
        "",
        f"{len(streets):,} street lines, {n_nodes:,} nodes, {args.homes:,} homes, 2,000 shops, 1,000 m, "
        f"{len(tiles)} tiles of {args.tile_m:g} m with a halo of {job.question.street_halo_m:g} m; "
        f"Python {platform.python_version()}.",
        "",
        "| | measured | wanted |",
        "|---|---|---|",
        f"| sorting and storing all three frames, s | {stored_s:.1f} | – |",
        f"| one single-threaded worker, s | {one_s:.1f} | about 60 |",
        f"| two single-threaded workers, s | {two_s:.1f} | – |",
        f"| gain | {ratio:.2f} × | ≥ 1.7 × ({'met' if ratio >= 1.7 else 'missed'}) |",
        f"| a tile, s: mean / most | {seconds.mean():.2f} / {seconds.max():.2f} | – |",
        f"| memory of a worker at most, MB | {memory.max() / 1e6:.0f} | – |",
        "",
        "Not measured but reckoned from these: at the same density, homes per node and tile size, seconds = seconds of one "
        "worker × nodes / nodes measured; the memory of a worker stays that of a tile.",
        "",
        "| | nodes | tiles | one worker, h | 16 workers, h | memory of a worker, MB |",
        "|---|---|---|---|---|---|",
    ]
    for name, nodes in _SCALES.items():
        factor = nodes / n_nodes
        hours = one_s * factor / 3600
        lines.append(
            f"| {name} | {nodes:,} | {len(tiles)} × {factor:,.0f} = {len(tiles) * factor:,.0f} | "
            f"{one_s:.1f} s × {factor:,.0f} / 3600 = {hours:.1f} | {hours / 16:.1f} | {memory.max() / 1e6:.0f} |"
        )
    return "\n".join(lines)


def write(text: str, page: Path) -> None:
    """Put a text at the end of a page, in place of what was put there before."""
    before = page.read_text(encoding="utf-8") if page.exists() else ""
    kept = before.split(_MARKS[0])[0].rstrip()
    page.write_text(f"{kept}\n\n{_MARKS[0]}\n{text}\n{_MARKS[1]}\n".lstrip(), encoding="utf-8", newline="\n")


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--streets", type=Path, required=True)
    parser.add_argument("--homes", type=int, default=800_000)
    parser.add_argument("--tile-m", type=float, default=10_000.0)
    parser.add_argument("--write", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = report(args, Path(folder))
    print(text)  # noqa: T201  (what the script is for)
    if args.write:
        write(text, args.write)


if __name__ == "__main__":
    main()
