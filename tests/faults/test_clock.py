"""A clock that jumps by hours and weeks, forwards and backwards, matters to nothing."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest

from silversmith.models import faults

JUMPS = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

typedef int (*get)(clockid_t, struct timespec *);

/* Another jump every fifth of a second; the steady clock stays as it is. */
static long jump(void) {
    static const long jumps[] = {0, 18000, -25200, 2592000, -86400, 3600, -1000000};
    static get real;
    struct timespec now;
    if (!real) real = (get)dlsym(RTLD_NEXT, "clock_gettime");
    real(CLOCK_MONOTONIC, &now);
    return jumps[(now.tv_sec * 5 + now.tv_nsec / 200000000) % 7];
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int status = ((get)dlsym(RTLD_NEXT, "clock_gettime"))(clock, now);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += jump();
    return status;
}

int gettimeofday(struct timeval *now, void *zone) {
    int status = ((int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday"))(now, zone);
    now->tv_sec += jump();
    return status;
}

time_t time(time_t *at) {
    time_t now = ((time_t (*)(time_t *))dlsym(RTLD_NEXT, "time"))(0) + jump();
    return at ? *at = now : now;
}
"""


@pytest.fixture(scope="module")
def jumpy_clock(tmp_path_factory):
    """The environment of a process whose clock jumps, where there is a compiler for it."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (cc)")
    folder = tmp_path_factory.mktemp("clock")
    (folder / "jumps.c").write_text(JUMPS)
    library = folder / "jumps.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", library, folder / "jumps.c", "-ldl"]
    subprocess.run(command, check=True)
    return {"LD_PRELOAD": str(library)}


def test_the_clock_really_jumps(jumpy_clock):
    code = (
        "import time\n"
        "seen = set()\n"
        "end = time.monotonic() + 1.6\n"
        "while time.monotonic() < end:\n"
        "    seen.add(round((time.time() - time.monotonic()) / 1000))\n"
        "    time.sleep(0.01)\n"
        "print(len(seen))"
    )
    env = {**os.environ, **jumpy_clock}
    assert int(subprocess.check_output([sys.executable, "-c", code], env=env)) >= 7


def test_a_run_under_a_jumping_clock(work, simulate, faulty, jumpy_clock):
    proxy = faulty(simulate(latency_ms=30).url, error_500=0.1, hang=0.04, reset=0.05)
    work.write(proxy.url, samples=40, timeout=1.0)
    run = work.start("out", env=jumpy_clock)
    proxy.wait(20, run)
    proxy.rates(limited=0.5, limited_date=0.5)
    proxy.wait(10, run)
    assert proxy.stats()["faults"]["limited_date"]
    proxy.rates()
    _, said = run.communicate(timeout=60)

    assert run.returncode == 0, said
    manifest = work.manifest("out")
    assert manifest["books"]["failed"] == 0
    assert 0 < manifest["this_run"]["seconds"] < 60
    work.finish("undisturbed")
    assert work.dataset("out") == work.dataset("undisturbed")


@pytest.mark.parametrize("hours", [-30, -3, 0, 3, 30])
def test_a_date_to_come_back_at_is_read_by_the_endpoints_own_clock(hours):
    theirs = datetime.now(UTC) + timedelta(hours=hours)
    headers = {
        "Date": format_datetime(theirs, usegmt=True),
        "Retry-After": format_datetime(theirs + timedelta(seconds=7), usegmt=True),
    }
    request = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")
    response = httpx2.Response(429, headers=headers, request=request)
    assert faults.asked_wait(faults.status_fault(response)) == 7
