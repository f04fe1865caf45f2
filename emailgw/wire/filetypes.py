"""The media type of an attachment from its file name, where nobody gave one: readers show `application/octet-stream`
neither inline nor as a preview. Called as a request is read, so that what is stored has its type.

The table is the standard library's own, never this machine's, with what it lacks: the answer is the same everywhere.
"""

import mimetypes

BINARY = "application/octet-stream"

_OOXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"
_TYPES = {
    **mimetypes.MimeTypes().types_map[True],
    ".7z": "application/x-7z-compressed",
    ".avif": "image/avif",
    ".bz2": "application/x-bzip2",
    ".docx": f"{_OOXML}.wordprocessingml.document",
    ".epub": "application/epub+zip",
    ".gz": "application/gzip",
    ".heic": "image/heic",
    ".ics": "text/calendar",
    ".md": "text/markdown",
    ".odp": f"{_ODF}.presentation",
    ".ods": f"{_ODF}.spreadsheet",
    ".odt": f"{_ODF}.text",
    ".ogg": "audio/ogg",
    ".p7m": "application/pkcs7-mime",
    ".p7s": "application/pkcs7-signature",
    ".pptx": f"{_OOXML}.presentationml.presentation",
    ".rar": "application/vnd.rar",
    ".rtf": "application/rtf",
    ".vcf": "text/vcard",
    ".webp": "image/webp",
    ".xlsx": f"{_OOXML}.spreadsheetml.sheet",
    ".xz": "application/x-xz",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}


def type_of(filename: str) -> str:
    """By the last extension in any case; `application/octet-stream` when it says nothing."""
    _, dot, extension = filename.rpartition(".")
    return _TYPES.get(f".{extension.lower()}", BINARY) if dot else BINARY
