"""Checkpoints of resnet-wasm in PyTorch, and back: weights, what SGD and Adam(W) keep, and the count of steps.

    checkpoint = Checkpoint("run.checkpoint")
    checkpoint.load(model, optimizer)        # the network in PyTorch, with the same parameter names
    schedule = LambdaLR(optimizer, lambda step: cosine(checkpoint.steps + step))
    ...                                      # DistributedDataParallel, as many steps as it takes
    checkpoint.save("back.checkpoint", model, optimizer, steps=1000, epochs=2)

`trainer.load` of resnet-wasm goes on from what `save` wrote. Needs torch alone.
"""

import json
import struct

import torch

KEY = "resnet-wasm-trainer"
STATE = {"SGD": {"velocity": "momentum_buffer"}, "Adam": {"m": "exp_avg", "v": "exp_avg_sq"}}
STATE["AdamW"] = STATE["Adam"]


class Checkpoint:
    def __init__(self, path):
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(length))
            data = bytearray(file.read())
        self.metadata = header.pop("__metadata__")
        self.tensors = {}
        for name, entry in header.items():
            if entry["dtype"] != "F32":
                raise ValueError(f"{path}: {name} expected F32, got {entry['dtype']}")
            begin, end = entry["data_offsets"]
            numbers = torch.frombuffer(data, dtype=torch.float32, offset=begin, count=(end - begin) // 4)
            self.tensors[name] = numbers.reshape(entry["shape"]).clone()
        self.trainer = json.loads(self.metadata[KEY])

    @property
    def steps(self):
        return self.trainer["stepCount"]

    def _names(self):
        kind = self.trainer["optimizer"]["type"]
        if kind not in STATE:
            raise ValueError(f"optimizer expected one of {', '.join(STATE)}, got {kind}")
        return STATE[kind]

    def load(self, model, optimizer):
        """Fills a model and its optimizer, made with the same options. Throws where names or shapes differ."""
        prefix = "model."
        state = {name[len(prefix) :]: value for name, value in self.tensors.items() if name.startswith(prefix)}
        model.load_state_dict(state, strict=True)
        if self.steps == 0:
            return
        for name, parameter in model.named_parameters():
            for ours, theirs in self._names().items():
                value = self.tensors.get(f"optimizer.{ours}.{name}")
                if value is not None:
                    optimizer.state[parameter][theirs] = value.to(parameter)
            if "exp_avg" in optimizer.state[parameter]:
                optimizer.state[parameter]["step"] = torch.tensor(float(self.steps))

    def save(self, path, model, optimizer, steps, epochs=0):
        """Writes what `trainer.load` goes on from: `steps` and `epochs` are those that were taken since `load`."""
        for name, value in model.state_dict().items():
            self.tensors[f"model.{name}"] = value.detach().float().cpu()
        for name, parameter in model.named_parameters():
            for ours, theirs in self._names().items():
                if theirs in optimizer.state[parameter]:
                    self.tensors[f"optimizer.{ours}.{name}"] = optimizer.state[parameter][theirs].float().cpu()
        fit = self.trainer["fitState"]
        done = fit["epoch"] + epochs
        self.trainer["stepCount"] += steps
        self.trainer["fitState"] = {"epoch": done, "completed": fit.get("completed", 0) + epochs, "current": None}
        metadata = {**self.metadata}
        metadata.pop("resnet-wasm-digest", None)  # of the bytes that were read
        metadata[KEY] = json.dumps(self.trainer)
        header, offset = {"__metadata__": metadata}, 0
        for name, value in self.tensors.items():
            end = offset + 4 * value.numel()
            header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [offset, end]}
            offset = end
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(path, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for value in self.tensors.values():
                file.write(value.contiguous().numpy().tobytes())
