#!/usr/bin/env node
/** The command `resnet-wasm`: finds the command that is meant, and tells what went wrong. */
import process from "node:process";
import { messageOf } from "../core/thrown.js";
import { columns, helpOf, meant, readArguments, UsageError } from "./command.js";
import { COMMANDS } from "./commands.js";

declare const VERSION: string;

const names = Object.keys(COMMANDS);

const help = (): string => `Usage: resnet-wasm <command> [options]

Residual networks on the CPU, wherever JavaScript runs.

Commands:
${columns(Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary]))}

Options:
${columns([
  ["-h, --help", "print this text; after a command, what it does and its options"],
  ["-v, --version", "print the package's version"],
])}
`;

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === "--version" || name === "-v") {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  if (name === "--help" || name === "-h" || (name === "help" && args.length === 0)) {
    process.stdout.write(help());
    return 0;
  }
  if (name === "help") return main([...args, "--help"]);
  if (name === undefined || !Object.hasOwn(COMMANDS, name)) {
    const near = name === undefined ? "" : meant(name, [...names, "--help", "--version"]);
    throw new UsageError(`command expected ${names.join(", ")}, got ${name ?? "none"}${near}`);
  }
  const command = await COMMANDS[name].load();
  const given = readArguments(name, command, args);
  if (given !== "help") return command.run(given);
  process.stdout.write(helpOf(name, command));
  return 0;
}

// Whoever reads the output may stop, as `head` does.
process.stdout.on("error", (error: { code?: string }) => {
  if (error.code !== "EPIPE") throw error;
});
const args = process.argv.slice(2);
try {
  process.exitCode = await main(args);
} catch (error) {
  const isUsage = error instanceof UsageError;
  const about = args[0] !== undefined && Object.hasOwn(COMMANDS, args[0]) ? `${args[0]} --help` : "--help";
  process.stderr.write(`resnet-wasm: ${messageOf(error)}\n${isUsage ? `See resnet-wasm ${about}\n` : ""}`);
  process.exitCode = isUsage ? 2 : 1;
}
