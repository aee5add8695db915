"""Errors, interrupts, progress, times, and what notebooks show."""

from __future__ import annotations

import _thread
import os
import pathlib
import subprocess
import sys
import threading
import time
from fractions import Fraction
from typing import Any, List

import numpy as np
import pytest
import synaptic_balance as sb
from conftest import DATA, ROOT, program

GOOD = [np.array([[1.0], [4.0]]), np.array([[4.0, 4.0]])]


@pytest.mark.parametrize(
    "model, options, place",
    [
        ([np.array([[1.0, np.nan]]), np.array([[1.0]])], {}, "0.weight"),
        ([np.ones((2, 3)), np.ones((2, 5))], {}, "<model>"),
        ([np.ones((2, 3, 4))], {}, "<model>[0]"),
        ({"a.weight": np.ones((2, 2)), "b.weight": np.ones((2, 2))}, {}, "<model>"),
        ({"a.weight": np.ones((2, 2)), "c": np.ones(2)}, {}, "<model>: c"),
        ({"a.weight": np.ones((2, 2))}, {"layers": ["a", "b"]}, "layers[1]"),
        ([np.ones((2, 2), dtype=complex)], {}, "0.weight"),
        ([[[1.0, "x"]], [[1.0]]], {}, "0.weight[0][1]"),
        (GOOD, {"activation": "rleu"}, "<architecture>"),
        (GOOD, {"activation": ["relu", "relu"]}, "activation"),
        (GOOD, {"regularizer": "l0"}, ""),
        (GOOD, {"regularizer": float("nan")}, "regularizer"),
        (GOOD, {"regularizer": float("inf")}, "regularizer"),
        ([[[10**5000]], [[Fraction(1)]]], {}, "0.weight[0][0]"),
        (GOOD, {"tolerance": 2}, ""),
        (GOOD, {"layers": ["0", "1"]}, "<model>"),
        ([], {}, "<model>"),
        ({}, {}, "<model>"),
        (3, {}, "<model>"),
        (b"nonsense", {}, "<model>"),
        (pathlib.Path("no/such/file"), {}, "no/such/file"),
        (DATA / "digits-mlp.safetensors", {}, "digits-mlp.safetensors"),
    ],
)
def test_bad_input_is_an_exception_with_its_place(model: Any, options: Any, place: str) -> None:
    """Checks: exit code 2, the place in the message, and a ValueError for those who do not know the class."""
    with pytest.raises(sb.InputError) as caught:
        sb.balance(model, **options)
    assert caught.value.exit_code == 2 and isinstance(caught.value, ValueError)
    assert place in caught.value.place and str(caught.value)
    assert "--" not in str(caught.value)


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 1.5}, {"max_passes": -1}, {"order": "random"}, {"tolerance": "small"}])
def test_bad_input_of_a_run_is_an_exception(wrong: Any) -> None:
    """Checks: numbers of another kind or range than a run takes."""
    with pytest.raises(sb.InputError):
        sb.stochastic(GOOD, **wrong)


def test_what_is_not_attained_says_so_and_gives_the_report() -> None:
    """Checks: exit code 3 with the report; the limit on demand."""
    dead = [np.array([[1.0], [1.0]]), np.array([[1.0, 0.0]])]
    with pytest.raises(sb.Incomplete, match="limit=True") as caught:
        sb.balance(dead)
    assert caught.value.exit_code == 3 and caught.value.result.status == "not_attained" and caught.value.result.model is None
    found = sb.balance(dead, limit=True)
    assert found.status == "limit" and found.model[0][1, 0] == 0 and found.exit_code == 0


def test_a_certificate_that_is_changed_is_refused() -> None:
    """Checks: refusal and bad input are told apart."""
    found = sb.balance(GOOD, certify=20)
    assert found.certificate is not None and sb.verify(GOOD, found.certificate) and sb.verify(GOOD, found, "l2")
    assert not sb.verify(GOOD, found, "l1")
    changed = sb.verify([2 * GOOD[0], GOOD[1]], found)
    assert not changed and changed.exit_code == 1 and changed.reason
    with pytest.raises(sb.InputError):
        sb.verify(GOOD, {"format": "something"})
    with pytest.raises(sb.InputError, match="certify"):
        sb.verify(GOOD, sb.balance(GOOD))


def test_wide_certificates_bound_the_multipliers() -> None:
    """Checks: bounds to 30 digits, as fractions, that hold the exact value."""
    found = sb.balance(GOOD, certify=30)
    bounds = found.enclosure["h1.0"]
    assert bounds.lo <= Fraction(4) <= bounds.hi and bounds.hi / bounds.lo - 1 <= Fraction(1, 10**29)


@pytest.mark.parametrize("kind", [np.float16, np.float64, Fraction])
def test_the_deficit_is_that_of_the_model(kind: Any) -> None:
    """Checks: multipliers that were rounded to powers of two leave a deficit, and the answer states it."""
    rows = [[[1, 2], [3, 4]], [[1, 5]]]
    exact = [[[Fraction(w) for w in row] for row in weight] for weight in rows]
    model = exact if kind is Fraction else [np.array(weight, kind) for weight in rows]
    found = sb.balance(model, power_of_two=True)
    assert found.status == "rounded" and found.deficit == pytest.approx(sb.explain(found.model).deficit, rel=1e-12) and found.deficit > 0.1


def test_regularizers_by_text_and_by_power() -> None:
    """Checks: a power alone is that of L_p."""
    assert sb.balance(GOOD, 2).to_dict()["multipliers"] == sb.balance(GOOD, "l2").to_dict()["multipliers"]
    assert sb.balance(GOOD, Fraction(3, 2)).regularizer == "lp:3/2" == sb.balance(GOOD, 1.5).regularizer
    assert sb.balance(GOOD, "mix:1*1+1/2*2").status == "balanced"


def test_check_tells_three_answers_apart() -> None:
    """Checks: the same function balanced or not, another one with an input that shows it."""
    right = sb.balance(GOOD).model
    assert sb.check(GOOD, right) and sb.check(GOOD, right).balanced is True
    same = sb.check(GOOD, GOOD)
    assert same.same_function is True and same.balanced is False and not same and same.exit_code == 1
    other = sb.check(GOOD, [GOOD[0], 2 * GOOD[1]], certificate=True)
    assert other.same_function is False and other.witness and other.certificate


def big(width: int, layers: int = 2, seed: int = 5) -> List[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((width, width), dtype=np.float32) for _ in range(layers)]


def test_an_interrupt_ends_a_long_call() -> None:
    """Checks: KeyboardInterrupt arrives while a call works, soon, and the next call works."""
    weights = big(1500, 4)
    begin = time.perf_counter()
    threading.Timer(0.2, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        while time.perf_counter() < begin + 30:
            sb.balance(weights, cross_check=True, certify=12)
    assert time.perf_counter() - begin < 5
    assert sb.balance(GOOD).status == "balanced"


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_interrupt_after_a_call_is_an_exception(tmp_path: Any) -> None:
    """Checks: a call that wrote files leaves the signals of the process to it, and draws nothing."""
    code = "import os, signal, sys, time, synaptic_balance as sb\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n" \
        "sb.balance(sys.argv[1], output=sys.argv[2])\ntry:\n    os.kill(os.getpid(), signal.SIGINT); time.sleep(5)\n" \
        "except KeyboardInterrupt:\n    time.sleep(0.3); print('alive')"
    command = [sys.executable, "-c", code, str(ROOT / "examples" / "chain.json"), str(tmp_path / "out.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.stderr, done.returncode) == ("alive", "", 0)


def test_other_threads_run_meanwhile() -> None:
    """Checks: the lock of the interpreter is released: another thread counts on while a call works."""
    ticks, stop = [0], threading.Event()

    def count() -> None:
        while not stop.is_set():
            ticks[0] += 1
            time.sleep(0.001)

    counter = threading.Thread(target=count)
    counter.start()
    begin = time.perf_counter()
    sb.balance(big(1500, 4), certify=12)
    taken = time.perf_counter() - begin
    stop.set()
    counter.join()
    assert ticks[0] > taken / 0.05


def test_progress_is_told_and_its_exceptions_arrive() -> None:
    """Checks: a function hears what is done; what it raises ends the call."""
    heard: List[Any] = []
    sb.balance(big(400, 4), progress=lambda what, deficit: heard.append((what, deficit)))
    assert heard and isinstance(heard[0][0], str)

    def fail(what: str, deficit: Any) -> None:
        raise LookupError(what)

    with pytest.raises(LookupError):
        sb.balance(big(400, 4), progress=fail)
    assert sb.balance(GOOD, progress=True).status == "balanced"


def test_threads_do_not_change_results() -> None:
    """Checks: one thread and two give the same bits."""
    weights = big(300, 3)
    one, two = (sb.balance(weights, threads=threads).model for threads in (1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, two))
    with pytest.raises(sb.InputError):
        sb.balance(GOOD, threads=0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_process_balances() -> None:
    """Checks: the threads of a pool are not there after a fork, and are not waited for."""
    code = "import os, numpy as np, synaptic_balance as sb\n" \
        "w = [np.ones((300, 300), np.float32)] * 3\nsb.balance(w)\npid = os.fork()\n" \
        "if pid == 0:\n    sb.balance(w)\n    os._exit(7)\nprint(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "7", done.stderr


def test_calls_from_several_threads_do_not_mix() -> None:
    """Checks: each call sees its own model."""
    found: List[Any] = [None] * 8

    def work(number: int) -> None:
        weights = [np.array([[float(4 ** (number + 1))]]), np.array([[1.0]])]
        found[number] = sb.balance(weights).model[0][0, 0]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2.0 ** (number + 1) for number in range(8)]


def test_notebooks_show_tables() -> None:
    """Checks: HTML of every result, with nothing of the model unescaped."""
    document = {
        "format": "synaptic-balance/network",
        "version": 1,
        "units": [{"id": "<b>x", "kind": "input"}, {"id": "<b>h", "kind": "hidden", "activation": "relu"}, {"id": "y", "kind": "output"}],
        "synapses": [{"from": "<b>x", "to": "<b>h", "weight": 1}, {"from": "<b>h", "to": "y", "weight": 2}],
    }
    found = sb.balance(document, certify=12)
    for result in (found, sb.check(document, found.model), sb.explain(document), sb.verify(document, found)):
        text = result._repr_html_()
        assert text.startswith("<table>") and "<b>" not in text and repr(result).startswith("<") and str(result) == result.text


def test_the_program_is_on_the_path() -> None:
    """Checks: synbal answers, with its exit codes."""
    code, document = program("check", str(DATA / "digits-mlp.safetensors"), str(DATA / "digits-mlp.safetensors"), "--arch", "relu")
    assert code == 1 and document["same_function"] is True
    done = subprocess.run([sys.executable, "-m", "synaptic_balance", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("synbal ")


def test_check_takes_less_than_fifty_milliseconds(digits: Any) -> None:
    """Checks: arrays of the digits network, the best of twenty calls."""
    after = sb.balance(digits).model
    times = []
    for _ in range(20):
        begin = time.perf_counter(), time.process_time()
        assert sb.check(digits, after)
        # On a machine that does other things too, waiting for a turn does not count.
        times.append(min(time.perf_counter() - begin[0], time.process_time() - begin[1]))
    assert min(times) < 0.05, times


def test_importing_takes_less_than_fifty_milliseconds() -> None:
    """Checks: what the import takes beyond NumPy's own, the best of five."""
    code = "import numpy, time; a = time.process_time(); import synaptic_balance; print(time.process_time() - a)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(5)]
    times = [float(run.stdout) for run in runs]
    assert min(times) < 0.05, times
