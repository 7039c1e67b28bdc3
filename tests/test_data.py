import pytest
import torch

from mertk.data import ClipData
from mertk.ragged import Ragged


def ragged(lengths, dim):
    lengths = torch.tensor(lengths)
    values = torch.arange(float(lengths.sum() * dim)).view(-1, dim)
    return Ragged(values, torch.cumsum(lengths, 0) - lengths, lengths)


@pytest.fixture
def data():
    streams = {"audio": ragged([4, 2, 0], 2), "video": ragged([10, 0, 20], 3)}
    return ClipData(("a", "b", "c"), torch.tensor([2, 0, 1]), streams)


def test_a_batch_holds_the_rows_asked_for_in_their_order(data):
    batch = data.batch(torch.tensor([2, 0]))
    assert batch.rows.tolist() == [2, 0]
    assert batch.labels.tolist() == [1, 2]
    assert list(batch.streams) == ["audio", "video"]
    assert batch.streams["audio"].mask.sum(1).tolist() == [0, 4]
    assert batch.streams["video"].mask.sum(1).tolist() == [20, 10]
    assert batch.streams["audio"].x[1, 0].tolist() == [0.0, 1.0]


def test_length_counts_every_stream_against_its_longest(data):
    assert data.lengths.tolist() == [1.0 + 0.5, 0.5, 1.0]


def test_length_is_zero_where_nothing_has_a_step():
    assert ClipData(("a",), torch.tensor([0]), {"audio": ragged([0], 2)}).lengths.tolist() == [0]
    assert ClipData(("a",), torch.tensor([0]), {}).lengths.tolist() == [0]
    assert len(ClipData((), torch.tensor([]), {"audio": ragged([], 2)}).lengths) == 0


def test_parts_of_different_clips_are_refused():
    with pytest.raises(ValueError, match=r"ids: 2 clips, but \{'labels': 1, 'audio': 3\}"):
        ClipData(("a", "b"), torch.tensor([0]), {"audio": ragged([1, 1, 1], 2)})
