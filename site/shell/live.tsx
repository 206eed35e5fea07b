/** Text that changes while something runs, spoken by screen readers at most every two seconds. */
import { useEffect, useRef, useState } from "preact/hooks";

/** WCAG and the issue both: a person must be able to hear the end of a sentence before the next one begins. */
const INTERVAL_MS = 2000;

/** The newest value, but at most one every `ms` milliseconds; the last one always arrives. */
export function useThrottled<Value>(value: Value, ms = INTERVAL_MS): Value {
  const [shown, setShown] = useState(value);
  const newest = useRef(value);
  const last = useRef(0);
  const timer = useRef<number | undefined>(undefined);
  newest.current = value;
  useEffect(() => {
    if (timer.current !== undefined) return;
    const wait = Math.max(0, last.current + ms - performance.now());
    timer.current = window.setTimeout(() => {
      timer.current = undefined;
      last.current = performance.now();
      setShown(newest.current);
    }, wait);
  }, [value, ms]);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  return shown;
}

/** One sentence that says how things stand. */
export function LiveText({ text, class: name }: { text: string; class?: string }) {
  return (
    <p role="status" class={name}>
      {useThrottled(text)}
    </p>
  );
}
