"""Files of torch.save for test/io/pytorch*.test.ts: python3 test/golden/generate/pytorch_files.py

Outputs: pytorch/*.pth and pytorch/expected.json, the same tensors as float32 bits. Both formats are PyTorch's own: the zip
archive, and the stream of before 1.6 (`_use_new_zipfile_serialization=False`).
"""
import collections
import json
import pathlib
import pickle

import numpy as np
import torch
from torch import nn

out = pathlib.Path(__file__).parents[1] / "pytorch"
out.mkdir(exist_ok=True)
torch.manual_seed(2015)

DTYPES = {
    torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
    torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
}
expected = {}


def save(name, tensors, whole=None, metadata=None, **options):
    """Writes `whole` (default: the tensors) and notes what reading it is to give."""
    torch.save(tensors if whole is None else whole, out / name, **options)
    expected[name] = {
        "metadata": metadata or {},
        "tensors": {
            key: {
                "dtype": DTYPES[value.dtype],
                "shape": list(value.shape),
                "bits": value.detach().to(torch.float32).contiguous().numpy().view(np.uint32).ravel().tolist(),
            }
            for key, value in tensors.items()
        },
    }


values = torch.randn(3, 5, dtype=torch.float64)
types = collections.OrderedDict(
    f32=values.to(torch.float32),
    f64=values.clone(),
    f16=torch.cat([values.ravel().to(torch.float16), torch.tensor([6e-8, 65504, float("inf"), -0.0]).half()]),
    bf16=torch.tensor([1.5, -3e38, 1e-40, float("-inf")]).bfloat16(),
    i64=torch.tensor([[-3, 2**40], [7, -(2**62)]]),
    i32=torch.tensor([-(2**24), 2**30], dtype=torch.int32),
    i16=torch.tensor([-(2**15), 2**15 - 1], dtype=torch.int16),
    i8=torch.tensor([-128, 127, 1], dtype=torch.int8),
    u8=torch.tensor([0, 255, 3], dtype=torch.uint8),
    flags=torch.tensor([True, False, True]),
    scalar=torch.tensor(450450),
    empty=torch.zeros(4, 0, 3),
    **{"π": torch.tensor([3.5])},
)
save("types.pth", types)
save("types-legacy.pth", types, _use_new_zipfile_serialization=False)
for protocol in (3, 4, 5):
    save(f"types-protocol{protocol}.pth", types, pickle_protocol=protocol)

base = torch.arange(120, dtype=torch.float32).reshape(2, 3, 4, 5) / 7
images = base.contiguous(memory_format=torch.channels_last)
tied = torch.randn(4, 3)
views = {
    "transposed": tied.t(),
    "tied": tied,
    "twin": tied,
    "row": tied[2],
    "column": tied[:, 1],
    "channelsLast": images,
    "channelsLastHalf": images.half(),
    "permuted": base.permute(3, 0, 2, 1),
    "stepped": base[:, ::2, 1:, ::3],
    "flat": base.reshape(-1)[17:29],
    "one": base[1, 2, 3, 4],
    "thin": base[:, :1].transpose(0, 1),
}
save("views.pth", views)
save("views-legacy.pth", views, _use_new_zipfile_serialization=False)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(self.bn1(self.conv1(x)).mean((2, 3)))


net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
net(torch.randn(2, 3, 5, 5)).sum().backward()
optimizer.step()
state = net.state_dict()
plain = dict(state)
# As in PyTorch's ImageNet example: the best accuracy is a tensor beside the state dict.
checkpoint = {
    "epoch": 90,
    "arch": "resnet18",
    "best_acc1": torch.tensor(69.75),
    "fast": True,
    "scores": np.float64(0.5),
    "state_dict": collections.OrderedDict(("module." + key, value) for key, value in state.items()),
    "optimizer": optimizer.state_dict(),
}
prefixed = {"module." + key: value for key, value in state.items()}
noted = {"epoch": "90", "arch": "resnet18", "fast": "true"}
save("checkpoint.pth", prefixed, checkpoint, noted)
save("checkpoint-legacy.pth", prefixed, checkpoint, noted, _use_new_zipfile_serialization=False)
save("parameters.pth", dict(net.named_parameters()))
save("nested.pth", plain, {"model": {"state_dict": state}, "ema": {k: v + 1 for k, v in state.items()}, "lr": 0.5}, {"lr": "0.5"})
parts = {"trunk": {"w": torch.ones(2)}, "heads": [torch.zeros(1), torch.ones(1, 1)]}
save("parts.pth", {"trunk.w": parts["trunk"]["w"], "heads.0": parts["heads"][0], "heads.1": parts["heads"][1]}, parts)

# Refused, by name.
torch.save(net, out / "module.pth")


def without_source(*_):
    raise OSError("the old format writes the source of classes and where it lies: neither belongs here")


torch.serialization.get_source_lines_and_file = without_source
torch.save({"model": net, "epoch": 3}, out / "module-legacy.pth", _use_new_zipfile_serialization=False)
torch.jit.save(torch.jit.script(net), out / "script.pth")
torch.save({"q": torch.quantize_per_tensor(values.float(), 0.1, 0, torch.qint8)}, out / "quantised.pth")
torch.save({"s": values.to_sparse()}, out / "sparse.pth")
torch.save({"c": torch.randn(2, dtype=torch.complex64)}, out / "complex.pth")
torch.save({"e": torch.ones(1).expand(1000)}, out / "expanded.pth")
torch.save(values, out / "tensor.pth")
(out / "dump.pth").write_bytes(pickle.dumps(plain, protocol=4))
(out / "expected.json").write_text(json.dumps(expected) + "\n")
