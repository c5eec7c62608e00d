"""Room on the disk, and files that come and go."""

import os
import shutil

import spinfem.files.disk as disk
from spinfem.files.disk import room_for


def test_room_counts_what_is_of_ours(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_bytes(b"x" * 2**24)
    (tmp_path / "d").write_bytes(b"x" * 2**25)
    free = room_for(tmp_path)
    assert room_for(tmp_path, tmp_path / "a") - free > 2**23
    assert abs(room_for(tmp_path, tmp_path / "no") - free) < 2**23


def test_room_while_another_process_removes_its_files(tmp_path, monkeypatch):
    """Whatever is gone after its name was read: a file, or a folder with all that is in it."""
    for name in ("a/b", "a/c", "d/e"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").write_bytes(b"x")
    walk, seen = os.walk, []

    def walk_and_lose(place):
        for inside, folders, names in walk(place):
            seen.append(inside)
            if names:
                shutil.rmtree(inside)
                shutil.rmtree(tmp_path / "d", ignore_errors=True)
            yield inside, folders, names

    monkeypatch.setattr(disk.os, "walk", walk_and_lose)
    assert room_for(tmp_path, tmp_path) > 0
    assert len(seen) == 4
    assert not (tmp_path / "d").exists()
