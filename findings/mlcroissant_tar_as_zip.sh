#!/usr/bin/env bash
# Expected: mlcroissant loads the pictures of a tar that its Croissant description declares as application/x-tar.
# Seen: where a small .npz (a ZIP) lies near the tar's end, zipfile.is_zipfile takes the whole tar for a ZIP; the .npz alone
# is unpacked, and the record set comes out empty, without a warning. With 64 KiB of zeros after the tar's end it loads.
# Also: unpacked archives are kept by contentUrl, so a second dataset with a shard of the same name yields the first one's files.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q mlcroissant==1.0.17 numpy==2.2.6
CROISSANT_CACHE="$place/cache" "$place/venv/bin/python" - "$place" <<'PY'
import hashlib, importlib.metadata, io, json, pathlib, sys, tarfile
import mlcroissant, numpy

context = {"@language": "en", "@vocab": "https://schema.org/", "cr": "http://mlcommons.org/croissant/",
           "sc": "https://schema.org/", "dct": "http://purl.org/dc/terms/", "conformsTo": "dct:conformsTo",
           "recordSet": "cr:recordSet", "field": "cr:field", "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
           "source": "cr:source", "fileSet": "cr:fileSet", "extract": "cr:extract", "fileProperty": "cr:fileProperty",
           "includes": "cr:includes", "citeAs": "cr:citeAs"}

def rows(folder, name, text, tail):
    folder.mkdir()
    packed, data = io.BytesIO(), io.BytesIO()
    numpy.savez(packed, numbers=numpy.arange(9))
    with tarfile.open(fileobj=data, mode="w") as tar:
        for file, content in ((f"{text}.txt", text.encode()), (f"{text}.npz", packed.getvalue())):
            entry = tarfile.TarInfo(file)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    whole = data.getvalue() + bytes(tail)
    (folder / name).write_bytes(whole)
    described = {
        "@context": context, "@type": "sc:Dataset", "name": "tiny", "description": "tiny", "version": "1.0.0",
        "conformsTo": "http://mlcommons.org/croissant/1.0", "license": "CC0-1.0", "url": "https://example.org",
        "citeAs": "tiny", "datePublished": "2026-01-01",
        "distribution": [
            {"@type": "cr:FileObject", "@id": "tar", "name": "tar", "contentUrl": name,
             "encodingFormat": "application/x-tar", "sha256": hashlib.sha256(whole).hexdigest()},
            {"@type": "cr:FileSet", "@id": "texts", "name": "texts", "containedIn": {"@id": "tar"},
             "encodingFormat": "text/plain", "includes": "*.txt"}],
        "recordSet": [{"@type": "cr:RecordSet", "@id": "all", "name": "all", "field": [
            {"@type": "cr:Field", "@id": "all/name", "name": "all/name", "dataType": "sc:Text",
             "source": {"fileSet": {"@id": "texts"}, "extract": {"fileProperty": "filename"}}}]}],
    }
    (folder / "croissant.json").write_text(json.dumps(described))
    return [row["all/name"].decode() for row in mlcroissant.Dataset(jsonld=str(folder / "croissant.json")).records("all")]

place = pathlib.Path(sys.argv[1])
plain = rows(place / "plain", "plain.tar", "first", 0)
padded = rows(place / "padded", "padded.tar", "second", 1 << 17)
other = rows(place / "other", "padded.tar", "third", 1 << 17)
print("mlcroissant", importlib.metadata.version("mlcroissant"))
print("a tar with a small .npz at its end:", plain)
print("the same with zeros after the end:", padded)
print("another dataset whose tar has the same name:", other)
sys.exit(0 if (plain, padded, other) == ([], ["second.txt"], ["second.txt"]) else 1)
PY
