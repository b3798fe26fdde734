"""Ray's vLLM engine processor over a dataset without end, whose rows are requests as they come."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ...errors import ClusterError
from ...models.chat_request import BadRequest
from ...models.vllm.options import check_names
from ...models.vllm.server import CPU_SEQUENCES, Wanted
from .processor_rows import Prompts, completion_of, fault_of, row_of

__all__ = ["Engines", "answers", "place"]

INSTALL = "pip install 'silversmith[ray-llm]'"
READERS = 2
"""So many tasks hand requests on; each makes tokens of them as well."""

CPUS = 0.1
"""What a task or an engine on the CPU asks of Ray: nearly nothing, since the workers' places and
the engines' threads are counted elsewhere."""

CPU_CACHE = 2**30


@dataclass(frozen=True)
class Engines:
    """A model's processor.

    Attributes:
        processor: Ray's.
        wanted: the model.
        places: how many requests all its replicas work on at once.
        said: which vLLM it is, and where it computes, in words.
    """

    processor: Any
    wanted: Wanted
    places: int
    said: str


def place(wanted: Wanted, gpus: int) -> Engines:
    """The processor for a model; its engines are placed once `answers` are taken from it.

    Args:
        wanted: the model.
        gpus: how many of the cluster's GPUs it may have; 0 runs it on the CPU.

    Raises:
        ClusterError: vLLM is missing, the weights are not there, or the GPUs are too few.
        RecipeError: the engine has no such option.
    """
    if importlib.util.find_spec("vllm") is None:
        raise ClusterError(
            f"model {wanted.name} is to be run by ray.data.llm, and there is no vLLM in the"
            f" environment that Ray was started from: {INSTALL} there, on all machines"
        )
    import ray.data.llm
    import vllm

    if wanted.weights.startswith("/") and not Path(wanted.weights).is_dir():
        raise ClusterError(
            f"model {wanted.name} has its weights in {wanted.weights}, which is not there: put"
            " them at the same place on all machines"
        )
    known = {name: (name,) for name in vllm.AsyncEngineArgs.__dataclass_fields__}
    check_names(wanted.engine, known, vllm.__version__)
    passed = _configs(wanted.engine.passed, vllm)
    together = passed.get("tensor_parallel_size", 1) * passed.get("pipeline_parallel_size", 1)
    replicas = wanted.engine.replicas or max(1, gpus // together)
    if gpus and replicas * together > gpus:
        raise ClusterError(
            f"model {wanted.name} wants {replicas} replicas of {together} GPUs, and there"
            f" are {gpus} for it: choose fewer, or a smaller tensor_parallel_size"
        )
    own: dict[str, Any] = {"max_num_seqs": wanted.places}
    placing: dict[str, Any] = {}
    if not gpus:
        own = _on_cpu(wanted)
        placing = {"placement_group_config": {"bundles": [{"CPU": CPUS}] * together}}
    given = {**own, **passed}
    places = int(given["max_num_seqs"])
    device = f"on {replicas * together} GPUs" if gpus else "on the CPU"
    count = f"{replicas} replicas" if replicas > 1 else "1 replica"
    said = f"vllm {vllm.__version__}, {count} by ray.data.llm {device}"
    environment = {"VLLM_NO_USAGE_STATS": "1"}
    if not gpus:
        environment["VLLM_CPU_OMP_THREADS_BIND"] = "nobind"
    config = ray.data.llm.vLLMEngineProcessorConfig(
        model_source=wanted.weights,
        engine_kwargs=given,
        concurrency=(replicas, replicas),
        # A batch is given back whole, so that of several rows the quick ones would wait.
        batch_size=1,
        max_concurrent_batches=places,
        max_tasks_in_flight_per_actor=places,
        should_continue_on_error=True,
        log_engine_metrics=False,
        runtime_env={"env_vars": environment},
        # The reader makes tokens as vLLM's server does, which knows of no second start token.
        chat_template_stage=False,
        tokenize_stage=False,
        detokenize_stage=False,
        **placing,
    )
    processor = ray.data.llm.build_processor(
        config,
        postprocess=_answered,
        preprocess_map_kwargs={"num_cpus": CPUS},
        postprocess_map_kwargs={"num_cpus": CPUS},
    )
    return Engines(processor, wanted, places * replicas, said)


def answers(engines: Engines, host: Any, round_: int) -> Iterator[tuple[str, int, bytes]]:
    """The requests' ids, with the status and body of what is answered to each, as they come;
    blocks. Ends where `host.take(round_)` gives none any more.

    Args:
        engines: what `place` gave.
        host: the actor `ProcessorHost` that has the requests.
        round_: which dataset of the host's this is.
    """
    import ray.data
    from ray.data import DataContext

    context = DataContext.get_current()
    # A row a block: else rows would wait until they are many megabytes.
    context.target_max_block_size = 1
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    source = _source(engines.wanted, host, round_)
    rows = ray.data.read_datasource(source, override_num_blocks=READERS, num_cpus=CPUS)
    # Nothing is fetched ahead: what comes next may only be asked for after this.
    batches = engines.processor(rows).iter_batches(
        batch_size=None, prefetch_batches=0, batch_format="numpy"
    )
    for batch in batches:
        for number, id_ in enumerate(batch["id"]):
            said = str(batch["__inference_error__"][number])
            if said:
                fault = fault_of(said)
                yield str(id_), fault.status, orjson.dumps(fault.body)
            else:
                yield str(id_), 200, bytes(batch["answer"][number])


def _source(wanted: Wanted, host: Any, round_: int) -> Any:
    """The dataset's source: requests as they come in."""
    from ray.data import Datasource, ReadTask
    from ray.data.block import BlockMetadata

    class Requests(Datasource):  # type: ignore[misc]
        def estimate_inmemory_data_size(self) -> int | None:
            return None

        def get_read_tasks(
            self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
        ) -> list[Any]:
            about = BlockMetadata(num_rows=None, size_bytes=None, exec_stats=None, input_files=None)

            def read() -> Iterator[Any]:
                return _read(wanted, host, round_)

            return [ReadTask(read, about) for _ in range(READERS)]

    return Requests()


def _read(wanted: Wanted, host: Any, round_: int) -> Iterator[Any]:
    """In a reader: a block for each request, until no more come; one that is wrong is answered."""
    import pandas as pd
    import ray
    from ray.exceptions import RayError

    prompts = Prompts(wanted.weights, wanted.engine.passed)
    with suppress(RayError):  # where the host is gone, so is the run
        while (taken := ray.get(host.take.remote(round_))) is not None:
            for id_, body in taken:
                try:
                    row = row_of(body, wanted.model, prompts)
                except BadRequest as fault:
                    host.answer.remote(id_, fault.status, orjson.dumps(fault.body))
                    continue
                yield pd.DataFrame({"id": [id_], **{name: [one] for name, one in row.items()}})


def _answered(row: dict[str, Any]) -> dict[str, Any]:
    """What is left of a row at the end. Rows with an error pass it by."""
    return {"id": row["id"], "answer": orjson.dumps(completion_of(row["asked"], row))}


def _on_cpu(wanted: Wanted) -> dict[str, Any]:
    """Options that an engine on the CPU needs, as in `models.vllm.server`."""
    length = wanted.engine.passed.get("max_model_len")
    return {
        "max_num_seqs": min(wanted.places, CPU_SEQUENCES),
        "enable_chunked_prefill": False,
        "max_num_batched_tokens": max(4096, length if isinstance(length, int) else 4096),
        "kv_cache_memory_bytes": CPU_CACHE,
    }


def _configs(passed: Mapping[str, Any], vllm: Any) -> dict[str, Any]:
    """Options as the engine takes them: some that are mappings in a recipe are objects there."""
    given = dict(passed)
    structured = given.get("structured_outputs_config")
    if isinstance(structured, Mapping):
        given["structured_outputs_config"] = vllm.config.StructuredOutputsConfig(**structured)
    return given
