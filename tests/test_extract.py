import pickle
import random
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mertk import append, encode, filling
from mertk.contracts import Clip, MediaRef, Stream
from mertk.encode import BadEncoding, batches
from mertk.errors import MediaError, MertkError
from mertk.extract import BrokenMedia, fill, shelf_of
from mertk.keys import FEATURES
from mertk.store import Store
from tests.store_toys import (
    IDENTITY,
    Toy,
    count,
    fill_slowly,
    fill_with_little_space,
    fill_with_others,
    make_clips,
    numbers,
    start,
)

LENGTHS = [int(n) for n in np.random.default_rng(0).integers(1, 60, 90)]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def first_channel(ragged, row):
    return ragged.batch(torch.tensor([row])).x[0, :, 0].tolist()


def contents(store):
    (folder,) = (path for path in store.root.iterdir() if path.is_dir())
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "lock"}


# what is computed, and what is not


def test_every_clip_gets_its_own_sequence_in_the_order_asked_for(store, tmp_path):
    clips = make_clips(tmp_path / "media", LENGTHS)
    random.Random(0).shuffle(clips)
    ragged = fill(store, Toy(), IDENTITY, clips)
    assert len(ragged) == len(clips)
    for row, clip in enumerate(clips):
        assert first_channel(ragged, row) == numbers(clip)


def test_what_is_stored_is_not_computed_again(store, tmp_path):
    clips, log = make_clips(tmp_path / "media", LENGTHS), tmp_path / "log"
    fill(store, Toy(log), IDENTITY, clips[:50])
    assert count(log) == 50
    fill(store, Toy(log), IDENTITY, clips)
    assert count(log) == 90
    again = fill(Store(store.root), Toy(log), IDENTITY, clips[::-1])
    assert count(log) == 90
    assert first_channel(again, 0) == numbers(clips[-1])


def test_another_encoder_computes_for_itself(store, tmp_path):
    clips, log = make_clips(tmp_path / "media", [3, 4]), tmp_path / "log"
    for n, change in enumerate([{}, {"arguments": {"layer": 4}}, {"version": "2"}], start=1):
        fill(store, Toy(log), {**IDENTITY, **change}, clips)
        assert count(log) == 2 * n
    fill(store, Toy(log), IDENTITY, clips, dtype="float16")
    assert count(log) == 8


class Mixes(torch.nn.Module):
    """A matrix on what `Toy` loads."""

    modality, version, dim, digest = "audio", "1", 3, ""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.linear, self.load = torch.nn.Linear(1, 3), Toy().load

    def forward(self, stream: Stream) -> Stream:
        return Stream(self.linear(stream.x), stream.mask)


def test_an_encoder_computes_in_the_precision_asked_for_on_a_shelf_of_its_own(
    store, tmp_path, monkeypatch
):
    monkeypatch.setattr("mertk.precision.fast_halves", lambda _: ["bf16"])
    (clip,), encoder = make_clips(tmp_path / "media", [40]), Mixes()
    single = fill(store, encoder, IDENTITY, [clip])
    half = fill(store, encoder, IDENTITY, [clip], precision="bf16")
    x = torch.from_numpy(encoder.load(clip))
    weight, bias = (p.detach() for p in encoder.linear.parameters())
    bf16 = (t.to(torch.bfloat16) for t in (x, weight, bias))
    assert torch.allclose(single.batch(torch.tensor([0])).x[0], x @ weight.T + bias)
    expected = torch.nn.functional.linear(*bf16).float()
    assert half.values.dtype == torch.float32
    assert torch.equal(half.batch(torch.tensor([0])).x[0], expected)
    assert len(list(store.root.glob("toy-*"))) == 2


def test_a_precision_that_the_device_is_bad_at_is_refused_before_anything_is_computed(
    store, tmp_path, monkeypatch
):
    monkeypatch.setattr("mertk.precision.fast_halves", lambda _: [])
    clips, log = make_clips(tmp_path / "media", [3]), tmp_path / "log"
    told = r"^toy: bf16 is many times slower than fp32 on this cpu; say `precision: fp32` of it$"
    with pytest.raises(MertkError, match=told):
        fill(store, Toy(log), IDENTITY, clips, precision="bf16")
    assert count(log) == 0


def test_clips_that_read_the_same_content_share_one_computation(store, tmp_path):
    clips, log = make_clips(tmp_path / "media", [3, 4]), tmp_path / "log"
    twin = replace(clips[0], id="twin", speaker="M2")
    ragged = fill(store, Toy(log), IDENTITY, [twin, *clips])
    assert count(log) == 2
    assert first_channel(ragged, 0) == first_channel(ragged, 1) == numbers(twin)


def test_a_clip_without_the_modality_has_no_step_and_costs_nothing(store, tmp_path):
    clips, log = make_clips(tmp_path / "media", [3, 4]), tmp_path / "log"
    clips[0] = replace(clips[0], media={})
    ragged = fill(store, Toy(log), IDENTITY, clips)
    assert ragged.lengths.tolist() == [0, 4]
    assert count(log) == 1


@pytest.mark.parametrize(("stage", "channels"), [("output", 3), ("input", 1)])
def test_when_no_clip_has_the_modality_the_channels_are_still_known(
    store, tmp_path, stage, channels
):
    clips = [replace(clip, media={}) for clip in make_clips(tmp_path / "media", [3, 4])]
    ragged = fill(store, Toy(), IDENTITY, clips, stage=stage)
    assert ragged.dim == channels
    assert ragged.batch(torch.tensor([0, 1])).x.shape == (2, 1, channels)
    assert fill(store, Toy(), IDENTITY, [], stage="output").dim == 3


def test_features_that_are_looked_up_by_id_are_kept_by_id(store, tmp_path):
    class Lookup(Toy):
        modality = FEATURES
        dim = 1
        asked = 0

        def load(self, clip):
            Lookup.asked += 1
            return np.full((0 if clip.id == "none" else 2, 1), len(clip.id), np.float32)

        def __call__(self, stream):
            return stream

    clips = [Clip(name, {}, "F1") for name in ("a", "none", "abc")]
    for _ in range(2):
        ragged = fill(store, Lookup(), IDENTITY, clips)
        assert [first_channel(ragged, row) for row in (0, 2)] == [[1, 1], [3, 3]]
        assert ragged.lengths.tolist() == [2, 0, 2]
    assert Lookup.asked == 3


def test_what_a_trained_encoder_loads_is_kept_as_it_is(store, tmp_path):
    class Frames(Toy):
        def load(self, clip):
            return (super().load(clip)[:, :, None, None] * 20).astype(np.uint8).repeat(4, 3)

        def __call__(self, stream):
            raise AssertionError("it is the model that encodes")

    clips = make_clips(tmp_path / "media", [3, 5])
    told = []
    ragged = fill(store, Frames(), IDENTITY, clips, stage="input", advance=told.append)
    assert ragged.values.dtype == torch.uint8
    assert ragged.values.shape == (8, 1, 1, 4)
    np.testing.assert_array_equal(ragged.values[3:].numpy(), Frames().load(clips[1]))
    assert sum(told) == 2
    # An output of the same encoder does not meet it.
    assert fill(store, Toy(), IDENTITY, clips).dim == 3


def test_half_precision_is_kept_where_it_is_asked_for(store, tmp_path):
    clips = make_clips(tmp_path / "media", [3, 5])
    ragged = fill(store, Toy(), IDENTITY, clips, dtype="float16")
    assert ragged.values.dtype == torch.float16
    expected = torch.tensor(numbers(clips[0])).half().float()
    assert first_channel(ragged, 0) == expected.tolist()


def test_progress_adds_up_to_all_clips(store, tmp_path):
    clips = make_clips(tmp_path / "media", LENGTHS)
    clips[1] = replace(clips[1], media={})
    clips[2] = replace(clips[2], media={"audio": MediaRef(tmp_path / "gone")})
    clips.append(replace(clips[0], id="twin"))
    clips[5].media["audio"].path.write_bytes(b"broken")
    clips[6].media["audio"].path.write_bytes(b"")
    for _ in range(2):
        told = []
        with pytest.raises(BrokenMedia):
            fill(store, Toy(), IDENTITY, clips, advance=told.append)
        assert sum(told) == len(clips)


# batches


@given(st.lists(st.integers(0, 30), max_size=20), st.integers(1, 60))
def test_batches_hold_similar_lengths_within_the_budget(lengths, budget):
    found = list(batches(lengths, budget))
    assert sorted(i for batch in found for i in batch) == [i for i, n in enumerate(lengths) if n]
    order = [lengths[i] for batch in found for i in batch]
    assert order == sorted(order, reverse=True)
    for batch in found:
        assert len(batch) == 1 or max(lengths[i] for i in batch) * len(batch) <= budget


def test_memory_is_bounded_by_what_clips_load(store, tmp_path, monkeypatch):
    """Large clips go through one by one, whatever their number."""
    monkeypatch.setattr(filling, "BLOCK_BYTES", 1 << 20)
    monkeypatch.setattr(encode, "BATCH_NUMBERS", {"cpu": 1 << 16})
    held, most, lock = set(), [], threading.Lock()

    class Large(Toy):
        def load(self, clip):
            array = np.ones((1 << 17, 1), np.float32)  # half a block
            with lock:
                held.add(clip.id)
            return array

        def __call__(self, stream):
            most.append((len(held), len(stream.x)))
            held.discard(next(iter(held)))
            return Stream(stream.x[:, :1].expand(-1, -1, 3), stream.mask[:, :1])

    fill(store, Large(), IDENTITY, make_clips(tmp_path / "media", range(1, 31)), workers=2)
    assert len(most) == 30
    # A block of two, and as many ahead.
    assert max(waiting for waiting, _ in most) <= 5
    assert {clips for _, clips in most} == {1}


def test_loading_goes_on_while_the_encoder_runs(store, tmp_path, monkeypatch):
    monkeypatch.setattr(filling, "BLOCK_CLIPS", 4)
    clips = make_clips(tmp_path / "media", [2] * 12)
    fifth = threading.Event()

    class Watched(Toy):
        def load(self, clip):
            if clip.id == "clip4":
                fifth.set()
            return super().load(clip)

        def __call__(self, stream):
            # The first block has four clips: the fifth is loaded meanwhile, or never.
            assert fifth.wait(30)
            return super().__call__(stream)

    assert len(fill(store, Watched(), IDENTITY, clips, workers=2)) == 12


def test_a_module_runs_in_evaluation_mode_without_gradients(store, tmp_path):
    class Module(torch.nn.Module, Toy):
        def __init__(self):
            super().__init__()
            self.log, self.seconds = None, 0.0
            self.linear = torch.nn.Linear(1, 3)

        def __call__(self, stream):
            assert not self.training
            x = self.linear(stream.x)
            assert not x.requires_grad
            return Stream(x, stream.mask)

    module = Module()
    clips = make_clips(tmp_path / "media", [3])
    ragged = fill(store, module, IDENTITY, clips)
    with torch.no_grad():
        expected = module.linear(torch.tensor(numbers(clips[0]))[:, None])
    torch.testing.assert_close(ragged.batch(torch.tensor([0])).x[0], expected)


# what goes wrong


def test_broken_clips_are_named_and_the_others_stored(store, tmp_path):
    clips, log = make_clips(tmp_path / "media", [3] * 30), tmp_path / "log"
    for i in (4, 9):
        clips[i].media["audio"].path.write_bytes(b"broken")
    clips[7] = replace(clips[7], media={"audio": MediaRef(tmp_path / "gone.raw")})
    with pytest.raises(BrokenMedia) as told:
        fill(store, Toy(log), IDENTITY, clips)
    assert told.value.clips.keys() == {"clip4", "clip7", "clip9"}
    assert "is not sound" in told.value.clips["clip4"]
    message = str(told.value)
    assert message.startswith("toy: 3 of 30 clips cannot be read\n")
    assert "clip7" in message
    assert "gone.raw" in message
    assert "--set 'dataset.exclude=[clip7, clip4, clip9]'" in message
    assert "--set dataset.broken=skip" in message
    assert count(log) == 27

    sound = [clip for clip in clips if clip.id not in told.value.clips]
    assert first_channel(fill(store, Toy(log), IDENTITY, sound), 4) == numbers(sound[4])
    assert count(log) == 27


def test_a_long_list_of_broken_clips_is_cut():
    error = BrokenMedia("toy", {f"clip{i}": "is not sound" for i in range(50)}, 60)
    assert "toy: 50 of 60 clips" in str(error)
    assert str(error).count("is not sound") == 20
    assert "and 30 more" in str(error)
    assert "..." not in str(error), "nothing to be pasted is cut"
    assert (
        "--set dataset.exclude=@FILE leaves those in a list of `mertk doctor --exclude FILE`"
        in (str(error))
    )
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.clips) == (str(error), error.clips)


def test_every_clip_that_reads_a_broken_file_is_named(store, tmp_path):
    clips = make_clips(tmp_path / "media", [3])
    clips[0].media["audio"].path.write_bytes(b"broken")
    with pytest.raises(BrokenMedia) as told:
        fill(store, Toy(), IDENTITY, [*clips, replace(clips[0], id="twin")])
    assert told.value.clips.keys() == {"clip0", "twin"}


def test_sound_that_holds_no_numbers_is_broken(store, tmp_path):
    clips = make_clips(tmp_path / "media", [3, 3])
    np.array([1, np.nan], np.float32).tofile(clips[1].media["audio"].path)
    with pytest.raises(BrokenMedia, match=r"clip1: .*1\.raw: holds NaN or infinity"):
        fill(store, Toy(), IDENTITY, clips)


def output(x=lambda x: x, mask=lambda mask: mask):
    """A toy whose output is changed on its way out, for batches that hold the first clip."""

    class Changed(Toy):
        def __call__(self, stream):
            out = super().__call__(stream)
            return Stream(x(out.x), mask(out.mask))

    return Changed()


def gap(mask):
    mask = mask.clone()
    mask[-1, 0] = False
    return mask


def nothing(mask):
    mask = mask.clone()
    mask[-1] = False
    return mask


def spoil(value):
    def change(x):
        x = x.clone()
        x[-1, 0, 1] = value
        return x

    return change


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        (output(x=spoil(float("nan"))), "toy: it gives NaN or infinity for clip 'clip0'"),
        (output(x=spoil(float("inf"))), "toy: it gives NaN or infinity for clip 'clip0'"),
        (output(mask=gap), "toy: its mask of clip 'clip0' has a gap"),
        (output(mask=nothing), "toy: clip 'clip0' is too short for it, no step is left"),
        (output(x=lambda x: x[:, :, :2]), r"its output is \[2, 5, 2\].*ask for \[2, T, 3\]"),
        (output(x=lambda x: x[:1]), r"its output is \[1, 5, 3\]"),
        (output(x=lambda x: x[:, :, 0]), r"its output is \[2, 5\]"),
        (output(mask=lambda mask: mask.float()), r"its mask is torch.float32 \[2, 5\]"),
        (output(mask=lambda mask: mask[:, 1:]), r"its mask is torch.bool \[2, 4\]"),
    ],
)
def test_an_output_that_breaks_the_contract_is_refused_by_name(store, tmp_path, encoder, message):
    clips = make_clips(tmp_path / "media", [3, 5])
    with pytest.raises(BadEncoding, match=message):
        fill(store, encoder, IDENTITY, clips)
    assert fill(store, Toy(), IDENTITY, clips).lengths.tolist() == [3, 5]


def test_padding_may_hold_anything(store, tmp_path):
    def spoil_padding(x):
        x = x.clone()
        x[-1, -1] = float("nan")
        return x

    ragged = fill(store, output(x=spoil_padding), IDENTITY, make_clips(tmp_path / "m", [3, 5]))
    assert ragged.lengths.tolist() == [3, 5]
    assert torch.isfinite(ragged.values).all()


def test_numbers_too_large_for_half_precision_are_not_stored_as_infinity(store, tmp_path):
    clips = make_clips(tmp_path / "media", [3])
    with pytest.raises(BadEncoding, match=r"'clip0' is too large for torch\.float16"):
        fill(store, output(x=lambda x: x + 1e6), IDENTITY, clips, dtype="float16")


@pytest.mark.parametrize("stage", ["input", "output"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda x: x.repeat(2, 1),
            r"loads clip 'clip1' as float32 \[2\], and others as float32 \[1",
        ),
        (lambda x: x.astype(np.float64), r"as float64 \[1\], and others as float32 \[1\]"),
        (lambda x: x.astype(object), r"it loads clip 'clip1' wrongly: a step of object \[1\]"),
        (lambda x: x[:, :0], r"wrongly: a step of float32 \[0\]"),
        (lambda x: np.float32(1), "it loads clip 'clip1' wrongly"),
    ],
)
def test_clips_that_load_differently_are_refused_by_name(store, tmp_path, stage, change, message):
    class Odd(Toy):
        def load(self, clip):
            array = super().load(clip)
            return change(array) if clip.id == "clip1" else array

    clips = make_clips(tmp_path / "media", [3, 5])
    with pytest.raises(BadEncoding, match=message):
        fill(store, Odd(), IDENTITY, clips, stage=stage)


@pytest.mark.parametrize("where", ["load", "encode"])
def test_a_programming_error_of_an_encoder_says_which_clip_and_keeps_what_was_stored(
    store, tmp_path, monkeypatch, where
):
    monkeypatch.setattr(filling, "BLOCK_CLIPS", 4)

    class Faulty(Toy):
        def load(self, clip):
            if where == "load" and clip.id == "clip9":
                raise ZeroDivisionError("a bug")
            return super().load(clip)

        def __call__(self, stream):
            if where == "encode" and stream.x.shape[1] == 9:
                raise ZeroDivisionError("a bug")
            return super().__call__(stream)

    clips, log = make_clips(tmp_path / "media", [3] * 9 + [9] + [3] * 5), tmp_path / "log"
    with pytest.raises(ZeroDivisionError) as told:
        fill(store, Faulty(), IDENTITY, clips)
    assert "clip9" in told.value.__notes__[0]
    fill(store, Toy(log), IDENTITY, clips)
    assert count(log) == 15 - 8


def test_ctrl_c_leaves_a_store_that_goes_on(store, tmp_path, monkeypatch):
    monkeypatch.setattr(filling, "BLOCK_CLIPS", 4)
    clips, log = make_clips(tmp_path / "media", LENGTHS), tmp_path / "log"

    def interrupt(_):
        if count(log) >= 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(store, Toy(log), IDENTITY, clips, advance=interrupt)
    done = (count(log) - 1) // 4 * 4  # without the block that was at work
    undisturbed = Store(tmp_path / "undisturbed")
    fill(undisturbed, Toy(), IDENTITY, clips)
    log.unlink()
    fill(store, Toy(log), IDENTITY, clips)
    assert count(log) == 90 - done
    assert contents(store) == contents(undisturbed)


def test_a_stored_corpus_is_read_without_writing_anything(store, tmp_path, monkeypatch):
    clips = make_clips(tmp_path / "media", [3, 5])
    fill(store, Toy(), IDENTITY, clips)

    def refuse(*_):
        raise AssertionError("nothing is to be written")

    monkeypatch.setattr(append.Writer, "__enter__", refuse)
    assert fill(store, Toy(), IDENTITY, clips).lengths.tolist() == [3, 5]


def spoil_store(store, ragged, *rows):
    """Flip a bit of what is stored of some clips."""
    (path,) = store.root.glob("*/data.bin")
    data = bytearray(path.read_bytes())
    step = ragged.dim * ragged.values.element_size()
    for row in rows:
        data[int(ragged.starts[row]) * step + 2] ^= 16
    path.write_bytes(data)


def test_what_is_damaged_is_named_and_computed_again_to_the_same_numbers(
    store, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(filling, "BLOCK_CLIPS", 4)
    clips, log = make_clips(tmp_path / "media", LENGTHS[:18]), tmp_path / "log"
    whole = fill(store, Toy(log), IDENTITY, clips).in_memory()
    spoil_store(store, fill(store, Toy(), IDENTITY, clips), 5, 6, 17)
    assert not caplog.records
    log.unlink()
    seen = []
    mended = fill(store, Toy(log), IDENTITY, clips, advance=seen.append)
    (told,) = caplog.messages
    assert (
        "3 of the stored sequences are no longer what was written (clips clip5, clip6, clip17)"
        in told
    )
    # The toy's output tells in which company a clip was encoded: each block came out as it was.
    assert count(log) == 4 + 2
    assert sum(seen) == 18
    for row in range(18):
        rows = torch.tensor([row])
        torch.testing.assert_close(mended.batch(rows).x, whole.batch(rows).x, rtol=0, atol=0)
    caplog.clear()
    fill(Store(store.root), Toy(log), IDENTITY, clips)
    assert (count(log), caplog.messages) == (6, [])


def test_damage_is_mended_beside_what_is_missing_and_only_where_it_is_asked_for(
    store, tmp_path, caplog
):
    clips, log = make_clips(tmp_path / "media", LENGTHS[:9]), tmp_path / "log"
    stored = fill(store, Toy(log), IDENTITY, clips[:6])
    spoil_store(store, stored, 1, 4)
    log.unlink()
    ragged = fill(store, Toy(log), IDENTITY, [*clips[:3], *clips[6:]])
    assert "(clips clip1)" in caplog.text
    assert count(log) == 3 + 3
    assert first_channel(ragged, 1) == numbers(clips[1])
    assert first_channel(fill(store, Toy(), IDENTITY, clips), 4) == numbers(clips[4])


def test_a_damaged_sequence_that_cannot_be_computed_again_is_not_used(store, tmp_path):
    clips = make_clips(tmp_path / "media", [3, 4])
    spoil_store(store, fill(store, Toy(), IDENTITY, clips), 1)

    class Deaf(Toy):
        def load(self, clip):
            raise MediaError(clip.id, "is not sound")

    with pytest.raises(BrokenMedia, match="clip1: is not sound"):
        fill(store, Deaf(), IDENTITY, clips)


# processes


def test_two_processes_that_fill_at_once_compute_every_clip_once(store, tmp_path):
    clips, log, here = make_clips(tmp_path / "media", LENGTHS), tmp_path / "log", tmp_path / "here"
    here.mkdir()
    sharing = (store.root, tmp_path / "media", len(clips), log, here, 2)
    processes = [start(fill_with_others, *sharing) for _ in range(2)]
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]
    assert count(log) == len(clips)
    ragged = fill(store, Toy(log), IDENTITY, clips)
    assert count(log) == len(clips)
    assert all(first_channel(ragged, row) == numbers(clip) for row, clip in enumerate(clips))


def test_a_store_that_was_killed_again_and_again_ends_as_an_undisturbed_one(store, tmp_path):
    clips = make_clips(tmp_path / "media", LENGTHS)
    undisturbed, log = Store(tmp_path / "undisturbed"), tmp_path / "log"
    process = start(fill_slowly, undisturbed.root, tmp_path / "media", len(clips), log, 0.0)
    process.join(120)
    assert process.exitcode == 0

    chance, killed_in_the_middle = random.Random(0), 0
    shelf = shelf_of(store, IDENTITY, "output", "float32")
    keys = store.keys("audio", clips)
    for _ in range(12):
        log.unlink(missing_ok=True)
        process = start(fill_slowly, store.root, tmp_path / "media", len(clips), log, 0.004)
        while not count(log) and process.is_alive():
            time.sleep(0.001)
        time.sleep(chance.uniform(0.0, 0.05))
        process.kill()
        process.join(120)
        killed_in_the_middle += 0 < len(shelf.missing(keys)) < len(clips)
    assert killed_in_the_middle >= 2
    process = start(fill_slowly, store.root, tmp_path / "media", len(clips), log, 0.0)
    process.join(120)
    assert process.exitcode == 0
    assert shelf.damaged(keys) == []
    assert contents(store) == contents(undisturbed)


@pytest.mark.parametrize("size", [100, 3000, 20_000])
def test_a_real_write_that_fails_is_told_and_loses_nothing(store, tmp_path, size):
    clips, answer = make_clips(tmp_path / "media", LENGTHS), tmp_path / "answer"
    process = start(
        fill_with_little_space, store.root, tmp_path / "media", len(clips), size, answer
    )
    process.join(120)
    assert process.exitcode == 0
    told = answer.read_text()
    assert str(store.root) in told
    assert "no space for 0.0" in told
    assert "(File too large)" in told
    shelf = shelf_of(store, IDENTITY, "output", "float32")
    keys = store.keys("audio", clips)
    assert len(shelf.missing(keys)) > 0
    assert size == 100 or len(shelf.missing(keys)) < len(clips)

    log = tmp_path / "log"
    for root in (store.root, tmp_path / "undisturbed"):
        process = start(fill_slowly, root, tmp_path / "media", len(clips), log, 0.0)
        process.join(120)
        assert process.exitcode == 0
    assert contents(store) == contents(Store(tmp_path / "undisturbed"))
