"""Edges of a part: jitter goes, straight lines stay, what is hidden follows what is seen."""

import numpy as np

from reimagine.appearance.edges import Edges, edges_of, steadied


def test_edges_of_a_mask_give_the_mask_back():
    mask = np.zeros((30, 40), bool)
    for row in range(5, 25):
        mask[row, 10 + row // 3 : 20 + row // 2] = True
    edges = edges_of(mask)
    assert np.isnan(edges.low[:5]).all()
    assert np.array_equal(edges.mask(40), mask)


def test_a_straight_edge_stays_straight_up_to_its_ends():
    line = np.full(120, np.nan)
    line[10:110] = 40 + 0.3 * np.arange(100)
    steady = steadied(line, np.ones(120))
    assert np.isnan(steady[:10]).all()
    assert np.allclose(steady[10:110], line[10:110], atol=0.3)


def test_rows_that_are_not_sure_follow_those_around_them():
    line, sure = np.full(120, 40.0), np.ones(120)
    line[50:65], sure[50:65] = 55.0, 0.02
    assert np.abs(steadied(line, sure) - 40).max() < 1.5


def test_one_wrong_row_does_not_move_the_edge():
    line = np.full(120, 40.0)
    line[60] = 90
    assert np.abs(steadied(line, np.ones(120)) - 40).max() < 0.01


def test_edges_without_rows_hold_nothing():
    nothing = np.full(20, np.nan)
    assert not Edges(low=steadied(nothing, np.ones(20)), high=nothing).mask(10).any()
