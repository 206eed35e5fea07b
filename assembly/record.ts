// Reads the arguments of a program record (see run.ts). `i` counts arguments from 0 behind the two header words.

// @ts-ignore: decorator
@inline
export function i32_arg(r: usize, i: i32): i32 {
  return load<i32>(r + ((<usize>i + 2) << 2));
}

// @ts-ignore: decorator
@inline
export function f32_arg(r: usize, i: i32): f32 {
  return load<f32>(r + ((<usize>i + 2) << 2));
}

// @ts-ignore: decorator
@inline
export function ptr_arg(r: usize, i: i32): usize {
  return load<u32>(r + ((<usize>i + 2) << 2));
}
