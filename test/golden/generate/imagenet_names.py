"""Writes src/data/imagenet-names.ts: ImageNet's 1,000 classes by the names that torchvision's weights list (WordNet's words)."""

import pathlib
import textwrap

from torchvision.models._meta import _IMAGENET_CATEGORIES as names

OUT = pathlib.Path(__file__).parents[3] / "src/data/imagenet-names.ts"
assert len(names) == 1000 and not any("|" in name or "`" in name for name in names)

lines = []
line = ""
for i, name in enumerate(names):
    part = name + ("|" if i < len(names) - 1 else "")
    if len(line) + len(part) > 116:
        lines.append(line)
        line = ""
    line += part
lines.append(line)
body = "\n".join(f"  {line!r} +" if "'" not in line else f'  "{line}" +' for line in lines)
body = body.replace("  '", '  "').replace("' +", '" +')
OUT.write_text(
    "/** ImageNet's classes. Written by test/golden/generate/imagenet_names.py. */\n\n"
    "/** The names in the order of the outputs, by a bar between them. */\n"
    f"export const IMAGENET_NAMES =\n{body[:-2]};\n"
)
