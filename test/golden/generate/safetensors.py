"""Golden files for test/unit/io/safetensors*.test.ts: python3 test/golden/generate/safetensors.py

Writes safetensors by hand (struct, json), so that our reader and writer are checked against another hand; values and
conversions come from NumPy and PyTorch. Outputs: safetensors/dtypes.safetensors, safetensors/dtypes.json,
safetensors/rounding.json.
"""
import hashlib
import json
import pathlib
import struct

import numpy as np
import torch

out = pathlib.Path(__file__).parents[1] / "safetensors"
out.mkdir(exist_ok=True)


def bfloat16_bits(values):
    tensor = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)).to(torch.bfloat16)
    return tensor.view(torch.int16).numpy().view(np.uint16)


def bits(array):
    return [int(x) for x in np.ascontiguousarray(array, dtype=np.float32).view(np.uint32).ravel()]


rng = np.random.default_rng(2015)
normal = rng.standard_normal((3, 5))
half = np.concatenate([rng.standard_normal(7), [6e-8, -3e-5, 65504, np.inf, -0.0]]).astype(np.float16)
brain = bfloat16_bits(np.concatenate([rng.standard_normal(7), [1e-40, 3e38, -np.inf]]))
fixture = [  # name, dtype, bytes, shape, the same values in float32; odd lengths first, so that offsets are unaligned
    ("flags", "BOOL", np.array([1, 0, 1], np.uint8), [3], np.array([1, 0, 1])),
    ("u8", "U8", np.array([0, 1, 127, 128, 255], np.uint8), [5], np.array([0, 1, 127, 128, 255])),
    ("f32", "F32", normal.astype("<f4"), [3, 5], normal),
    ("i8", "I8", np.array([-128, -1, 127], np.int8), [3, 1], np.array([-128, -1, 127])),
    ("f64", "F64", normal.astype("<f8"), [5, 3], normal),
    ("f16", "F16", half.astype("<f2"), [12], half),
    ("bf16", "BF16", brain.astype("<u2"), [2, 5], (brain.astype(np.uint32) << 16).view(np.float32)),
    ("i16", "I16", np.array([-32768, 32767], "<i2"), [2], np.array([-32768, 32767])),
    ("u16", "U16", np.array([65535], "<u2"), [1], np.array([65535])),
    ("i32", "I32", np.array([-(2**24), 2**24, 2**30], "<i4"), [3], np.array([-(2**24), 2**24, 2**30])),
    ("u32", "U32", np.array([2**32 - 256], "<u4"), [1], np.array([2**32 - 256])),
    ("layer.num_batches_tracked", "I64", np.array(450450, "<i8"), [], np.array(450450)),
    ("i64", "I64", np.array([-(2**63), -3, 2**40], "<i8"), [3], np.array([-(2**63), -3, 2**40])),
    ("empty", "F32", np.zeros((0,), "<f4"), [4, 0, 3], np.zeros(0)),
]
header = {"__metadata__": {"format": "pt", "π": "\"quoted\"\n"}}
data = b""
expected = {}
for name, dtype, array, shape, values in fixture:
    raw = array.tobytes()
    header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
    expected[name] = {"dtype": dtype, "shape": shape, "bits": bits(values)}
    data += raw
text = json.dumps(header).encode()  # escapes π, keeps ", " and ": "
(out / "dtypes.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
(out / "dtypes.json").write_text(json.dumps(expected) + "\n")


def boundaries(values):
    """Every finite non-negative value, the midpoint to the next, and the float32 beside that midpoint; both signs."""
    values = np.unique(values[np.isfinite(values) & (values >= 0)].astype(np.float32))
    middle = ((values[:-1].astype(np.float64) + values[1:]) / 2).astype(np.float32)
    near = [np.nextafter(middle, np.float32(-1)), np.nextafter(middle, np.float32(np.inf))]
    return np.concatenate([values, middle, *near])


patterns = np.arange(65536, dtype=np.uint16)
as_half = patterns.view(np.float16).astype(np.float32)
as_brain = (patterns.astype(np.uint32) << 16).view(np.float32)
with np.errstate(all="ignore"):
    half_in = boundaries(as_half)
    half_in = np.concatenate([half_in, [65519.996, 65520, 1e6, np.inf]]).astype(np.float32)
    half_in = np.concatenate([half_in, -half_in])
    half_out = half_in.astype(np.float16).view(np.uint16)
    brain_in = boundaries(as_brain)
    brain_in = np.concatenate([brain_in, -brain_in]).astype(np.float32)
sha = lambda array, kind: hashlib.sha256(np.ascontiguousarray(array).astype(kind).tobytes()).hexdigest()
finite = lambda array: np.where(np.isnan(array), np.float32(0), array)  # NaN payloads are each library's own
(out / "rounding.json").write_text(
    json.dumps(
        {
            "float16": {
                "values": sha(finite(as_half), "<f4"),
                "count": len(half_in),
                "inputs": sha(half_in, "<f4"),
                "outputs": sha(half_out, "<u2"),
            },
            "bfloat16": {
                "values": sha(finite(as_brain), "<f4"),
                "count": len(brain_in),
                "inputs": sha(brain_in, "<f4"),
                "outputs": sha(bfloat16_bits(brain_in), "<u2"),
            },
        },
        indent=2,
    )
    + "\n"
)
