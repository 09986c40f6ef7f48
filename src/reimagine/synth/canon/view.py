"""A page to browse a dataset: a few pictures of each person, filtered by what they wear."""

import base64
import html
import json
from typing import Any

import cv2
import numpy as np

from reimagine.synth.canon.dataset import Store, read_description
from reimagine.synth.canon.read import grouped

_PER_PERSON = 3
_HEIGHT = 208


def view_page(folder: str, people: int) -> str:
    """A self-contained page of the first so many people.

    Raises:
        InputError: where there is no finished dataset.
    """
    description, store = read_description(folder), Store(folder)
    cards: list[str] = []
    for shard in description["shards"]:
        if len(cards) >= people:
            break
        cards += _cards(store.read(shard["name"]))
    text = _PAGE.replace("__CARDS__", "\n".join(cards[:people]))
    held = f"{description['plan']['people']} people, {description['samples']} samples"
    return text.replace("__HELD__", html.escape(held))


def _cards(data: bytes) -> list[str]:
    shown: dict[int, list[str]] = {}
    told: dict[int, dict[str, Any]] = {}
    for _, files in grouped(data):
        if "jpg" not in files:
            continue
        facts = json.loads(files["json"])
        person = int(facts["person"])
        told[person] = facts
        pictures = shown.setdefault(person, [])
        if len(pictures) < _PER_PERSON:
            pictures.append(_small(files["jpg"]))
    return [_card(told[person], pictures) for person, pictures in shown.items()]


def _card(facts: dict[str, Any], pictures: list[str]) -> str:
    words = [*_told(facts["traits"]), facts["split"]] if "traits" in facts else [facts["split"]]
    images = "".join(
        f'<img loading="lazy" alt="" src="data:image/jpeg;base64,{one}">' for one in pictures
    )
    text = html.escape(", ".join(words))
    return f'<figure data-words="{text.lower()}">{images}<figcaption>{facts["person"]}: {text}</figcaption></figure>'


def _told(traits: dict[str, Any]) -> list[str]:
    worn = [one for one in traits["outfit"].values() if one]
    looks = [f"{traits['age_years']} years", f"Monk {traits['monk']}", traits["hair_style"]]
    return [*looks, *worn, traits["footwear"]]


def _small(jpeg: bytes) -> str:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    width = max(1, round(image.shape[1] * _HEIGHT / image.shape[0]))
    _, small = cv2.imencode(
        ".jpg", cv2.resize(image, (width, _HEIGHT), interpolation=cv2.INTER_AREA)
    )
    return base64.b64encode(small.tobytes()).decode("ascii")


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>Canonical people</title>
<style>:root{color-scheme:light dark}body{font:15px/1.4 system-ui,sans-serif;margin:1rem}
main{display:flex;flex-wrap:wrap;gap:.8rem}figure{margin:0}img{height:208px;border-radius:4px;margin-right:2px}
figcaption{max-width:390px;font-size:12px;opacity:.8}input{font:inherit;padding:.3rem .6rem;width:min(24rem,90vw)}</style>
<h1>Canonical people</h1><p>__HELD__</p>
<p><label>Show only people with <input id="filter" placeholder="coat hijab" autofocus></label></p>
<main>__CARDS__</main>
<script>const field=document.getElementById("filter");field.oninput=()=>{const words=field.value.toLowerCase().split(/\\s+/);
for(const one of document.querySelectorAll("figure"))one.hidden=!words.every(word=>one.dataset.words.includes(word))}</script></html>
"""
