"""Blocks of a sweep on the workers of a Dask cluster: of its own on this machine, or one that is running.

Workers run blocks and send back what is kept of them; this process alone writes. A worker that dies takes nothing with
it but the blocks that it was at, and those are run again elsewhere, to the same bits.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from distributed import Client, Future, KilledWorker, LocalCluster, WorkerPlugin, as_completed, get_worker
from distributed.comm.core import CommClosedError

from sd_covid.engine.lower.free import Free
from sd_covid.engine.run.kernel import thread_count
from sd_covid.engine.simulation import Simulation
from sd_covid.errors import RunError
from sd_covid.policy.sweep.blocks import Block
from sd_covid.policy.sweep.manifest import code_hash
from sd_covid.policy.sweep.work import Done, Work

if TYPE_CHECKING:
    from distributed import Worker

    from sd_covid.model.structure import Model
    from sd_covid.policy.sweep.crew import Runner

AHEAD = 2  # blocks that wait at each thread of a worker, so that none is idle while its results travel
PATIENCE = 10.0  # seconds for a scheduler to answer
ATTEMPTS = 5  # of a block whose workers die
_PLUGIN = "sd-covid sweep"


class Loaded(WorkerPlugin):
    """The model of a sweep, made ready once on each worker, and again on one that is started anew.

    Parameters
    ----------
    model : Model
    opened : Free
        What is settable in it beyond constants.
    work : Work
    """

    name = _PLUGIN

    def __init__(self, model: Model, opened: Free, work: Work) -> None:
        self.model, self.opened, self.work, self.code = model, opened, work, code_hash()

    def setup(self, worker: Worker) -> None:
        """Lower the model.

        Raises
        ------
        RunError
            When the worker runs another version of this program.
        """
        if code_hash() != self.code:
            raise RunError(
                f"the worker {worker.address} runs another version of sd-covid",
                advice="install the same on all workers",
            )
        self.simulation = Simulation(self.model, self.opened)
        self.threads = worker.state.nthreads
        self.alone = threading.Lock()  # one block at a time, on all threads of the worker

    def run(self, block: Block) -> Done:
        """What a block comes to."""
        with self.alone:
            return self.work.run(self.simulation, block, self.threads)


def _run(block: Block) -> Done:
    """Run a block on the worker where this is called."""
    plugin = get_worker().plugins[_PLUGIN]
    assert isinstance(plugin, Loaded)
    return plugin.run(block)


@contextmanager
def cluster(scheduler: str | None, workers: int | None) -> Iterator[Runner]:
    """A cluster to run blocks on.

    Parameters
    ----------
    scheduler : str or None
        Address of a scheduler that is running, such as ``tcp://host:8786``.
    workers : int or None
        Without one: so many processes of this machine, which share its processors evenly.

    Yields
    ------
    Runner

    Raises
    ------
    RunError
        When the scheduler does not answer.
    """
    if scheduler is not None:
        with _client(scheduler) as client:
            yield Spread(client)
        return
    count = workers or 1
    each = max(1, thread_count() // count)
    with (
        LocalCluster(
            n_workers=count,
            threads_per_worker=each,
            processes=True,
            dashboard_address=None,
            silence_logs=logging.ERROR,
        ) as local,
        Client(local) as client,
    ):
        yield Spread(client)


def _client(address: str) -> Client:
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is told in one line of ours
    try:
        return Client(address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise RunError(
            f"the scheduler {address} does not answer",
            advice="start it with 'dask scheduler', and see its address",
        ) from error


class Spread:
    """Blocks spread over the workers of a client's cluster.

    Parameters
    ----------
    client : Client
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._tries: dict[str, int] = {}
        self._loaded: Work | None = None

    def __call__(self, simulation: Simulation, work: Work, blocks: Iterator[Block]) -> Iterator[Done]:
        """What each block comes to, as it is done.

        Raises
        ------
        RunError
            When there is no worker, blocks keep losing theirs, or the scheduler is gone.
        """
        try:
            yield from self._spread(simulation, work, blocks)
        except (CommClosedError, CancelledError, TimeoutError) as error:
            raise RunError(
                "the scheduler no longer answers", advice="start it anew, or leave it out; then add --resume"
            ) from error

    def _spread(self, simulation: Simulation, work: Work, blocks: Iterator[Block]) -> Iterator[Done]:
        """Hand out blocks, and take them back as they are done."""
        threads = sum(self._client.nthreads().values())
        if not threads:
            raise RunError("the scheduler has no workers", advice="start some with 'dask worker ADDRESS'")
        if self._loaded is not work:
            self._client.register_plugin(Loaded(simulation.model, simulation.opened, work))
            self._loaded = work
        waiting = as_completed()
        given: dict[Any, Block] = {}
        for block in itertools.islice(blocks, (1 + AHEAD) * threads):
            self._give(block, waiting, given)
        for future in waiting:
            block = given.pop(future.key)
            try:
                done = future.result()
            except KilledWorker as error:
                self._again(block, error)
                self._give(block, waiting, given)
                continue
            for following in itertools.islice(blocks, 1):
                self._give(following, waiting, given)
            future.release()
            yield done

    def _give(self, block: Block, waiting: Any, given: dict[Any, Block]) -> None:
        """Hand a block to the scheduler."""
        name = f"block {block.variant} {block.number}"
        future: Future[Done] = self._client.submit(
            _run, block, key=f"{name} {self._tries.get(name, 0)}", pure=False
        )
        given[future.key] = block
        waiting.add(future)

    def _again(self, block: Block, error: KilledWorker) -> None:
        """Count a block whose workers died."""
        name = f"block {block.variant} {block.number}"
        self._tries[name] = self._tries.get(name, 0) + 1
        if self._tries[name] == ATTEMPTS:
            raise RunError(
                f"workers keep dying at block {block.number} of a scenario",
                advice="give workers more memory, or the sweep smaller blocks; then add --resume",
            ) from error
