"""Exactly once under real faults. Two seeds run with every test run, more with `make faults`; a failure prints its seed."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.faults.world import World, items

# A short mix with every test run; `make faults` asks for the whole: 20,000 items and a minute of faults for each of its seeds.
ITEMS = int(os.environ.get("FAULT_ITEMS", "6000"))
FAULTS_S = float(os.environ.get("FAULT_SECONDS", "30"))
FIRST_SEED = int(os.environ.get("FAULT_SEED", "1"))
SEEDS = range(FIRST_SEED, FIRST_SEED + int(os.environ.get("FAULT_SEEDS", "2")))


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", SEEDS)
async def test_every_item_exactly_once_whatever_is_killed(tmp_path: Path, seed: int) -> None:
    """Two workers under kill -9 and SIGSTOP; every second seed loses its broker in the middle as well."""
    print(f"seed {seed}")
    raw = items(seed, ITEMS)
    async with World(tmp_path, seed) as world:
        work = [world.produce(raw, FAULTS_S * 0.9), world.strike(FAULTS_S)]
        if seed % 2 == 0:
            work.append(world.crash_broker(FAULTS_S * 0.4, world.dice.uniform(0.5, 5.0)))
        await asyncio.gather(*work)
        snapshot = await world.settle()
        print(world.story())
        await world.judge(raw, snapshot)
