"""Golden files for test/unit/data/image*.test.ts: python3 test/golden/generate/images.py

Pillow's resize (SHA-256 of the bytes: ours must be equal bit for bit), torchvision's transforms and colour functions,
and image files that Pillow wrote. Inputs come from a formula that the tests repeat.
"""
import hashlib
import io
import json
import pathlib

import numpy as np
import torch
import torchvision.transforms.functional as F
from PIL import Image
from torchvision import transforms

out = pathlib.Path(__file__).parents[1] / "images"
out.mkdir(exist_ok=True)


def pixels(width, height, channels):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    return ((x * x * 7 + y * x * 13 + c * 50 + ((x * 31) ^ (y * 17)) % 64 * 3) % 256).astype(np.uint8)


def image(width, height, channels):
    array = pixels(width, height, channels)
    return Image.fromarray(array[:, :, 0] if channels == 1 else array, {1: "L", 3: "RGB", 4: "RGBA"}[channels])


sha = lambda array: hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
filters = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}

resize = []
for width, height, channels, to_width, to_height in [
    (37, 23, 3, 16, 16), (37, 23, 3, 80, 51), (37, 23, 3, 37, 10), (37, 23, 3, 9, 23), (40, 40, 3, 20, 20),
    (300, 200, 3, 23, 17), (5, 7, 1, 224, 224), (1, 1, 3, 4, 4), (64, 3, 1, 1, 1), (33, 65, 1, 32, 64),
]:  # fmt: skip
    for name, code in filters.items():
        result = image(width, height, channels).resize((to_width, to_height), code)
        resize.append([width, height, channels, to_width, to_height, name, sha(np.asarray(result))])

transformed = []
mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
for width, height, channels, size, crop, name in [
    (50, 37, 3, 32, 28, "bilinear"), (37, 50, 4, 32, 28, "bicubic"), (37, 50, 1, 33, 32, "bilinear"),
    (20, 21, 3, None, 15, "bilinear"), (20, 13, 3, None, [17, 16], "bilinear"), (31, 31, 3, [40, 20], None, "bicubic"),
]:  # fmt: skip
    steps = [transforms.Resize(size, transforms.InterpolationMode(name))] if size else []
    steps += [transforms.CenterCrop(crop)] if crop else []
    steps += [transforms.ToTensor()]
    tensor = transforms.Compose(steps)(image(width, height, channels).convert("RGB"))
    normal = F.normalize(tensor, mean, std)
    transformed.append({
        "image": [width, height, channels], "resize": size, "crop": crop, "interpolation": name,
        "shape": list(tensor.permute(1, 2, 0).shape),
        "sha256": sha((tensor * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()),
        "first": normal.permute(1, 2, 0).reshape(-1)[:12].tolist(),
    })  # fmt: skip

values = torch.from_numpy(pixels(6, 5, 3)).permute(2, 0, 1).float() / 255
colour = {}
for name, function, factors in [
    ("brightness", F.adjust_brightness, [0, 0.5, 1.7]), ("contrast", F.adjust_contrast, [0, 0.4, 1.6]),
    ("saturation", F.adjust_saturation, [0, 0.3, 2]), ("hue", F.adjust_hue, [-0.5, -0.1, 0, 0.25, 0.5]),
]:  # fmt: skip
    colour[name] = [[factor, function(values, factor).permute(1, 2, 0).reshape(-1).tolist()] for factor in factors]

# A part of an image of floats, resized to the image's size: randomResizedCrop.
boxes = []
floats = Image.fromarray(pixels(12, 10, 1)[:, :, 0].astype(np.float32) / np.float32(255), "F")
for top, left, height, width in [(2, 3, 5, 4), (0, 0, 10, 12), (9, 0, 1, 12), (1, 1, 7, 11)]:
    for name, code in filters.items():
        part = floats.crop((left, top, left + width, top + height)).resize((12, 10), code)
        boxes.append([top, left, height, width, name, np.asarray(part).reshape(-1).round(6).tolist()])

luma = sha(np.asarray(image(37, 23, 3).convert("L")))
(out / "images.json").write_text(
    json.dumps({"resize": resize, "transformed": transformed, "colour": colour, "boxes": boxes, "luma": luma}) + "\n"
)

grey16 = Image.fromarray((pixels(7, 5, 1)[:, :, 0].astype(np.uint16) * 257).astype(np.uint16))
files = {
    "rgb.png": image(7, 5, 3), "rgba.png": image(7, 5, 4), "grey.png": image(7, 5, 1), "grey16.png": grey16,
    "palette.png": image(7, 5, 3).quantize(16), "bit.png": image(13, 5, 1).convert("1"),
    "grey-alpha.png": image(7, 5, 1).convert("LA"),
}  # fmt: skip
decoded = {}
for name, picture in files.items():
    picture.save(out / name)
    reopened = Image.open(out / name)
    decoded[name] = {"size": list(reopened.size), "rgb": sha(np.asarray(reopened.convert("RGB")))}
decoded["grey16.png"]["rgb"] = sha(np.repeat(pixels(7, 5, 1), 3, axis=2))  # Pillow clips 16 bits instead of shifting
# JPEG decoders may differ in the last bits: a smooth picture, and the values to compare with.
x, y = np.meshgrid(np.arange(24), np.arange(16))
smooth = np.stack([x * 10, y * 15, 255 - x * 5 - y * 5], axis=2).astype(np.uint8)
for name, options in {"smooth.jpg": {"subsampling": 0}, "half.jpg": {"subsampling": 2, "progressive": True}}.items():
    Image.fromarray(smooth).save(out / name, quality=92, **options)
    decoded[name] = {"size": [24, 16], "pixels": np.asarray(Image.open(out / name)).reshape(-1).tolist()}
(out / "decoded.json").write_text(json.dumps(decoded) + "\n")
