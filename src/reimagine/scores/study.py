"""Blind paired comparison by people: one page that needs nothing beside it, and the tally of its answers."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from reimagine.errors import InputError
from reimagine.foreign import MOST_TEXT_BYTES, reads
from reimagine.scores.figures import mean_interval, wilson

SCHEMA = "reimagine.study/1"
MOST_BYTES = 200_000_000
"""Of all videos together: a larger page does not open well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two videos of one request."""

    name: str
    a: Path
    b: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often B was preferred to A; a tie counts half."""

    answers: int
    people: int
    a: int
    b: int
    ties: int
    share_b: float
    low: float
    high: float
    """95 % interval, 0..1: Wilson's over answers, or Student's over people where there are five or more and it is wider."""


def study_page(pairs: Sequence[Pair], *, question: str, seed: int) -> str:
    """The page: pairs in a random order, sides swapped at random, both drawn anew for each person from their name.

    Raises:
        InputError: for videos that are absent, or too large for a page.
    """
    size = 0
    items: list[dict[str, str]] = []
    for pair in pairs:
        for path in (pair.a, pair.b):
            if not path.is_file():
                raise InputError(
                    f"There is no video {path}; expected one in each run. Make the run with `video` mp4."
                )
            size += path.stat().st_size
        if size > MOST_BYTES:
            raise InputError(
                f"the videos are over {MOST_BYTES // 1_000_000} MB together; expected less for one page. "
                "Give fewer or shorter runs."
            )
        items.append({"name": pair.name, "a": _video(pair.a), "b": _video(pair.b)})
    content = {"schema": SCHEMA, "seed": seed, "question": question, "pairs": items}
    return _PAGE.replace("__CONTENT__", _in_script(content))


def _in_script(content: Mapping[str, Any]) -> str:
    """As JSON that holds nothing by which HTML could end a script or begin a comment: < is written as its number."""
    return json.dumps(content).replace("<", "\\u003c").replace(">", "\\u003e")


def tally(files: Sequence[Path]) -> Tally:
    """The answers of all files taken together.

    Raises:
        InputError: for a file that holds no answers of a study.
    """
    if not files:
        raise InputError("study tally got no files; expected the answers that the page saved.")
    counts = {"a": 0, "b": 0, "tie": 0}
    people: list[list[float]] = []
    for file in files:
        marks = _answers(file)
        for mark in marks:
            counts[mark] += 1
        people.append([{"a": 0.0, "b": 1.0, "tie": 0.5}[mark] for mark in marks])
    answers = sum(counts.values())
    wins = counts["b"] + counts["tie"] / 2
    low, high = wilson(wins, answers)
    if len(people) >= 5:
        by_person = mean_interval(np.array([np.mean(person) for person in people], np.float64))
        low, high = min(low, max(by_person.low, 0.0)), max(high, min(by_person.high, 1.0))
    return Tally(
        answers=answers,
        people=len(people),
        a=counts["a"],
        b=counts["b"],
        ties=counts["tie"],
        share_b=wins / answers,
        low=low,
        high=high,
    )


@reads("answers of a study", most_bytes=MOST_TEXT_BYTES)
def _answers(file: Path) -> list[str]:
    try:
        held: Any = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"There is no file {file}; expected the answers that the page saved. Check the name."
        ) from None
    except (OSError, ValueError, RecursionError):
        held = None
    study = _mapping(held)
    if study.get("schema") != SCHEMA:
        raise InputError(
            f"{file} holds no answers of a study; expected the file that its page saved at the end."
        )
    answers = study.get("answers")
    given = cast("list[object]", answers) if isinstance(answers, list) else []
    marks = [_mapping(one).get("preferred") for one in given]
    known = [mark for mark in marks if isinstance(mark, str) and mark in ("a", "b", "tie")]
    if not known or len(known) < len(marks):
        raise InputError(
            f"{file} holds no answers, or others than a, b and tie; expected a finished study."
        )
    return known


def _mapping(held: object) -> Mapping[str, Any]:
    """What JSON calls an object; an empty one for anything else."""
    return cast("Mapping[str, Any]", held) if isinstance(held, dict) else {}


def _video(path: Path) -> str:
    kind = {".webm": "video/webm", ".mp4": "video/mp4"}.get(path.suffix.lower())
    if kind is None:
        raise InputError(f"{path} does not play in a browser; expected .mp4 or .webm.")
    return f"data:{kind};base64," + base64.b64encode(path.read_bytes()).decode("ascii")


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>Which video is better?</title>
<style>:root{color-scheme:light}body{font:18px/1.5 system-ui,sans-serif;margin:1rem;text-align:center;background:#fff;color:#222}
video{max-width:44vw;max-height:68vh;height:68vh;border:1px solid #ddd;box-sizing:border-box}.sides{display:flex;justify-content:center;gap:2vw}
@media(max-width:700px){video{height:auto}}
button,input{font:inherit;padding:.4rem 1rem;margin:.3rem}[hidden]{display:none}</style>
<main id="start"><h1>Which video is better?</h1><p id="question"></p>
<p>You will see pairs of videos. Press the left or right arrow for the better one, the down arrow if neither is.</p>
<input id="who" placeholder="Your name or a number" autofocus><button id="go">Start</button></main>
<main id="pair" hidden><p id="where"></p><div class="sides">
<div><video id="left" muted playsinline></video><br><button id="l">&larr; left</button></div>
<div><video id="right" muted playsinline></video><br><button id="r">right &rarr;</button></div></div>
<button id="t">&darr; neither</button></main>
<main id="end" hidden><h1>Thank you</h1><p><a id="save">Save the answers</a> and send the file back.</p></main>
<script>
const study = __CONTENT__;
const $ = name => document.getElementById(name);
// mulberry32: the same person and seed get the same order.
function random(seed){return ()=>{seed=seed+0x6D2B79F5|0;let t=Math.imul(seed^seed>>>15,1|seed);
t=t+Math.imul(t^t>>>7,61|t)^t;return((t^t>>>14)>>>0)/4294967296}}
let order=[],at=0,answers=[],shown=0,who="";
function begin(){who=$("who").value.trim()||"nobody";let seed=study.seed|0;
for(const letter of who)seed=Math.imul(seed^letter.codePointAt(0),2654435761);
const draw=random(seed);order=study.pairs.map((pair,index)=>({index,swapped:draw()<.5}));
for(let i=order.length-1;i>0;i--){const j=Math.floor(draw()*(i+1));[order[i],order[j]]=[order[j],order[i]]}
$("start").hidden=true;$("pair").hidden=false;show()}
function show(){const now=order[at],pair=study.pairs[now.index];shown=Date.now();
$("where").textContent=(at+1)+" of "+order.length+": "+study.question;
$("left").src=now.swapped?pair.b:pair.a;$("right").src=now.swapped?pair.a:pair.b}
// Both start in one moment, and anew when both have ended: at different moments of a motion they could not be compared.
const both=[$("left"),$("right")];
function together(){for(const video of both)video.currentTime=0;for(const video of both)video.play().catch(()=>{})}
for(const video of both){video.onloadeddata=()=>{if(both.every(one=>one.readyState>1))together()};
video.onended=()=>{if(both.every(one=>one.ended))together()}}
function answer(side){if($("pair").hidden)return;const now=order[at];
const preferred=side==="tie"?"tie":(side==="left")!==now.swapped?"a":"b";
answers.push({pair:study.pairs[now.index].name,swapped:now.swapped,side,preferred,seconds:(Date.now()-shown)/1000});
if(++at<order.length)show();else finish()}
function finish(){$("pair").hidden=true;$("end").hidden=false;
const text=JSON.stringify({schema:study.schema,seed:study.seed,who,answers},null,1);
const link=$("save");link.href="data:application/json;charset=utf-8,"+encodeURIComponent(text);
link.download="answers-"+who.replace(/[^A-Za-z0-9_-]/g,"_")+".json";link.click()}
$("question").textContent=study.question;$("go").onclick=begin;
$("l").onclick=()=>answer("left");$("r").onclick=()=>answer("right");$("t").onclick=()=>answer("tie");
addEventListener("keydown",event=>{if(event.repeat)return;
if(!$("start").hidden&&event.key==="Enter")begin();
else{const side={ArrowLeft:"left",ArrowRight:"right",ArrowDown:"tie"}[event.key];if(side){event.preventDefault();answer(side)}}});
</script></html>
"""
