"""What describes a dataset to people (README.md) and to tools (Croissant)."""

from typing import Any

PUBLISHED = "2026-12-01"
"""When this version of the generator came out: equal plans give equal descriptions on any day."""
_ABOUT = "Made people with every label known, after the canonical dataset of the paper ReImagine."
_CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
_FIELDS = (
    ("jpg", "the picture as photographed: surroundings, noise, sharpening, compression"),
    ("png", "the person alone, RGBA, straight alpha, without the camera's faults"),
    (
        "npz",
        "labels: part, limb (uint8); depth_mm (uint16; front, back, undressed front and back); "
        "normals_front, normals_back, normals_body_front, normals_body_back (uint8, the official colours); flow (float16, "
        "pixels to the next frame, where there is one)",
    ),
    (
        "json",
        "facts: traits, stance, camera (K, R, t; OpenCV axes), joints and face landmarks, SMPL-X pose, split",
    ),
)


def card(description: dict[str, Any]) -> str:
    """The card: what is in it, how it was made, what it is for and what it is not."""
    plan, balance = description["plan"], description["balance"]
    if plan["imported"] is not None:
        return _imported_card(description)
    files = "\n".join(f"* `.{ending}`: {text}" for ending, text in _FIELDS)
    tables = "\n\n".join(
        f"| {name} | people |\n|---|---|\n"
        + "\n".join(f"| {kind} | {count} |" for kind, count in row.items())
        for name, row in balance.items()
    )
    return f"""# Canonical people

{plan["people"]} made people in {description["samples"]} samples ({description["bytes"] / 1e6:.0f} MB), with every label known.
Nobody's likeness: bodies are drawn from the Anny model (Apache-2.0, assets CC0), faces, hair and clothes are made by rules.
Made by `reimagine dataset make`, version {description["version"]}, seed {plan["seed"]}. Licence: {description["licence"]}.

## What is in it
Tar shards in WebDataset's layout. Names are `p0000012_v003` (a view), `p0000012_front` and `p0000012_back` (canonical
pictures), `p0000012_front_upper` (a part cut out on white). Each has some of:
{files}

Every tenth person is in the split `test` and must not be trained on. Pictures measure {plan["width"]}x{plan["height"]};
{plan["busy"]:.0%} have a background that is not plain.

## For what, and for what not
For training and testing models of silhouettes, parts, limbs, depth, pose and clothes in pictures of whole people. Cloth is
made by rules, faces are simple, hands are bare: models trained on it alone should be checked on photographs. It holds no
underwear and no swim wear; children wear everyday clothes.

## Who is in it
{tables}

## Shards
{_shards(description)}
"""


def _imported_card(description: dict[str, Any]) -> str:
    plan = description["plan"]
    return f"""# {plan["imported"]}, {plan["people"]} people

Imported by `reimagine dataset import`: {description["samples"]} pictures of {plan["width"]}x{plan["height"]} in WebDataset's layout,
`.jpg` (the picture), `.png` (the person alone, RGBA) and `.json` (camera, SMPL-X parameters, split). Labels that the captures do not
have are absent. **Its licence is {description["licence"]}**, as are the people in it: do not pass it on where that forbids it.
Every tenth person is in the split `test` and must not be trained on.

## Shards
{_shards(description)}
"""


def _shards(description: dict[str, Any]) -> str:
    rows = [
        f"| {one['name']} | {one['people']} | {one['samples']} | `{one['sha256']}` |"
        for one in description["shards"]
    ]
    return "\n".join(["| name | people | samples | SHA-256 |", "|---|---|---|---|", *rows])


def croissant(description: dict[str, Any]) -> dict[str, Any]:
    """A Croissant 1.0 description (mlcommons.org/croissant)."""
    shards = [
        {
            "@type": "cr:FileObject",
            "@id": one["name"],
            "name": one["name"],
            "contentUrl": one["name"],
            "encodingFormat": "application/x-tar",
            "sha256": one["sha256"],
            "contentSize": f"{one['bytes']} B",
        }
        for one in description["shards"]
    ]
    pictures = {
        "@type": "cr:FileSet",
        "@id": "pictures",
        "name": "pictures",
        "containedIn": [{"@id": one["name"]} for one in description["shards"]],
        "encodingFormat": "image/jpeg",
        "includes": "*.jpg",
    }
    fields = [
        {
            "@type": "cr:Field",
            "@id": "samples/name",
            "name": "samples/name",
            "description": "Name of the sample.",
            "dataType": "sc:Text",
            "source": {"fileSet": {"@id": "pictures"}, "extract": {"fileProperty": "filename"}},
        },
        {
            "@type": "cr:Field",
            "@id": "samples/picture",
            "name": "samples/picture",
            "description": "The picture as photographed.",
            "dataType": "sc:ImageObject",
            "source": {"fileSet": {"@id": "pictures"}, "extract": {"fileProperty": "content"}},
        },
    ]
    imported = description["plan"]["imported"]
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": "canonical-people" if imported is None else "imported-people",
        "description": _ABOUT if imported is None else f"Imported from {imported}.",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "license": _CC0 if imported is None else f"The licence of {imported}",
        "url": "https://example.org/canonical-people",
        "version": f"{description['version']}.0.0",
        "datePublished": PUBLISHED,
        "citeAs": "reimagine, canonical people",
        "distribution": [*shards, pictures],
        "recordSet": [
            {"@type": "cr:RecordSet", "@id": "samples", "name": "samples", "field": fields},
        ],
    }


_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
