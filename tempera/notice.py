"""Write tempera/NOTICE from the manifest: who made what the house model learned from.

python -m tempera.notice
"""

from __future__ import annotations

import argparse
from typing import Any

from tempera import data, library

LICENCES = {
    "MIT": "https://opensource.org/license/mit",
    "Apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-3.0": "https://creativecommons.org/licenses/by/3.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
}
MIT_TEXT = """\
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
WORDNET = """\
WordNet 3.1 Copyright 2011 by Princeton University. All rights reserved. Used under the WordNet licence
(https://wordnet.princeton.edu/license-and-commercial-use): synonyms and kinds of things in lexicon.json.
all-MiniLM-L6-v2, sentence-transformers, Apache-2.0, helped to choose the near words of lexicon.json; no part of it is
included.
"""


def entry(source: dict[str, Any], use: str) -> str:
    images = f", {source['images']} drawings" if "images" in source else ""
    return (
        f"* {source['package']} {source['version']}{images}\n"
        f"  (c) {source['author']}, {source['url']}\n"
        f"  Licence: {source['licence']}, {LICENCES[source['licence']]}\n"
        f"  Modified: {use}\n"
    )


def kept(source: dict[str, Any]) -> str:
    """What of a source is in library.zip."""
    if source["style"] in library.FAMILIES:
        return f"included in library.zip as {library.SIDE} px pictures"
    if source["kind"] == "avatar":
        return f"{library.AVATARS} of them in library.zip as {library.SIDE} px pictures"
    if source["style"] in library.GLYPHS or source["style"] in library.TAKEN:
        return f"some of them in library.zip as {library.SMALL_SIDE} px pictures"
    return "single pictures may be included in library.zip"


def text(manifest: dict[str, Any]) -> str:
    drawings = []
    for source in manifest["drawings"]:
        use = f"rendered at {manifest['render_size']} px and used to train a model; " + kept(source)
        drawings.append(entry(source, use))
    words = [
        entry(source, "labels and words, rearranged in vocab.txt and lexicon.json") for source in manifest["words"]
    ]
    return "\n".join(
        [
            "Tempera Image: notice\n",
            "The weights, the lexicon and the library of drawings in tempera/weights were made from the works below.",
            "Presets carry neutral names; no endorsement by the authors is meant.\n",
            *drawings,
            "Words\n",
            *words,
            WORDNET,
            "MIT licence, for the works marked MIT (each under its author's copyright notice above)\n",
            MIT_TEXT,
        ]
    )


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    (data.HERE / "NOTICE").write_text(text(data.load_manifest()), encoding="utf-8")


if __name__ == "__main__":
    main()
