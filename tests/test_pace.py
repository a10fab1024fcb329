"""How large blocks become, and what they share."""

import threading

from django_bolt.pace import LARGE_BYTES, LARGEST, PAUSE, SLOW, SMALL, Budget, Pace

KIB = 1024
MIB = 1024 * KIB
BUDGET = 64 * MIB
IN_MEMORY = 8
"""Blocks of a client that a server may hold."""


def take(pace: Pace, total: int, seconds: float = 0.0) -> list[int]:
    """Have a client take so many bytes at least; return the sizes that are new."""
    sizes = [pace.size]
    while total > 0:
        total -= pace.size
        pace.note(pace.size, seconds)
        if pace.size != sizes[-1]:
            sizes.append(pace.size)
    return sizes


def test_blocks_double_up_to_the_largest_while_they_are_taken() -> None:
    pace = Pace(budget=Budget(BUDGET))

    sizes = take(pace, 256 * MIB)

    assert sizes == [64 * KIB, 128 * KIB, 256 * KIB, 512 * KIB]
    assert sizes[0] == SMALL
    assert sizes[-1] == LARGEST


def test_block_is_a_small_part_of_what_was_taken() -> None:
    """Sockets that nobody reads take in a few MiB: they are no fast client."""
    pace = Pace(budget=Budget(BUDGET))

    sizes = take(pace, 8 * MIB - SMALL)

    assert sizes == [SMALL]


def test_largest_is_a_limit() -> None:
    pace = Pace(256 * KIB, Budget(BUDGET))

    assert take(pace, 256 * MIB)[-1] == 256 * KIB


def test_pause_makes_blocks_small_and_gives_back_what_they_took() -> None:
    budget = Budget(BUDGET)
    pace = Pace(budget=budget)
    take(pace, 256 * MIB)
    held = BUDGET - budget.left

    pace.note(pace.size, PAUSE + 0.1)

    assert held == IN_MEMORY * (LARGEST - SMALL)
    assert pace.size == SLOW
    assert budget.left == BUDGET


def test_blocks_grow_again_after_a_pause() -> None:
    pace = Pace(budget=Budget(BUDGET))
    pace.note(pace.size, PAUSE + 0.1)

    assert take(pace, 256 * MIB) == [
        32 * KIB,
        64 * KIB,
        128 * KIB,
        256 * KIB,
        512 * KIB,
    ]


def test_client_that_pauses_again_and_again_keeps_small_blocks() -> None:
    budget = Budget(BUDGET)
    pace = Pace(budget=budget)

    assert take(pace, 64 * MIB, PAUSE + 0.1) == [SMALL, SLOW]
    assert budget.left == BUDGET


def test_end_gives_back_what_was_taken_once() -> None:
    budget = Budget(BUDGET)
    pace = Pace(budget=budget)
    take(pace, 256 * MIB)

    pace.end()
    pace.end()

    assert budget.left == BUDGET


def test_thousand_clients_share_the_budget() -> None:
    """Those for whom nothing is left have small blocks."""
    budget = Budget(LARGE_BYTES)
    paces = [Pace(budget=budget) for _ in range(1000)]

    for pace in paces:
        take(pace, 64 * MIB)

    beyond = sum(IN_MEMORY * (pace.size - SMALL) for pace in paces)
    assert beyond == LARGE_BYTES - budget.left
    assert beyond <= BUDGET
    assert paces[0].size == LARGEST
    assert paces[-1].size == SMALL


def test_client_that_found_nothing_left_grows_when_there_is() -> None:
    budget = Budget(IN_MEMORY * (LARGEST - SMALL))
    first, second = Pace(budget=budget), Pace(budget=budget)
    take(first, 256 * MIB)

    before = take(second, 256 * MIB)
    first.end()
    after = take(second, 256 * MIB)

    assert before == [SMALL]
    assert after == [SMALL, 128 * KIB, 256 * KIB, LARGEST]


def test_budget_is_exact_for_threads() -> None:
    """A process may have an event loop in each of several threads."""
    budget = Budget(1000)

    def give_and_take() -> None:
        for _ in range(1000):
            if budget.take(300):
                budget.take(-300)

    threads = [threading.Thread(target=give_and_take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert budget.left == 1000
