import torch

from reimagine.refine.diffusion.sample import (
    ANYWHERE,
    Hold,
    Places,
    Settled,
    Span,
    noised,
    refine_latents,
)
from reimagine.refine.diffusion.schedule import flow_matching, noise_prediction

ALL = Span(window=99, overlap=0)
KEPT = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000).double(), 0)


def test_without_levels_the_originals_come_back(rand):
    originals = rand(2, 5, 3, 3)
    found = refine_latents(lambda x, _: x, originals, rand(2, 5, 3, 3, seed=1), (), span=ALL)
    assert torch.equal(found, originals)


def test_both_kinds_of_model_follow_the_exact_flow(gaussian, smooth, rand):
    model = gaussian(smooth(7), mean=0.3)
    originals, noise = rand(2, 7, 4, 4).double(), rand(2, 7, 4, 4, seed=1).double()
    for levels in (flow_matching(0.6, 400, 3.0), noise_prediction(0.6, 400, KEPT)):
        found = refine_latents(model, originals, noise, levels, span=ALL)
        exact = model.end_of_flow(noised(originals, noise, levels[0]), levels[0])
        assert (found - exact).abs().max() < 0.02


def test_flicker_goes_and_what_stays_in_time_stays(gaussian, smooth, rand):
    model = gaussian(smooth(9, 0.995))
    still = rand(2, 1, 6, 6).expand(2, 9, 6, 6)
    flicker = 0.5 * rand(2, 9, 6, 6, seed=2)
    levels = flow_matching(0.4, 30, 3.0)
    found = refine_latents(model, still + flicker, rand(2, 9, 6, 6, seed=1), levels, span=ALL)
    changes = [one.diff(dim=1).square().mean() for one in (still + flicker, found)]
    assert changes[1] < 0.2 * changes[0]
    assert torch.corrcoef(torch.stack([found.mean(1).flatten(), still[:, 0].flatten()]))[0, 1] > 0.9


def test_held_altogether_nothing_changes(gaussian, smooth, rand):
    originals, noise = rand(2, 5, 8, 8), rand(2, 5, 8, 8, seed=1)
    found = refine_latents(
        gaussian(smooth(5)),
        originals,
        noise,
        flow_matching(0.7, 6, 3.0),
        span=ALL,
        hold=Hold(low=1.0, high=1.0),
    )
    assert torch.allclose(found, originals, atol=1e-5)


def test_beyond_the_person_the_originals_stay(gaussian, smooth, rand):
    originals, noise = rand(2, 5, 8, 8), rand(2, 5, 8, 8, seed=1)
    person = torch.zeros(5, 8, 8)
    person[:, 2:6, 2:6] = 1
    levels = flow_matching(0.7, 6, 3.0)
    found = refine_latents(
        gaussian(smooth(5)),
        originals,
        noise,
        levels,
        span=ALL,
        hold=Hold(outside=1.0),
        places=Places(person=person),
    )
    off = (person == 0).expand(2, -1, -1, -1)
    assert torch.equal(found[off], originals[off])
    free = refine_latents(gaussian(smooth(5)), originals, noise, levels, span=ALL)
    assert torch.allclose(found[~off], free[~off], atol=1e-6)


def test_holding_low_frequencies_keeps_the_colour_and_lets_detail_go(gaussian, smooth, rand):
    # A model that believes in another colour.
    model = gaussian(0.01 * smooth(5), mean=2.0)
    originals, noise = rand(1, 5, 16, 16), rand(1, 5, 16, 16, seed=1)
    levels = flow_matching(0.8, 10, 3.0)
    free = refine_latents(model, originals, noise, levels, span=ALL)
    held = refine_latents(model, originals, noise, levels, span=ALL, hold=Hold(low=1.0))
    assert (free.mean() - originals.mean()).abs() > 0.5
    assert (held.mean() - originals.mean()).abs() < 0.05
    assert (held - originals).std() > 0.3


def test_low_frequencies_are_held_to_their_mean_over_time(gaussian, smooth, rand):
    """Held to the frames' own colour, its jumps come back; held to the mean of neighbours, they do not."""
    model = gaussian(smooth(9, 0.99))
    jumps = 0.5 * rand(1, 9, 1, 1, seed=3).expand(1, 9, 8, 8)
    levels = flow_matching(0.5, 10, 3.0)
    own, mean = (
        refine_latents(
            model,
            jumps,
            rand(1, 9, 8, 8, seed=1),
            levels,
            span=ALL,
            hold=Hold(low=1.0, over_time=many),
        )
        for many in (1, 5)
    )
    per_frame = [one.mean((0, 2, 3)).diff().square().mean() for one in (jumps, own, mean)]
    assert per_frame[1] > 0.8 * per_frame[0]
    assert per_frame[2] < 0.2 * per_frame[0]


def test_the_hold_lets_go_towards_the_end(gaussian, smooth, rand):
    originals, noise = rand(2, 5, 8, 8), rand(2, 5, 8, 8, seed=1)
    levels = flow_matching(0.7, 6, 3.0)

    def away(hold):
        found = refine_latents(
            gaussian(0.1 * smooth(5)), originals, noise, levels, span=ALL, hold=hold
        )
        return (found - originals).square().mean()

    held, eased, free = (
        away(hold)
        for hold in (
            Hold(low=0.9, high=0.9),
            Hold(low=0.9, high=0.9, easing=1.0),
            Hold(),
        )
    )
    assert held < eased < free


def test_windows_that_overlap_come_near_the_whole(gaussian, smooth, rand):
    model = gaussian(smooth(24, 0.7))
    originals, noise = rand(2, 24, 4, 4), rand(2, 24, 4, 4, seed=1)
    levels = flow_matching(0.5, 8, 3.0)
    whole, same, windows = (
        refine_latents(model, originals, noise, levels, span=span)
        for span in (ALL, Span(window=24, overlap=4), Span(window=10, overlap=5))
    )
    assert torch.equal(whole, same)
    assert (windows - whole).abs().mean() < 0.05 * (whole - originals).abs().mean()


def test_guessed_places_are_held_by_their_share_of_what_seen_ones_are(gaussian, smooth, rand):
    """With coarse and fine held alike each place is on its own, and comes out as if all were held as it is."""
    originals, noise = rand(2, 5, 8, 8), rand(2, 5, 8, 8, seed=1)
    levels = flow_matching(0.7, 6, 3.0)
    seen = torch.zeros(5, 8, 8)
    seen[:, :, :3], seen[:, :, 3] = 1.0, 0.5

    def held(much, guessed=1.0, places=ANYWHERE):
        return refine_latents(
            gaussian(0.3 * smooth(5)),
            originals,
            noise,
            levels,
            span=ALL,
            hold=Hold(low=much, high=much, easing=0.5, guessed=guessed),
            places=places,
        )

    found = held(0.8, guessed=0.25, places=Places(seen=seen))
    for columns, share in ((slice(0, 3), 1.0), (slice(3, 4), 0.625), (slice(4, 8), 0.25)):
        alone = held(0.8 * share)
        assert torch.allclose(found[..., columns], alone[..., columns], atol=1e-5)
    assert not torch.allclose(found, held(0.8), atol=0.05)


def test_a_raised_hold_of_one_gives_the_original_there_and_only_there(gaussian, rand):
    originals, noise = rand(2, 5, 8, 8), rand(2, 5, 8, 8, seed=1)
    raised = torch.zeros(5, 8, 8)
    raised[1:3, 2:5] = 1
    places = Places(raised=raised)
    levels = flow_matching(0.7, 6, 3.0)
    still = gaussian(0.3 * torch.eye(5))
    free, held = (
        refine_latents(still, originals, noise, levels, span=ALL, places=one)
        for one in (ANYWHERE, places)
    )
    there = (raised == 1).expand(2, -1, -1, -1)
    assert torch.equal(held[there], originals[there])
    assert torch.equal(held[~there], free[~there])


def test_settled_latents_come_out_as_they_were_and_others_fit_in(gaussian, smooth, rand):
    originals, noise = rand(2, 5, 8, 8), rand(2, 5, 8, 8, seed=1)
    levels = flow_matching(0.7, 6, 3.0)
    model = gaussian(smooth(5))
    first = refine_latents(model, originals, noise, levels, span=ALL)
    where = torch.tensor([True, True, False, True, True])
    settled = Settled(where=where, latents=first)
    again = refine_latents(model, originals, noise, levels, span=ALL, settled=settled)
    assert torch.equal(again[:, where], first[:, where])
    assert (again[:, 2] - first[:, 2]).abs().mean() < 0.5 * (
        originals[:, 2] - first[:, 2]
    ).abs().mean()
