"""Writes the golden files: `python3 test/golden/generate/generate.py [part ...]`, see ../README.md."""

import os
import sys

sys.dont_write_bytecode = True
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import torch  # noqa: E402

import averages  # noqa: E402
import cifar_resnet  # noqa: E402
import encode  # noqa: E402
import imbalance  # noqa: E402
import families  # noqa: E402
import optimizers  # noqa: E402
import ops_dense  # noqa: E402
import ops_image  # noqa: E402
import ops_maps  # noqa: E402
import ops_resize  # noqa: E402
import ops_signal  # noqa: E402
import residual_mlp  # noqa: E402
import torchvision_nets  # noqa: E402
from tensors import bits, distribution, images, indices, uniform  # noqa: E402


def generator() -> None:
    """A sample of the generator itself, to hold its TypeScript twin against."""
    encode.write("generator.json", {
        "bits": [int(x) for x in bits("sample", 8)],
        "uniform": [float(x) for x in uniform("sample", (8,), 0.3, 1.7)],
        "indices": [int(x) for x in indices("sample", (8,), 10)],
        "distribution": [float(x) for x in distribution("sample", (2, 3)).reshape(-1)],
        "images": [float(x) for x in images("sample", (2, 1, 9, 10)).reshape(-1)[80:100]],
        "sumOfMillion": float(uniform("sample", (1_000_000,)).astype("f8").sum()),
    })  # fmt: skip


PARTS = {
    "generator": generator,
    "dense": ops_dense.main,
    "optimizers": optimizers.main,
    "averages": averages.main,
    "mlp": residual_mlp.main,
    "imbalance": imbalance.main,
    "image": ops_image.main,
    "maps": ops_maps.main,
    "signal": ops_signal.main,
    "resize": ops_resize.main,
    "cifar": cifar_resnet.main,
    "torchvision": torchvision_nets.main,
    "families": families.main,
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
