"""Who does the work: this process, a local cluster, or the workers of a scheduler."""

from __future__ import annotations

import contextlib
import logging
import os
import platform
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from qyp_geo import __version__
from qyp_geo.errors import MissingError, QypGeoError

HERE: Final = "here"
"""Instead of a scheduler's address: no workers, all is done in this process."""
_INSTALL: Final = 'pip install "qyp-geo[dask]"'
_ANSWERS_WITHIN_S: Final = 5
_PACKAGES: Final = ("dask", "distributed", "numpy", "pandas", "geopandas", "shapely", "pyarrow", "numba")
T = TypeVar("T")
R = TypeVar("R")


class Workers(Protocol):
    """Does one thing for each of many items.

    Attributes
    ----------
    described
        Who they are, in a reader's words.
    """

    described: str

    def each(self, task: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R | QypGeoError]]:
        """Yield each item with what the task returned, as they are done; an error where its workers were lost every time.

        What a task raises is raised here.
        """


class _Here:
    def __init__(self, described: str) -> None:
        self.described = described

    def each(self, task: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R | QypGeoError]]:
        return ((item, task(item)) for item in items)


class _Cluster:
    def __init__(self, client: Any, described: str) -> None:
        self._client = client
        self.described = described

    def each(self, task: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R | QypGeoError]]:
        from distributed import KilledWorker, as_completed  # noqa: PLC0415  (an extra)

        item_of = {self._client.submit(task, item, pure=False): item for item in items}
        for future in as_completed(list(item_of), loop=self._client.loop):
            item = item_of.pop(future)
            try:
                yield item, future.result()
            except KilledWorker:
                yield (
                    item,
                    QypGeoError("every worker that took it was lost: most often it needs more memory than they have"),
                )
            future.release()


@contextmanager
def open_workers(scheduler: str | None = None) -> Iterator[Workers]:
    """Give workers, and let them go afterwards.

    Parameters
    ----------
    scheduler
        The address of a Dask scheduler (``tcp://…``), whose workers see the same folders under the same paths; `HERE`; or None
        for a cluster on this machine, one single-threaded worker per processor, and this process where dask is not installed.

    Raises
    ------
    MissingError
        A scheduler is given, and dask is not installed.
    QypGeoError
        The scheduler does not answer, has no workers, or these have other versions than this process.
    """
    if scheduler == HERE:
        yield _Here("本进程")
    elif find_spec("distributed") is None:
        if scheduler is not None:
            raise MissingError(f"--scheduler needs dask, which is not installed: {_INSTALL}")
        yield _Here(f"本进程(未安装 dask;{_INSTALL} 后各处理器同时计算)")
    elif scheduler is None:
        with _local_cluster() as (client, n_workers):
            yield _Cluster(client, f"本机 {n_workers} 个工作进程")
    else:
        with _connected(scheduler) as client:
            _require_same(client, scheduler)
            yield _Cluster(client, f"调度器 {scheduler}")


@contextmanager
def _local_cluster() -> Iterator[tuple[Any, int]]:
    from distributed import Client, LocalCluster  # noqa: PLC0415  (an extra)

    n_workers = os.cpu_count() or 1
    with (
        LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # None would take the one port that another cluster may have
            scheduler_kwargs={"dashboard": False},
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client, n_workers


@contextmanager
def _connected(scheduler: str) -> Iterator[Any]:
    from distributed import Client  # noqa: PLC0415  (an extra)

    try:
        client = Client(scheduler, timeout=_ANSWERS_WITHIN_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:  # no answer in time, no address, none of its kind
        raise QypGeoError(
            f"no scheduler answers at {scheduler} ({type(error).__name__}). Start one with: dask scheduler; "
            "and give the address that it prints, such as tcp://10.0.0.1:8786"
        ) from error
    with client:
        yield client


def versions() -> dict[str, str]:
    """Return the versions that this process runs with."""
    found = {"qyp-geo": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _require_same(client: Any, scheduler: str) -> None:
    """Raise unless the scheduler has workers, all with the versions of this process; others may give other figures."""
    if not client.scheduler_info(n_workers=-1)["workers"]:
        raise QypGeoError(
            f"the scheduler at {scheduler} has no workers. Start some with: dask worker {scheduler} --nthreads 1"
        )
    answers = client.run(versions, on_error="return")
    ours = versions()
    told = []
    for worker, theirs in sorted(answers.items()):
        if isinstance(theirs, BaseException):
            told.append(f"{worker}: qyp-geo cannot be used there ({type(theirs).__name__}: {theirs})")
            continue
        differ = [f"{name} {theirs.get(name, 'none')}" for name in ours if theirs.get(name) != ours[name]]
        if differ:
            here = ", ".join(f"{name} {ours[name]}" for name in ours if theirs.get(name) != ours[name])
            told.append(f"{worker}: {', '.join(differ)} (here: {here})")
    if told:
        raise QypGeoError(
            f"the workers of {scheduler} run other versions than this process, and could give other figures:\n  "
            + "\n  ".join(told)
            + "\nInstall the same on all of them, such as with: pip install -c constraints.txt ."
        )


def require_shared(workers: Workers, folder: Path) -> None:
    """Raise unless a folder can be seen by the workers, under the same path."""
    for _, seen in workers.each(Path.is_dir, [folder.resolve()]):
        if seen is not True:
            raise QypGeoError(
                f"the workers do not see {folder}: put it where all of them can read and write it under this path"
            )
