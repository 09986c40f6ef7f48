"""Against DiffSynth's own pipeline, as installed by `make .venv/diffsynth`; skipped where it is not."""

import pytest
import torch
from benchmarks.image_parity import (
    BREAKS,
    denoise_ours,
    differences,
    latents_when_broken,
    paint_ours,
)
from benchmarks.parity_diffsynth import DIFFSYNTH, paint_theirs
from benchmarks.parity_world import CASES

pytestmark = pytest.mark.skipif(
    not DIFFSYNTH.is_dir(), reason=f"DiffSynth is not in {DIFFSYNTH}: make .venv/diffsynth"
)
LATENTS, PICTURE = 1e-5, 1e-4


@pytest.mark.parametrize("case", CASES, ids=str)
def test_latents_are_those_of_the_official_pipeline(case):
    gap = denoise_ours(case) - paint_theirs(case).latents
    assert float(gap.abs().max()) < LATENTS


def test_the_picture_is_that_of_the_official_pipeline():
    latents, picture = differences(paint_ours(CASES[0]), paint_theirs(CASES[0]))
    assert latents < LATENTS
    assert picture < PICTURE


def test_every_case_paints_something_else():
    latents = [paint_theirs(case).latents for case in CASES]
    for at, one in enumerate(latents):
        for other in latents[at + 1 :]:
            assert float((one - other).abs().max()) > 100 * LATENTS


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.official)
def test_parity_fails_where_a_semantic_is_broken(broken):
    gap = latents_when_broken(broken) - paint_theirs(broken.case).latents
    assert float(gap.abs().max()) > 100 * LATENTS


def test_noise_is_the_same_for_every_number_of_threads():
    from reimagine.frames.flux.schedule import starting_noise

    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = starting_noise(43, 64, 48)
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(alone, starting_noise(43, 64, 48))
