"""Picture files and the pixels that Pillow makes of them: python3 test/golden/generate/pictures.py

Needs Pillow, numpy, cjpeg of libjpeg-turbo and avifenc (Debian: python3-pil, python3-numpy, libjpeg-turbo-progs,
libavif-bin). JPEG of every sampling, kind of scan and colour space; PNG of every colour type, depth and interlacing,
which Pillow reads and does not write; EXIF orientations; formats that platforms decode. `pictures.json` holds each file
in base64 with its size, mode and SHA-256 of its pixels.
"""
import base64
import hashlib
import io
import json
import pathlib
import struct
import subprocess
import tempfile
import zlib

import numpy as np
from PIL import Image, ImageOps

out = pathlib.Path(__file__).parents[1] / "images" / "pictures.json"
generator = np.random.default_rng(12)


def noise(width, height, channels):
    """Steep and flat parts: 3 x 3 patches and fine noise."""
    coarse = generator.integers(0, 256, (height // 3 + 1, width // 3 + 1, channels))
    array = np.kron(coarse, np.ones((3, 3, 1), int))[:height, :width] + generator.integers(-9, 10, (height, width, channels))
    return np.clip(array, 0, 255).astype(np.uint8)


def picture(width, height, mode="RGB"):
    array = noise(width, height, len(mode))
    return Image.fromarray(array[:, :, 0] if len(mode) == 1 else array, mode)


def saved(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, **options)
    return buffer.getvalue()


def cjpeg(image, *options):
    with tempfile.NamedTemporaryFile(suffix=".ppm") as file:
        image.save(file.name)
        return subprocess.run(["cjpeg", *options, file.name], check=True, capture_output=True).stdout


files = {}
SAMPLINGS = ["1x1", "2x1", "1x2", "2x2", "4x1", "1x4", "4x2", "2x2,2x1,1x1", "2x2,1x2,2x2", "1x1,2x2,1x1", "3x1"]
for width, height in [(1, 1), (5, 3), (35, 18)]:
    for sampling in SAMPLINGS:
        if (width, height) == (1, 1) and len(sampling) > 3:
            continue
        image = picture(width, height)
        name = f"{width}x{height} {sampling}"
        kinds = {"": [], " progressive": ["-progressive"], " restart": ["-restart", "1B"]}
        for kind, options in kinds.items():
            if kind == "" or width > 5 and len(sampling) == 3:
                files[f"{name}{kind}.jpg"] = cjpeg(image, "-quality", "85", "-sample", sampling, *options)
image = picture(35, 18)
files["quality 100.jpg"] = cjpeg(image, "-quality", "100", "-sample", "1x1")
files["quality 5, 16-bit steps.jpg"] = cjpeg(image, "-quality", "1")
files["rgb.jpg"] = cjpeg(image, "-rgb", "-quality", "90")
files["rgb progressive.jpg"] = cjpeg(image, "-rgb", "-progressive", "-quality", "90")
# Without JFIF and Adobe markers: the components' names tell, and numbers mean YCbCr.
bare = files["rgb.jpg"]
at = bare.index(b"\xff\xee")
files["rgb by names.jpg"] = bare[:at] + bare[at + 16 :]
files["grey.jpg"] = saved(picture(35, 18, "L"), format="JPEG", quality=80)
files["grey progressive.jpg"] = saved(picture(35, 18, "L"), format="JPEG", quality=80, progressive=True)
cmyk = saved(picture(21, 17, "CMYK"), format="JPEG", quality=90)
files["cmyk.jpg"] = cmyk
files["cmyk progressive.jpg"] = saved(picture(21, 17, "CMYK"), format="JPEG", quality=90, progressive=True)
at = cmyk.index(b"Adobe")
files["ycck.jpg"] = cmyk[: at + 11] + b"\x02" + cmyk[at + 12 :]
files["bytes before markers.jpg"] = files["35x18 2x2.jpg"][:-2] + b"\x00\x12\xff\x00\xff\xff\xff\xd9tail"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pack(samples, depth):
    """Rows of samples of `depth` bits as bytes, each row padded."""
    if depth == 16:
        return [row.astype(">u2").tobytes() for row in samples]
    if depth == 8:
        return [row.astype(np.uint8).tobytes() for row in samples]
    bits = [np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, 8 - depth :].reshape(-1) for row in samples]
    return [np.packbits(row).tobytes() for row in bits]


def filtered(rows, size, kinds):
    """Each row after its filter's number, minus its prediction; `size` bytes a pixel."""
    result, above = b"", bytes(len(rows[0])) if rows else b""
    for y, row in enumerate(rows):
        kind = kinds[y % len(kinds)]
        line = bytearray()
        for i, value in enumerate(row):
            a = row[i - size] if i >= size else 0
            b, c = above[i], above[i - size] if i >= size else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line.append((value - [0, a, b, (a + b) // 2, paeth][kind]) & 255)
        result, above = result + bytes([kind]) + bytes(line), row
    return result


PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def png(width, height, kind, depth, interlaced, extra=b"", pieces=1):
    channels = CHANNELS[kind]
    samples = generator.integers(0, 2**depth, (height, width, channels))
    grids = PASSES if interlaced else [(0, 0, 1, 1)]
    data = b""
    for left, top, across, down in grids:
        part = samples[top::down, left::across]
        if part.size:
            rows = pack(part.reshape(part.shape[0], -1), depth)
            data += filtered(rows, max(1, channels * depth // 8), [4, 1, 2, 3, 0])
    packed = zlib.compress(data)
    cuts = [len(packed) * i // pieces for i in range(pieces + 1)]
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced))
    body = b"".join(chunk(b"IDAT", packed[a:b]) for a, b in zip(cuts, cuts[1:]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + body + chunk(b"IEND", b"")


depths = {0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]}
names = {0: "grey", 2: "rgb", 3: "palette", 4: "grey-alpha", 6: "rgba"}
for kind, of in depths.items():
    for depth in of:
        palette = chunk(b"PLTE", generator.bytes(3 * 2**depth)) if kind == 3 else b""
        for interlaced in [False, True]:
            name = f"{names[kind]} {depth} bits{' interlaced' if interlaced else ''}"
            files[f"{name}.png"] = png(19, 13, kind, depth, interlaced, palette, pieces=3)
        files[f"{names[kind]} {depth} bits 1x1.png"] = png(1, 1, kind, depth, True, palette)
files["grey 2 bits 2x9 interlaced.png"] = png(2, 9, 0, 2, True)
palette = chunk(b"PLTE", generator.bytes(48))
files["palette alpha.png"] = png(19, 13, 3, 4, False, palette + chunk(b"tRNS", bytes([0, 128, 255, 7])))
files["palette alpha interlaced.png"] = png(19, 13, 3, 4, True, palette + chunk(b"tRNS", bytes([0, 128, 255, 7])))
files["grey key.png"] = png(19, 13, 0, 2, True, chunk(b"tRNS", struct.pack(">H", 2)))
files["rgb key.png"] = png(19, 13, 2, 8, False, chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3)))


def exif(orientation, order="<"):
    entry = struct.pack(order + "HHIHH", 274, 3, 1, orientation, 0)
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    return head + struct.pack(order + "H", 1) + entry + bytes(4)


turned = {}
for orientation in range(1, 9):
    order = "<>"[orientation % 2]
    segment = b"Exif\0\0" + exif(orientation, order)
    jpeg = cjpeg(picture(9, 6), "-sample", "1x1")
    turned[f"orientation {orientation}.jpg"] = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]
    turned[f"orientation {orientation}.png"] = png(5, 3, 2, 8, False, chunk(b"eXIf", exif(orientation, order)))


def entry(data, image):
    # Pillow leaves 16 bits of grey as they are; ours, as its other modes, keep the upper 8.
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    # Palettes and inks become colours. Pillow compares the transparent grey with values that it has spread: left out.
    if "transparency" in image.info and image.mode != "L":
        image = image.convert("RGBA")
    if image.mode == "1":
        image = image.convert("L")
    if image.mode not in ("L", "LA", "RGB", "RGBA"):
        image = image.convert("RGB")
    digest = hashlib.sha256(image.tobytes()).hexdigest()
    return {"file": base64.b64encode(data).decode(), "size": list(image.size), "mode": image.mode, "sha256": digest}


def opened(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


# Formats that platforms decode: without loss, so that their pixels are known.
def avif(image):
    with tempfile.TemporaryDirectory() as folder:
        image.save(f"{folder}/a.png")
        subprocess.run(["avifenc", "--lossless", f"{folder}/a.png", f"{folder}/a.avif"], check=True, capture_output=True)
        return pathlib.Path(f"{folder}/a.avif").read_bytes()


colours, alpha, ramp = picture(21, 13), picture(21, 13, "RGBA"), Image.linear_gradient("L").resize((21, 13))
alpha.putalpha(Image.eval(alpha.getchannel("A"), lambda value: value | 128))
files["alpha as in webp.png"] = saved(alpha, format="PNG")
platform = {
    "lossless.webp": (saved(colours, format="WebP", lossless=True), colours),
    "alpha.webp": (saved(alpha, format="WebP", lossless=True, exact=True), alpha),
    "oriented.webp": (saved(colours, format="WebP", lossless=True, exif=b"Exif\0\0" + exif(6)), colours),
    "lossy.webp": (lossy := saved(colours, format="WebP", quality=90), Image.open(io.BytesIO(lossy)).convert("RGB")),
    "lossless.avif": (avif(colours), colours),
    "ramp.gif": (saved(ramp, format="GIF"), ramp.convert("RGB")),
    "colours.bmp": (saved(colours, format="BMP"), colours),
}

result = {
    "files": {name: entry(data, opened(data)) for name, data in files.items()},
    "platform": {name: entry(data, image) for name, (data, image) in platform.items()},
    "turned": {name: entry(data, ImageOps.exif_transpose(opened(data))) for name, data in turned.items()},
}
out.write_text(json.dumps(result, indent=0) + "\n")
print(len(files) + len(turned), "files,", out.stat().st_size, "bytes")
