import ast
import json
from pathlib import Path

from tools import person_method


def test_a_change_to_what_makes_persons_was_looked_at():
    changed = person_method.changed()
    assert not changed, (
        f"{', '.join(changed)} changed since METHOD was last looked at. Where the same photos now make another person, raise "
        "METHOD in src/reimagine/appearance/method.py, so that remembered persons are made anew. "
        "Then, in any case: python -m tools.person_method"
    )


def test_all_that_decides_a_person_is_looked_at():
    modules = {*person_method.digests()}
    assert {"appearance.build", "appearance.fit", "body.anny", "pictures", "records"} <= modules
    assert any(module.startswith("cameras.") for module in modules)
    assert not any(module.startswith(("frames", "refine", "scores", "apps")) for module in modules)


def test_a_change_of_one_file_and_a_raised_version_are_seen(tmp_path: Path):
    held = json.loads(person_method.NOTE.read_text())
    note = tmp_path / "method.json"
    note.write_text(json.dumps({**held, "modules": {**held["modules"], "pictures": "other"}}))
    assert "pictures" in person_method.changed(note)
    note.write_text(json.dumps({**held, "method": held["method"] - 1}))
    assert person_method.changed(note) == ["METHOD"]


def test_words_alone_change_nothing():
    plain, told = (
        ast.parse(f"def f():\n{words}    return 1\n") for words in ("", '    """W."""\n')
    )
    dumps = [ast.dump(person_method._without_words(tree)) for tree in (plain, told)]  # pyright: ignore[reportPrivateUsage]
    assert dumps[0] == dumps[1]
