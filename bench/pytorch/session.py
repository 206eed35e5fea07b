"""PyTorch, one thread, as a contender in a process of its own: reads calls {"method", "argument"} as lines of JSON from
standard input, answers {"value"} or {"error"} as lines on standard output. The same calls as session.js."""

import json
import os
import resource
import sys
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

torch.set_num_threads(1)
LAYOUT = torch.channels_last if json.loads(sys.argv[1]).get("channelsLast") else torch.contiguous_format
WARM_UP_MS = 400
SAMPLES = 64


class Random:
    """data.js' mulberry32: it counts, so that many numbers come at once."""

    def __init__(self, seed):
        self.state = seed

    def next(self, n):
        with np.errstate(over="ignore"):
            step = np.uint32(0x6D2B79F5)
            s = np.uint32(self.state) + step * np.arange(1, n + 1, dtype=np.uint32)
            t = (s ^ (s >> np.uint32(15))) * (s | np.uint32(1))
            t = (t + (t ^ (t >> np.uint32(7))) * (t | np.uint32(61))) ^ t
        self.state = (self.state + n * 0x6D2B79F5) & 0xFFFFFFFF
        return (t ^ (t >> np.uint32(14))).astype(np.float64) / 2**32

    def uniform(self, shape, low, high):
        return torch.from_numpy((low + (high - low) * self.next(int(np.prod(shape)))).astype(np.float32).reshape(shape))


def gemm(task):
    random = Random(1)
    a = random.uniform([task["m"], task["k"]], -1, 1)
    b = random.uniform([task["k"], task["n"]], -1, 1)
    return lambda: a @ b


FUNCTIONS = {
    "relu": F.relu,
    "relu6": F.relu6,
    "hardswish": F.hardswish,
    "hardsigmoid": F.hardsigmoid,
    "silu": F.silu,
    "sigmoid": torch.sigmoid,
    "gelu": F.gelu,
    "add": torch.add,
    "gate": torch.mul,
}


def layer_norm(x, weight, bias, epsilon):
    """Of the channels; images are turned for it, as timm's LayerNorm2d does."""
    if x.dim() == 2:
        return F.layer_norm(x, weight.shape, weight, bias, epsilon)
    return F.layer_norm(x.permute(0, 2, 3, 1), weight.shape, weight, bias, epsilon).permute(0, 3, 1, 2)


def forward(ops, p, x, training):
    """The value of the last operation; images are [n, c, h, w]."""
    values = [x]
    for op in ops[1:]:
        args = [values[i] for i in op["inputs"]]
        kind, name = op["kind"], op.get("name")
        if kind == "conv":
            before, after = op["pad"]
            assert before == after, "PyTorch expected padding that is alike on both sides"
            y = F.conv2d(*args, p[name + ".weight"], p.get(name + ".bias"), op["stride"], before, 1, op["groups"])
        elif kind == "norm":
            mean, variance = p[name + ".running_mean"], p[name + ".running_var"]
            y = F.batch_norm(*args, mean, variance, p[name + ".weight"], p[name + ".bias"], training, 0.1, op["epsilon"])
        elif kind == "linear":
            y = F.linear(*args, p[name + ".weight"], p[name + ".bias"])
        elif kind == "layerNorm":
            y = layer_norm(*args, p[name + ".weight"], p[name + ".bias"], op["epsilon"])
        elif kind == "layerScale":
            y = args[0] * p[name].reshape(1, -1, 1, 1)
        elif kind in FUNCTIONS:
            y = FUNCTIONS[kind](*args)
        elif kind == "maxPool":
            y = F.max_pool2d(*args, 3, 2, 1)
        elif kind in ("mean", "globalPool"):
            y = F.adaptive_avg_pool2d(*args, 1)
            y = y.flatten(1) if kind == "globalPool" else y
        else:  # padShortcut
            y = F.pad(args[0][:, :, ::2, ::2], (0, 0, 0, 0, op["added"], op["added"]))
        values.append(y)
    return values[-1]


def load(task):
    """Parameters, input, labels, in data.js' order."""
    random = Random(2)
    parameters = {q["name"]: random.uniform(q["shape"], q["low"], q["high"]) for q in task["parameters"]}
    x = random.uniform([task["batch"], *task["ops"][0]["shape"]], -1, 1)
    labels = np.floor(random.next(task["batch"]) * task["ops"][-1]["shape"][-1]).astype(np.int64)
    if x.dim() == 4:
        x = x.permute(0, 3, 1, 2).contiguous(memory_format=LAYOUT)
        parameters = {n: q.contiguous(memory_format=LAYOUT) if q.dim() == 4 else q for n, q in parameters.items()}
    return parameters, x, torch.from_numpy(labels)


def infer(task):
    parameters, x, _ = load(task)

    def run():
        with torch.inference_mode():
            y = forward(task["ops"], parameters, x, False)
            return y.permute(0, 2, 3, 1) if y.dim() == 4 else y

    return run


def train(task):
    parameters, x, labels = load(task)
    trained = [q.requires_grad_() for name, q in parameters.items() if "running_" not in name]
    optimizer = torch.optim.SGD(trained, lr=task["lr"], momentum=task["momentum"])

    def run():
        loss = F.cross_entropy(forward(task["ops"], parameters, x, True), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    return run


def sample(value):
    if isinstance(value, float):
        return [value]
    flat = value.reshape(-1)
    count = min(SAMPLES, len(flat))
    return [float(flat[i * len(flat) // count]) for i in range(count)]


class Session:
    def prepare(self, task):
        self.work = {"gemm": gemm, "infer": infer, "train": train}[task["kind"]](task)
        self.clock = time.process_time if task.get("clock") == "processor" else time.perf_counter
        first = []
        for _ in range(2 if task["kind"] == "train" else 1):
            start = self.clock()
            value = self.work()
            ms = (self.clock() - start) * 1000
            first += sample(value)
        if ms < WARM_UP_MS:
            self.run(WARM_UP_MS)
        blas = [line for line in open("/proc/self/maps") if "blas" in line]
        library = "OpenBLAS" if any("openblas" in line for line in blas) else "reference BLAS"
        return {"version": f"PyTorch {torch.__version__}, {library}", "first": first, "ms": ms}

    def run(self, budget):
        times = []
        end = time.perf_counter() + budget / 1000
        while not times or time.perf_counter() < end:
            start = self.clock()
            self.work()
            times.append((self.clock() - start) * 1000)
        return times

    def peak(self, _):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


session = Session()
for line in sys.stdin:
    call = json.loads(line)
    try:
        answer = {"value": getattr(session, call["method"])(call.get("argument"))}
    except Exception as error:  # whatever PyTorch raises is the answer
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
