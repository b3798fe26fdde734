"""A stand-in for vLLM as far as the keeper of a server sees it: its options, its processes and its
end. It answers as the simulated model; the tests in `tests/vllm` are on vLLM itself."""
