import json
import shutil
import subprocess
from pathlib import Path

import pytest

from reimagine.apps.study import main
from reimagine.errors import InputError
from reimagine.scores.study import Pair, study_page, tally


@pytest.fixture
def runs(tmp_path):
    for side in ("a", "b"):
        for name in ("one", "two", "three"):
            run = tmp_path / side / name
            run.mkdir(parents=True)
            (run / "request.json").write_text("{}")
            (run / "video.mp4").write_bytes(f"{side}{name}".encode())
    return tmp_path


def _answers(path: Path, marks: list[str]) -> Path:
    answers = [{"pair": "x", "preferred": mark} for mark in marks]
    path.write_text(json.dumps({"schema": "reimagine.study/1", "answers": answers}))
    return path


def test_the_page_needs_nothing_beside_it(runs):
    assert main([str(runs / "a"), str(runs / "b"), "--out", str(runs / "study.html")]) == 0
    text = (runs / "study.html").read_text()
    assert text.count("data:video/mp4;base64,") == 6
    assert "http" not in text


@pytest.mark.parametrize(
    "name", ["</script>", "<!--<script>", "<!--", "]]>", "\u2028", "__CONTENT__", 'a"\\', "\udcff"]
)
def test_a_name_or_question_cannot_break_out_of_the_script(runs, name):
    video = runs / "a" / "one" / "video.mp4"
    text = study_page([Pair(name=name, a=video, b=video)], question=name, seed=0)
    text.encode()
    script = text.split("<script>")
    assert len(script) == 2
    assert script[1].count("</script>") == 1
    written = script[1].split("const study = ")[1].split(";\n")[0]
    assert not {"<", ">", "\u2028"} & set(written)
    held = json.loads(written)
    assert (held["pairs"][0]["name"], held["question"]) == (name, name)


def test_a_tie_counts_half(tmp_path):
    got = tally([_answers(tmp_path / "x.json", ["a", "b", "b", "tie"])])
    assert (got.a, got.b, got.ties, got.share_b) == (1, 2, 1, 0.625)
    assert got.low < 0.625 < got.high


def test_five_people_are_drawn_as_people(tmp_path):
    files = [_answers(tmp_path / f"{k}.json", ["b"] * 40) for k in range(4)]
    files.append(_answers(tmp_path / "last.json", ["a"] * 40))
    got = tally(files)
    assert got.share_b == pytest.approx(0.8)
    assert got.high - got.low > 0.3
    assert (got.low, got.high) == (pytest.approx(0.245, abs=0.001), 1.0)


def test_what_holds_no_answers_is_refused(tmp_path):
    (tmp_path / "x.json").write_text("[]")
    with pytest.raises(InputError, match=r"x\.json holds no answers of a study"):
        tally([tmp_path / "x.json"])
    with pytest.raises(InputError, match="others than a, b and tie"):
        tally([_answers(tmp_path / "y.json", ["left"])])
    for broken in ([1], ["b"], [None], [[]], [{"preferred": []}], [{"preferred": {}}], {}, 3, None):
        held = {"schema": "reimagine.study/1", "answers": broken}
        (tmp_path / "y.json").write_text(json.dumps(held))
        with pytest.raises(InputError, match="others than a, b and tie"):
            tally([tmp_path / "y.json"])
    for text in ("[" * 100_000, '{"schema": []}', "null", "\x00", '{"a": ' * 100_000, "1" * 5000):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(InputError, match=r"x\.json holds no answers of a study"):
            tally([tmp_path / "x.json"])
    with pytest.raises(InputError, match="got no files"):
        tally([])


def test_runs_without_videos_or_in_common_are_refused(runs, tmp_path):
    (runs / "b" / "one" / "video.mp4").unlink()
    with pytest.raises(InputError, match="There is no video"):
        main([str(runs / "a"), str(runs / "b")])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="hold no runs of the same names"):
        main([str(runs / "a"), str(tmp_path / "empty")])


def test_keys_pressed_in_a_browser_become_answers_that_can_be_counted(runs):
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium here: the page is not tried in a browser")
    page = runs / "study.html"
    main([str(runs / "a"), str(runs / "b"), "--out", str(page)])
    presses = """<script>
const press = key => dispatchEvent(new KeyboardEvent("keydown", {key, cancelable: true}));
$("who").value = "tester"; $("save").removeAttribute("download"); $("save").click = () => {};
press("Enter"); const sides = [];
for (const key of ["ArrowLeft", "ArrowRight", "ArrowDown"]) {
  sides.push([order[at].swapped, $("left").src === study.pairs[order[at].index].b]); press(key); }
document.body.innerHTML = "<pre id=got>" + decodeURIComponent($("save").href.split(",").slice(1).join(","))
  + "</pre><pre id=sides>" + JSON.stringify(sides) + "</pre>";
</script>"""
    page.write_text(page.read_text().replace("</html>", presses + "</html>"))
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += [f"--user-data-dir={runs / 'profile'}", "--disable-dev-shm-usage", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert '<pre id="got">' in done.stdout, done.stderr[-500:]
    text = done.stdout.split('<pre id="got">')[1].split("</pre>")[0]
    held = json.loads(text)
    assert held["who"] == "tester"
    sides = [answer["side"] for answer in held["answers"]]
    assert sides == ["left", "right", "tie"]
    for answer in held["answers"][:2]:
        left_is_b = answer["swapped"]
        chosen_b = left_is_b == (answer["side"] == "left")
        assert answer["preferred"] == ("b" if chosen_b else "a")
    assert {answer["pair"] for answer in held["answers"]} == {"one", "two", "three"}
    shown = json.loads(done.stdout.split('<pre id="sides">')[1].split("</pre>")[0])
    assert all(swapped == left_is_b for swapped, left_is_b in shown)
    (runs / "answers.json").write_text(text)
    assert tally([runs / "answers.json"]).answers == 3
