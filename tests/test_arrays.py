"""Arrays on disk."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from segue.arrays import ALIGNED, MAPPED, load_npz, save_npz

BIG = MAPPED // 4 + 3


def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "a": rng.random(3),
        "größe/x": np.arange(BIG, dtype=np.float32),
        "empty": np.empty((0, 5), np.int8),
        "columns": np.asfortranarray(rng.random((600, 700))),
        "text": np.array("{}"),
        "flag": np.arange(MAPPED + 1) % 3 == 0,
    }


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    save_npz(path, arrays())
    back = load_npz(path)
    packed = io.BytesIO()
    save_npz(packed, arrays())
    packed.seek(0)
    from_bytes = load_npz(packed)
    with np.load(path, allow_pickle=False) as of_numpy:
        for name, array in arrays().items():
            for each in (back[name], from_bytes[name], of_numpy[name]):
                assert each.dtype == array.dtype
                assert each.flags.f_contiguous == array.flags.f_contiguous
                np.testing.assert_array_equal(each, array)
    assert list(back) == list(arrays())


def test_large_arrays_are_mapped_aligned_and_our_own(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    save_npz(path, arrays())
    before = path.read_bytes()
    back = load_npz(path)
    for name in ("größe/x", "columns", "flag"):
        assert not back[name].flags.owndata
        assert back[name].ctypes.data % ALIGNED == 0
    back["größe/x"][0] = 5.0  # of this process only
    assert path.read_bytes() == before
    path.unlink()  # and a file that is pruned stays readable for who has it open
    assert back["größe/x"][-1] == BIG - 1


def test_a_file_of_numpys_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, **{name: array for name, array in arrays().items() if "/" not in name})
    assert all(array.flags.aligned for array in load_npz(path).values())
    np.savez_compressed(path, x=np.arange(BIG))
    np.testing.assert_array_equal(load_npz(path)["x"], np.arange(BIG))


def test_damage_is_a_value_error(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    save_npz(path, arrays())
    data = path.read_bytes()
    for cut in (0, 10, 1000, len(data) // 2, len(data) - 10):
        path.write_bytes(data[:cut])
        with pytest.raises(ValueError):
            load_npz(path)
    path.write_bytes(data)
    with pytest.raises(ValueError, match="allow_pickle"):
        save_npz(path, {"x": np.array([object()], dtype=object)})
    assert path.read_bytes() == data
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", b"no array")
    with pytest.raises(ValueError):
        load_npz(path)
    with pytest.raises(FileNotFoundError):
        load_npz(tmp_path / "none.npz")


def test_an_array_that_is_lost_from_the_list_of_arrays_is_missed(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    save_npz(path, {"a": np.arange(3), "b": np.arange(4)})
    data = path.read_bytes()
    first, second = data.index(b"PK\x01\x02"), data.rindex(b"PK\x01\x02")
    extra = int.from_bytes(data[first + 30 : first + 32], "little") + data.rindex(b"PK\x05\x06") - second
    path.write_bytes(data[: first + 30] + extra.to_bytes(2, "little") + data[first + 32 :])
    with pytest.raises(ValueError, match=r"lost|damaged|extra"):
        load_npz(path)


@pytest.mark.parametrize("sizes", [(20,), (24,), (20, 24)])
def test_no_size_of_an_array_that_is_not_mapped_makes_it_one_that_is(
    tmp_path: Path, sizes: tuple[int, ...]
) -> None:
    path = tmp_path / "a.npz"
    save_npz(path, {"a": np.zeros(20), "b": np.zeros(20)})
    changed = bytearray(path.read_bytes())
    changed[200] = 1  # in the first array
    listed = changed.index(b"PK\x01\x02")
    for size in sizes:
        changed[listed + size + 3] ^= 4  # 64 MB more, packed or unpacked
    path.write_bytes(changed)
    with pytest.raises(ValueError, match=r"size|damaged"):
        load_npz(path)


def test_the_checksum_counts_wherever_damage_lets_an_array_end(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    save_npz(path, {"a": np.zeros((9, 2_000), np.uint8), "b": np.zeros(50_000, np.uint8)})
    data = path.read_bytes()
    changed, listed = bytearray(data), data.rindex(b"PK\x01\x02")
    for size in (listed + 20, listed + 24):  # of the last member, packed and unpacked
        changed[size + 1] ^= 0x04  # the array ends later
    changed[len(data) // 2] = 1
    path.write_bytes(changed)
    with pytest.raises(ValueError, match="more than an array"):
        load_npz(path)
    path.write_bytes(data.replace(b"(9, 2000)", b"(7, 2000)", 1))
    with pytest.raises(ValueError, match="CRC"):
        load_npz(path)
