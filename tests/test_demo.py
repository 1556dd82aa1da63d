"""The demo as it learns: steps in processes of their own (the whole of it is in `cli/test_cli.py`)."""

from pathlib import Path

from segue.demo import Demo, Size


def test_once_stopped_it_begins_nothing_more(tmp_path: Path) -> None:
    made, begun = Demo(tmp_path / "demo", Size(50, 500, 1)), list[str]()
    made.watcher.begins = begun.append
    made.stop()
    assert made.stopped
    made.learn()
    assert begun == []
