"""A server with one child that ignores SIGTERM, as vLLM's engine does: it ends the child when it is
told to end, ends when the child dies, and leaves the child behind when it is killed itself."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from silversmith.models.server import ServerOptions, serve
from vllm.entrypoints.launchers.cli_args import make_arg_parser
from vllm.utils.argparse_utils import FlexibleArgumentParser

ENGINE = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)"


def main() -> None:
    args = make_arg_parser(FlexibleArgumentParser()).parse_args()
    print(f"Starting to load model {args.model}...", flush=True)
    if (Path(args.model) / "broken").exists():
        print("(EngineCore pid=1) ValueError: the weights are of another model", flush=True)
        print("RuntimeError: Engine core initialization failed.", flush=True)
        sys.exit(1)
    engine = subprocess.Popen([sys.executable, "-c", ENGINE])
    Path(args.model, f"engine-{engine.pid}").touch()

    def watch() -> None:
        engine.wait()
        print("EngineDeadError: EngineCore encountered an issue.", flush=True)
        os._exit(1)

    while (Path(args.model) / "slow").exists():
        time.sleep(0.05)
    threading.Thread(target=watch, daemon=True).start()
    options = ServerOptions(
        host=args.host,
        port=args.port,
        models=(args.served_model_name,),
        api_key=os.environ["VLLM_API_KEY"],
        latency_ms=float(os.environ.get("STANDIN_LATENCY_MS", "0")),
    )
    try:
        serve(options)
    finally:
        engine.send_signal(signal.SIGKILL)


if __name__ == "__main__":
    main()
