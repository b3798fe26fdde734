import argparse


def make_arg_parser(parser):
    for name in ("--model", "--served-model-name", "--host", "--quantization"):
        parser.add_argument(name)
    for name in ("--port", "--max-model-len", "--max-num-seqs", "--max-num-batched-tokens"):
        parser.add_argument(name, type=int)
    for name in ("--tensor-parallel-size", "--kv-cache-memory-bytes"):
        parser.add_argument(name, type=int)
    parser.add_argument("--gpu-memory-utilization", type=float)
    switches = ("--enable-prefix-caching", "--enable-prompt-tokens-details")
    for name in (*switches, "--enable-chunked-prefill"):
        parser.add_argument(name, action=argparse.BooleanOptionalAction)
    parser.add_argument("--disable-uvicorn-access-log", action="store_true")
    return parser
