/** Kernels by their names. In bundles names stand for what they mean, and this file for nothing (scripts/kernel-names.ts). */
import { describeKernel, type KernelName, type KernelRecord } from "./records.js";

const known = new Map<KernelName, KernelRecord>();

export function kernelOf(name: KernelName): KernelRecord {
  const kernel = known.get(name) ?? describeKernel(name);
  known.set(name, kernel);
  return kernel;
}
