"""The supervisor with small programs of its own, and the sentences `up` says before it starts anything."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from hypercare.engine.supervisor import exit_code
from hypercare.management.commands import up, worker
from tests import ROOT

LONG = 600.0  # seconds after which a wait is given up that would never end; a busy machine stays far below


@contextmanager
def supervisor(commands: dict[str, str], *, first: str = "", **patience: float) -> Iterator[subprocess.Popen[str]]:
    """A supervisor in a process of its own, over Python one-liners; its output can be read from it.

    `first`: lines that its process runs before.
    """
    program = first + textwrap.dedent(f"""
        import os, sys
        from hypercare.engine.supervisor import Patience, Supervisor
        commands = {{name: [sys.executable, "-uc", code] for name, code in {commands!r}.items()}}
        patience = Patience(**{patience!r})
        say = lambda line: print(line, flush=True)
        sys.exit(Supervisor(commands, env=os.environ, say=say, patience=patience).run())
    """)
    process = subprocess.Popen([sys.executable, "-uc", program], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def read_until(process: subprocess.Popen[str], wanted: str) -> str:
    """Read lines up to the one that holds the wanted words."""
    said = ""
    with ending_after(process, LONG):
        for line in process.stdout:
            said += line
            if wanted in line:
                return said
    raise AssertionError(f"{wanted!r} was never said; this was: {said}")


@contextmanager
def ending_after(process: subprocess.Popen[str], seconds: float) -> Iterator[None]:
    """Kill a process that keeps silent for too long, so that reading from it ends."""
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def wait_for_death(pid: int) -> None:
    """Wait until a process is gone, or only its entry is left."""
    last_moment = time.monotonic() + LONG
    while is_alive(pid):
        assert time.monotonic() < last_moment, f"process {pid} is still there"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def pid_in(said: str) -> int:
    return int(said.partition("pid ")[2].split()[0])


def two_pids(process: subprocess.Popen[str]) -> dict[str, int]:
    """The pids that two children say, in whatever order."""
    said = [read_until(process, " | pid").splitlines()[-1] for _ in range(2)]
    return {line.partition("|")[0].strip(): pid_in(line) for line in said}


# They stay until they are told to end, however long a busy machine takes to do so.
SAY_PID_AND_STAY = "import os, signal; print('pid', os.getpid()); signal.pause()"
BEAR_A_CHILD_AND_STAY = (
    "import signal, subprocess, sys; child = [sys.executable, '-c', 'import signal; signal.pause()']; "
    "print('pid', subprocess.Popen(child).pid); signal.pause()"
)
REFUSE_TO_STOP = (
    "import os, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('pid', os.getpid()); signal.pause()"
)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_every_child_and_ends_with_0(number: signal.Signals) -> None:
    with supervisor({"web": SAY_PID_AND_STAY}) as process:
        said = read_until(process, "web | pid")

        process.send_signal(number)

        assert process.wait(LONG) == 0
        assert not is_alive(pid_in(said))


# Once its handlers stand, a signal comes before each line of what the supervisor waits with: also while a lock is held.
INTERRUPT_ITS_WAITING = """
import os, signal, sys
def interrupt(frame, _event, _arg):
    caller = frame.f_back.f_code if frame.f_back else interrupt.__code__
    of_run = caller.co_name == "run" and caller.co_filename.endswith("supervisor.py")
    elsewhere = frame.f_code.co_filename not in (caller.co_filename, signal.__file__)
    if of_run and elsewhere and signal.getsignal(signal.SIGHUP) is not signal.SIG_DFL:
        os.kill(os.getpid(), signal.SIGINT)
    return interrupt
sys.settrace(interrupt)
"""


def test_a_signal_in_any_moment_of_its_waiting_stops_it() -> None:
    with supervisor({"web": SAY_PID_AND_STAY}, first=INTERRUPT_ITS_WAITING) as process, ending_after(process, LONG):
        assert process.wait() == 0


def test_a_killed_child_is_started_again_and_that_is_said() -> None:
    with supervisor({"worker": SAY_PID_AND_STAY}, first_pause=0.05) as process:
        first = pid_in(read_until(process, "pid"))

        os.kill(first, signal.SIGKILL)

        said = read_until(process, "worker | pid")
        assert "worker stopped by itself (code 137); starting it again in 0.05 s." in said
        assert pid_in(said) != first


def test_the_other_child_goes_on_while_one_is_started_again() -> None:
    with supervisor({"web": SAY_PID_AND_STAY, "worker": SAY_PID_AND_STAY}) as process:
        pids = two_pids(process)

        os.kill(pids["worker"], signal.SIGKILL)

        read_until(process, "worker stopped by itself (code 137)")
        assert is_alive(pids["web"])


# Python then looks after each few instructions whether another thread wants to run: also between a line and its end.
SWITCH_OFTEN = "import sys; sys.setswitchinterval(1e-6)\n"


def test_two_children_that_print_at_once_keep_their_lines_apart() -> None:
    lines = 500
    talk = f"import signal; [print('said', number) for number in range({lines})]; signal.pause()"
    with supervisor({"web": talk, "worker": talk}, first=SWITCH_OFTEN) as process, ending_after(process, LONG):
        read = [process.stdout.readline().rstrip("\n") for _ in range(2 * lines)]

    expected = [f"{name:<6} | said {number}" for name in ("web", "worker") for number in range(lines)]
    assert sorted(read) == sorted(expected)


def test_a_child_that_keeps_dying_young_ends_everything_with_its_code() -> None:
    commands = {"web": SAY_PID_AND_STAY, "worker": "import sys; print('no database'); sys.exit(3)"}
    with supervisor(commands, first_pause=0.01, deaths=3, young=LONG) as process:
        said = read_until(process, "Giving up")

        assert process.wait(LONG) == 3
        assert said.count("worker | no database") == 3
        assert "worker stopped 3 times in a row (code 3). Giving up." in said


def test_a_child_that_ignores_the_request_to_stop_is_killed_after_the_grace() -> None:
    with supervisor({"worker": REFUSE_TO_STOP}, grace=0.3) as process:
        stubborn = pid_in(read_until(process, "pid"))

        process.send_signal(signal.SIGINT)

        assert process.wait(LONG) == 0
        assert not is_alive(stubborn)


def test_a_second_ctrl_c_does_not_wait_for_the_grace() -> None:
    with supervisor({"worker": REFUSE_TO_STOP}, grace=60.0) as process:
        read_until(process, "pid")
        process.send_signal(signal.SIGINT)
        read_until(process, "Stopping")

        process.send_signal(signal.SIGINT)

        assert process.wait(LONG) == 0


def test_what_a_child_started_itself_is_swept_up_too() -> None:
    with supervisor({"web": BEAR_A_CHILD_AND_STAY}) as process:
        grandchild = pid_in(read_until(process, "pid"))

        process.send_signal(signal.SIGINT)

        assert process.wait(LONG) == 0
        wait_for_death(grandchild)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_no_child_outlives_a_killed_supervisor() -> None:
    with supervisor({"web": SAY_PID_AND_STAY}) as process:
        child = pid_in(read_until(process, "pid"))

        process.kill()

        wait_for_death(child)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_one_command_brings_up_web_worker_and_clock_and_one_signal_ends_them(tmp_path: Path) -> None:
    port = free_port()
    servers = {"DATABASE_URL", "REDIS_URL", "BASE_URL"}  # none of them: that is the point
    env = {name: value for name, value in os.environ.items() if name not in servers}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--no-demo", "--port", str(port)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**env, "HYPERCARE_VAR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
    )
    try:
        read_until(process, f"Hypercare runs at http://127.0.0.1:{port}/")
        wait_for_engine(port)
        process.send_signal(signal.SIGINT)

        assert read_until(process, "Stopped.").count("stopped by itself") == 0
        assert process.wait(LONG) == 0
        assert up.answers("127.0.0.1", port) is False
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_web_process_that_takes_long_is_waited_for_after_that_was_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = iter([False, False, True])
    monkeypatch.setattr(up, "PATIENCE_WITH_WEB", -1.0)
    monkeypatch.setattr(up, "answers", lambda *_: next(answers))

    up.Command()._announce("127.0.0.1", 8000, "Hypercare runs.")

    assert capsys.readouterr().out.splitlines() == [
        "The web process has not answered for -1 s; its messages stand above.",
        "Hypercare runs.",
    ]


def wait_for_engine(port: int) -> None:
    """Wait until the clock has ticked: its health page answers 200 then."""
    last_moment = time.monotonic() + LONG
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG)
        connection.request("GET", "/healthz/engine/")
        status = connection.getresponse().status
        connection.close()
        if status == http.HTTPStatus.OK:
            return
        assert time.monotonic() < last_moment, f"the engine has not ticked: {status}"
        time.sleep(0.1)


def test_exit_codes_read_as_a_shell_shows_them() -> None:
    assert [exit_code(code) for code in (0, 3, -signal.SIGKILL)] == [0, 3, 137]


def test_a_busy_port_is_refused_with_the_command_that_chooses_another() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(CommandError) as refusal:
            call_command("up", port=str(port))

    assert str(refusal.value) == (f"Port {port} is in use by another program. Choose another: make run PORT={port + 1}")


@pytest.mark.parametrize("port", ["", "0", "65536", "80a", "-1", "٨٠٠٠"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(CommandError, match="is not a port: choose a number from 1 to 65535"):
        call_command("up", port=port)


def test_the_web_server_listens_where_it_was_told_to(settings) -> None:
    command = up.commands_to_run("::1", 8123)["web"]

    assert command[command.index("--bind") + 1] == "[::1]:8123"
    assert command[command.index("--worker-tmp-dir") + 1] == str(settings.VAR)


def reset(var: Path) -> subprocess.CompletedProcess[str]:
    script = ROOT / "scripts" / "demo_reset.py"
    env = {**os.environ, "HYPERCARE_VAR": str(var)}
    return subprocess.run([sys.executable, script], env=env, capture_output=True, text=True, check=False)


def test_data_in_use_is_not_put_aside(tmp_path: Path) -> None:
    (tmp_path / "hypercare.sqlite3").touch()

    with up.in_use(tmp_path), up.in_use(tmp_path):  # two may run on it, none may lose it
        done = reset(tmp_path)

    assert done.returncode == 1
    assert done.stderr == "Hypercare is running on this data. Stop it first (Ctrl-C), then reset.\n"
    assert (tmp_path / "hypercare.sqlite3").exists()


def test_two_starts_at_once_bring_the_data_up_to_date_one_after_the_other(tmp_path: Path) -> None:
    done: list[str] = []

    def second() -> None:
        with up.wait_for_turn(tmp_path):
            done.append("second")

    waiting = threading.Thread(target=second)
    with up.wait_for_turn(tmp_path):
        waiting.start()
        waiting.join(timeout=0.2)
        done.append("first")
    waiting.join(timeout=LONG)

    assert done == ["first", "second"]


def test_a_reset_puts_the_data_aside_and_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "hypercare.sqlite3").write_text("real periods")

    assert reset(tmp_path).returncode == 0

    assert not (tmp_path / "hypercare.sqlite3").exists()
    assert (tmp_path / "before-reset" / "hypercare.sqlite3").read_text() == "real periods"


def test_a_reset_without_data_says_so(tmp_path: Path) -> None:
    assert reset(tmp_path).stderr == f"There is no data in {tmp_path}. make run starts with a fresh demo.\n"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"Cannot write to .*nowhere: No such file"), up.in_use(tmp_path / "nowhere"):
        pytest.fail("there is nothing to hold")


class Time:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_guard_is_content_while_ticks_begin_and_end() -> None:
    clock = Time()
    guard = worker.TaskGuard(limit=60, clock=clock)
    for number in range(5):
        clock.now += 50
        guard.begin(task_id=str(number))
        clock.now += 5
        guard.end(task_id=str(number))

    assert guard.fault() == ""


def test_the_guard_notices_a_task_that_hangs_while_others_go_on() -> None:
    clock = Time()
    guard = worker.TaskGuard(limit=60, clock=clock)
    guard.begin(task_id="hangs")
    clock.now += 61
    guard.begin(task_id="fine")

    assert guard.fault() == "A task has run for 61 s"


def test_the_guard_notices_that_nothing_ticks() -> None:
    clock = Time()
    guard = worker.TaskGuard(limit=60, clock=clock)
    clock.now += 61

    assert guard.fault() == "No tick has begun for 61 s"


def test_a_signal_to_make_run_reaches_what_it_started(tmp_path: Path) -> None:
    """The recipe becomes the program: a shell between the two would end and leave it running."""
    stub, started = tmp_path / "python", tmp_path / "pid"
    stub.write_text(f'#!/bin/sh\necho "$$ $BASE_URL" > {started}.new && mv {started}.new {started}\nexec sleep 600\n')
    stub.chmod(0o755)
    given = ("ENVIRONMENT=@:", f"PYTHON_HERE={stub}", "PORT=8765")
    with subprocess.Popen(["make", "run", *given], cwd=ROOT, start_new_session=True) as make:
        try:
            last_moment = time.monotonic() + LONG
            while not started.exists():
                assert time.monotonic() < last_moment, "nothing was started"
                time.sleep(0.02)
            pid, address = started.read_text().split()
            make.terminate()
            wait_for_death(int(pid))
        finally:
            with suppress(ProcessLookupError):
                os.killpg(make.pid, signal.SIGKILL)

    assert address == "http://127.0.0.1:8765"
