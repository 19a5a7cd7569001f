"""The soak's own figures; its short run is peers/test_peers_growth.py, its long one bench/soak.py."""

import pytest

from spine.proof.soak import Sample, run, slope_mb
from spine.proof.world import folder


def test_the_slope_is_that_of_the_second_half_in_mb_per_ten_thousand_requests() -> None:
    warming = [Sample(n, n * 100, 100 + n, 10, 5) for n in range(50)]
    grown = [Sample(n, n * 100, 150 + (n - 50) * 0.02, 10, 5) for n in range(50, 101)]
    assert slope_mb([*warming, *grown]) == pytest.approx(2.0)


@pytest.mark.long
def test_mixed_load_leaves_no_open_files_and_no_threads_behind() -> None:
    with folder(1) as world:
        samples = run(world, 5, every_s=0.5)
        assert world.verify()
    half = samples[len(samples) // 2 :]
    assert samples[-1].requests > 50, "too few requests to say anything"
    assert max(each.files for each in samples) < 200
    assert half[-1].files <= max(each.files for each in half[:-1]) + 10
    assert half[-1].threads <= half[0].threads + 4
