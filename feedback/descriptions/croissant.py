"""Croissant: what is in which file, in the words of ML Commons, for catalogues and loaders."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from feedback.descriptions.base import PREFERRED, Manifest, as_json, files_of
from feedback.formats import LISTS, Kind, get_training_format

_CONTEXT: Final = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_CONFORMS_TO: Final = "http://mlcommons.org/croissant/1.0"
_ENCODINGS: Final = {
    "jsonl": "application/jsonlines",
    "jsonl.gz": "application/gzip",
    "parquet": "application/x-parquet",
}
_TYPES: Final[Mapping[Kind, str]] = {
    "text": "sc:Text",
    "number": "sc:Integer",
    "truth": "sc:Boolean",
}
# Of the rest only what it is for is said: what is in it, the card and Parquet's own schema say.


def croissant(manifest: Manifest) -> bytes:
    """Return the metadata in JSON-LD: every file of rows, and one record set a format and split."""
    return as_json(
        {
            "@context": _CONTEXT,
            "@type": "sc:Dataset",
            "conformsTo": _CONFORMS_TO,
            "name": f"{manifest['name']}-{manifest['number']}",
            "description": "Drafts of language models, reviewed and rewritten by editors.",
            "version": f"{manifest['number']}.0.0",
            "distribution": [_file(file) for file in manifest["files"] if file["format"]],
            "recordSet": list(_record_sets(manifest)),
        }
    )


def _file(file: Mapping[str, Any]) -> dict[str, object]:
    kind = next(kind for kind in reversed(PREFERRED) if file["path"].endswith(f".{kind}"))
    return {
        "@type": "cr:FileObject",
        "@id": file["path"],
        "name": file["path"],
        "contentUrl": file["path"],
        "contentSize": f"{file['bytes']} B",
        "encodingFormat": _ENCODINGS[kind],
        "sha256": file["sha256"],
    }


def _record_sets(manifest: Manifest) -> Iterable[dict[str, object]]:
    for slug in manifest["rows"]:
        training_format = get_training_format(slug)
        for split, file in files_of(manifest, slug).items():
            record_set = f"{slug}-{split}"
            yield {
                "@type": "cr:RecordSet",
                "@id": record_set,
                "name": record_set,
                "description": training_format.sentence,
                "field": [
                    _field(f"{record_set}/{column}", column, kind, file["path"])
                    for column, kind in training_format.columns.items()
                ],
            }


def _field(field_id: str, column: str, kind: Kind, path: str) -> dict[str, object]:
    return {
        "@type": "cr:Field",
        "@id": field_id,
        "name": column,
        "dataType": _TYPES.get(kind, "sc:Text"),
        "source": {"fileObject": {"@id": path}, "extract": {"column": column}},
        **({"repeated": True} if kind in LISTS else {}),
    }
