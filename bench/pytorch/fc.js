/** The training step in native PyTorch, in a child process: an upper line, where Debian's python3-torch is installed. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export async function create(spec, parameters, { x, labels }) {
  const python = process.env.PYTHON ?? "/usr/bin/python3";
  const child = spawn(python, [fileURLToPath(new URL("fc.py", import.meta.url))], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let complaint = "";
  child.stderr.on("data", (text) => {
    complaint += text;
  });
  child.stdin.on("error", () => {}); // a child that died closes its pipe; the exit tells why
  const exit = new Promise((_, reject) => {
    child.on("error", reject);
    child.on("exit", (code) =>
      reject(new Error(complaint.trim().split("\n").at(-1) || `${python} exited with ${code}`)),
    );
  });
  exit.catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => JSON.parse((await Promise.race([lines.next(), exit])).value ?? (await exit));

  child.stdin.write(`${JSON.stringify(spec)}\n`);
  for (const values of [...parameters, x, Float32Array.from(labels)]) child.stdin.write(new Uint8Array(values.buffer));
  const { version } = await answer();
  return {
    version,
    async steps(n) {
      child.stdin.write(`${n}\n`);
      return answer();
    },
    dispose: () => child.stdin.end(),
  };
}
