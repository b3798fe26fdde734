"""What a recipe says of a model."""

import pytest

from silversmith.errors import RecipeError
from silversmith.models import ModelSpec, Prices
from silversmith.records import Usage


def test_short_form_of_openai():
    spec = ModelSpec.parse("openai/gpt-4o-mini")
    assert (spec.model, spec.base_url, spec.key_variable) == ("gpt-4o-mini", None, "OPENAI_API_KEY")
    assert spec.label == "gpt-4o-mini at api.openai.com"


def test_short_form_of_a_server():
    spec = ModelSpec.parse("http://gpu-7:8000/v1#meta-llama/Llama-3.1-8B#a")
    assert (spec.base_url, spec.model) == ("http://gpu-7:8000/v1", "meta-llama/Llama-3.1-8B#a")
    assert spec.key_variable is None
    assert spec.label == "meta-llama/Llama-3.1-8B#a at gpu-7:8000"


def test_short_form_of_the_simulated_model():
    spec = ModelSpec.parse("simulated")
    assert spec.simulated is not None
    assert (spec.model, spec.label, spec.key_variable) == ("simulated", "simulated", None)


def test_long_form_with_a_short_form_inside():
    spec = ModelSpec.parse({"model": "openai/gpt-4o", "parameters": {"temperature": 1}})
    assert (spec.model, dict(spec.parameters)) == ("gpt-4o", {"temperature": 1})
    assert ModelSpec.parse({"model": "simulated", "concurrency": 3}).simulated is not None
    assert ModelSpec.parse({"simulated": {"flawed": 0.5}}).simulated.flawed == 0.5


def test_a_name_with_a_slash_is_a_name_where_the_address_is_given():
    spec = ModelSpec.parse({"model": "openai/gpt-4o", "base_url": "https://openrouter.ai/api/v1/"})
    assert (spec.model, spec.base_url) == ("openai/gpt-4o", "https://openrouter.ai/api/v1")


def test_what_is_not_set():
    spec = ModelSpec.parse("openai/m")
    assert (spec.concurrency, spec.timeout, spec.retries, spec.send_seed) == (64, 120, 8, False)
    assert spec.prices is None


def test_a_parsed_spec_stays_as_it_is():
    spec = ModelSpec.parse("openai/m")
    assert ModelSpec.parse(spec) is spec


@pytest.mark.parametrize(
    "value", ["gpt-4o", "openai/", "http://host/v1", "", 7, None, ["openai/m"]]
)
def test_anything_else_shows_the_three_forms(value):
    with pytest.raises(RecipeError, match=r"openai/MODEL, http://HOST:PORT/v1#MODEL or simulated"):
        ModelSpec.parse(value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "openai/m", "temprature": 1}, "no option `temprature`"),
        ({"model": "openai/m", "concurency": 1}, "did you mean `concurrency`"),
        ({"model": "openai/m", "temperature": 1}, r"write it as `parameters: \{temperature"),
        ({"model": "openai/m", "api_key": "sk-secret"}, "set `api_key_env`"),
        ({"model": "openai/m", "api_key_env": "sk-secret"}, "not the key itself"),
        ({"model": "openai/m", "concurrency": 0}, "`concurrency`.*greater than or equal to 1"),
        ({"model": "openai/m", "concurrency": 5000}, "`concurrency`.*less than or equal to 4096"),
        ({"model": "openai/m", "timeout": "soon"}, "`timeout`.*valid number"),
        ({"model": "openai/m", "prices": {"input": 1}}, "needs `prices.output`"),
        ({"model": "openai/m", "prices": {"input": -1, "output": 1}}, "`prices.input`"),
        ({"model": "openai/m", "parameters": {"x": object()}}, "do not fit into JSON"),
        ({"concurrency": 3}, "needs `model`"),
        ({"model": "m", "base_url": "localhost:8000"}, "write http://HOST:PORT/v1"),
        ({"model": "m", "base_url": "http://h:99999/v1"}, "write http://HOST:PORT/v1"),
        ({"model": "m", "base_url": "http://a..b/v1"}, "write http://HOST:PORT/v1"),
        ({"model": "m", "base_url": "http://a b/v1"}, "write http://HOST:PORT/v1"),
        ({"model": "m", "base_url": "http://[::1/v1"}, "write http://HOST:PORT/v1"),
        ({"model": "m", "base_url": "http://me:secret@h/v1"}, "holds a password"),
        ({"model": "m", "base_url": "http://h/v1?key=secret"}, "nothing after"),
        ({"model": "m", "base_url": "http://h/v1/chat/completions"}, "without /chat/completions"),
        ({"simulated": {}, "base_url": "http://h/v1"}, "leave one of the two away"),
        ({"model": "openai/m", "send_seed": True, "parameters": {"seed": 1}}, "contradict"),
        ({"simulated": {"flawed": 2}}, "`simulated.flawed`"),
    ],
)
def test_a_wrong_option_is_named(options, words):
    with pytest.raises(RecipeError, match=words) as failure:
        ModelSpec.parse(options)
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize("name", ["messages", "model", "stream", "n", "response_format"])
def test_parameters_that_are_not_the_users(name):
    with pytest.raises(RecipeError, match=f"`{name}` cannot be set here"):
        ModelSpec.parse({"model": "openai/m", "parameters": {name: 1}})


def test_identity_is_what_changes_replies():
    spec = ModelSpec.parse({"model": "openai/m", "parameters": {"temperature": 1}})
    same = ModelSpec.parse(
        {
            "model": "m",
            "base_url": "http://elsewhere/v1",
            "api_key_env": "OTHER",
            "parameters": {"temperature": 1},
            "prices": {"input": 1, "output": 2},
            "concurrency": 1,
            "timeout": 1,
            "retries": 1,
        }
    )
    assert spec.identity() == same.identity()
    for other in (
        {"model": "other", "parameters": {"temperature": 1}},
        {"model": "m", "parameters": {"temperature": 0}},
        {"model": "m", "parameters": {"temperature": 1}, "send_seed": True},
        {"model": "m", "parameters": {"temperature": 1}, "simulated": {}},
    ):
        assert ModelSpec.parse(other).identity() != spec.identity()
    flawed = ModelSpec.parse({"simulated": {"flawed": 0.1}}).identity()
    assert flawed != ModelSpec.parse({"simulated": {"flawed": 0.2}}).identity()


def test_cost_in_dollars():
    usage = Usage(1, input_tokens=1_000_000, output_tokens=500_000, cached_tokens=400_000)
    spec = ModelSpec.parse("openai/m")
    assert spec.cost(usage) is None
    plain = spec.model_copy(update={"prices": Prices(input=2, output=8)})
    assert plain.cost(usage) == pytest.approx(2 + 4)
    cached = spec.model_copy(update={"prices": Prices(input=2, output=8, cached_input=0.5)})
    assert cached.cost(usage) == pytest.approx(0.6 * 2 + 0.4 * 0.5 + 4)
    assert ModelSpec.parse("simulated").cost(usage) == 0


def test_no_text_of_a_spec_shows_a_pasted_key():
    with pytest.raises(ValueError, match="not the key itself") as failure:
        ModelSpec(model="m", api_key_env="sk-secret-0123456789")
    assert "secret" not in str(failure.value)
