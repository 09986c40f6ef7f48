import torch

from reimagine.refine.robust import (
    agreed,
    agreement,
    masked_median,
    mean_of_alike,
    trimmed_mean,
)


def rand(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(3))


def test_the_median_is_the_median_where_all_is_known():
    samples = rand(7, 50, 3)
    known = torch.ones(7, 50, dtype=torch.bool)
    assert torch.equal(masked_median(samples, known), samples.median(dim=0).values)


def test_pairs_of_unknown_samples_do_not_move_the_median():
    samples = rand(5, 50, 3)
    known = torch.ones(5, 50, dtype=torch.bool)
    known[[0, 3]] = False
    assert torch.equal(masked_median(samples, known), samples[[1, 2, 4]].median(dim=0).values)


def test_a_sample_alone_is_its_own_median():
    samples = rand(5, 50, 3)
    known = torch.zeros(5, 50, dtype=torch.bool)
    known[2] = True
    assert torch.equal(masked_median(samples, known), samples[2])


def robust_average(samples, trust, own):
    return agreed(samples, trust, agreement(samples, trust), own)


def test_noise_is_averaged():
    truth = rand(4000, 3)
    noise = 0.03 * torch.randn(5, 4000, 3, generator=torch.Generator().manual_seed(4))
    mean = robust_average(truth + noise, torch.ones(5, 4000), truth + noise[0])
    assert (mean - truth).std() < 0.55 * 0.03


def test_one_wrong_sample_counts_for_nothing():
    truth = rand(400, 3)
    samples = truth.expand(5, 400, 3).clone()
    samples[0] = 1 - truth
    mean = robust_average(samples, torch.ones(5, 400), samples[0])
    assert torch.allclose(mean, truth, atol=1e-5)


def test_where_nobody_agrees_the_own_colour_stays():
    samples = torch.linspace(0, 1, 5)[:, None, None].expand(5, 10, 3).clone()
    trust = torch.ones(5, 10)
    agreeing = robust_average(samples, trust, samples[4])
    assert bool((agreeing > 0.5).all())


def test_a_wrong_frame_hardly_counts_in_what_alike_frames_say():
    values = torch.full((5, 400), 2.0)
    values[0] = 0.0
    alike = torch.full((5, 400), 0.9)
    alike[0] = 0.0
    mean = mean_of_alike(values, torch.ones(5, 400), alike)
    assert torch.allclose(mean, torch.full((400,), 2.0), atol=0.01)


def test_alike_frames_count_where_they_see_a_point_only():
    values = torch.stack([torch.zeros(40), torch.ones(40)])
    trust = torch.ones(2, 40)
    trust[1, :10] = 0
    mean = mean_of_alike(values, trust, torch.ones(2, 40))
    assert torch.equal(mean[:10], torch.zeros(10))
    assert torch.allclose(mean[10:], torch.full((30,), 0.5))


def test_extremes_do_not_move_the_trimmed_mean():
    values = torch.tensor([[1.0], [2.0], [3.0], [-100.0], [100.0]])
    assert torch.equal(trimmed_mean(values), torch.tensor([2.0]))
