"""All tiles of a job: those that are not finished yet are done, each by one worker."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from qyp_geo.errors import QypGeoError
from qyp_geo.tiles.tile import Job, answer_tile, tiles_of
from qyp_geo.tiles.workers import Workers, require_shared


def run_tiles(job: Job, workers: Workers, *, progress: Callable[[str], None] = lambda _: None) -> list[Path]:
    """Answer a question tile by tile; the answers stay where they are written.

    A tile whose file is there is finished: a run that was killed goes on from there.

    Parameters
    ----------
    job
        The question, and the folder of its answers, which is made if need be. Each job needs a folder of its own: what is
        there is taken for its answers.
    workers
        Who does the work (`open_workers`). What a worker that is lost was doing is done again by another.
    progress
        Is told how many tiles are finished.

    Returns
    -------
    The files of the answers, by column and row of their tiles.

    Raises
    ------
    QypGeoError
        The workers do not see the folder, or a tile could not be done because its workers were lost time and again.
    """
    job.answers.mkdir(parents=True, exist_ok=True)
    require_shared(workers, job.answers)
    for half_written in job.answers.glob(".*.part"):
        half_written.unlink()
    tiles = tiles_of(job)
    waiting = [tile for tile in tiles if not job.file(tile).exists()]
    n_done = len(tiles) - len(waiting)
    progress(f"{n_done} / {len(tiles)}")
    for tile, lost in workers.each(partial(answer_tile, job), waiting):
        if isinstance(lost, QypGeoError):
            raise QypGeoError(f"tile {tile.name} could not be done: {lost}. Choose a smaller tile_m") from lost
        n_done += 1
        progress(f"{n_done} / {len(tiles)}")
    return [job.file(tile) for tile in sorted(tiles)]
