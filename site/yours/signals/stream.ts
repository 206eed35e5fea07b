/** Readings as they come: so many channels, so many times a second. */

export interface Stream {
  channels: string[];
  /** Readings a second. */
  rate: number;
  close(): void;
}

/** Takes a reading, one number for each channel. */
export type Take = (reading: readonly number[]) => void;

/** A window is a second. */
export const SECONDS = 1;
export const RATE = 32;
const BANDS = 12;
/** Silence, as the analyser has it (dB), and its width. */
const QUIET_DB = -100;
const RANGE_DB = 70;

/** Levels of bands from low to high, each an octave part: 0 is silence, 1 loud. Nothing of the sound itself is kept. */
export async function openMicrophone(take: Take): Promise<Stream> {
  const media = await navigator.mediaDevices.getUserMedia({ audio: true });
  const audio = new AudioContext();
  await audio.resume();
  const analyser = new AnalyserNode(audio, { fftSize: 1024, smoothingTimeConstant: 0.3 });
  audio.createMediaStreamSource(media).connect(analyser);
  const spectrum = new Float32Array(analyser.frequencyBinCount);
  const edges = Array.from({ length: BANDS + 1 }, (_, i) => Math.round(2 * (spectrum.length / 4) ** (i / BANDS)));
  const timer = setInterval(() => {
    analyser.getFloatFrequencyData(spectrum);
    const bands = Array.from({ length: BANDS }, (_, i) => {
      const [from, to] = [edges[i], Math.max(edges[i] + 1, edges[i + 1])];
      const loudest = Math.max(QUIET_DB, ...spectrum.subarray(from, to).filter(Number.isFinite));
      return (loudest - QUIET_DB) / RANGE_DB;
    });
    take(bands);
  }, 1000 / RATE);
  return {
    channels: Array.from({ length: BANDS }, (_, i) => `band ${i + 1}`),
    rate: RATE,
    close() {
      clearInterval(timer);
      for (const track of media.getTracks()) track.stop();
      void audio.close();
    },
  };
}

/** How long a device may stay silent before it counts as one that tells no movements. */
const WAIT_MS = 1500;
/** Of iOS, which asks the visitor. */
interface Asking {
  requestPermission?(): Promise<"granted" | "denied">;
}

/** Acceleration along three axes (m/s²), gravity included, taken RATE times a second. */
export async function openMotion(take: Take): Promise<Stream> {
  if (typeof DeviceMotionEvent === "undefined") throw new Error("no movements");
  const { requestPermission } = DeviceMotionEvent as Asking;
  if (requestPermission && (await requestPermission.call(DeviceMotionEvent)) !== "granted") throw new Error("refused");
  let last: number[] | undefined;
  const listen = ({ accelerationIncludingGravity: a }: DeviceMotionEvent) => {
    if (a?.x != null) last = [a.x, a.y ?? 0, a.z ?? 0];
  };
  addEventListener("devicemotion", listen);
  const until = performance.now() + WAIT_MS;
  while (!last && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
  if (!last) {
    removeEventListener("devicemotion", listen);
    throw new Error("no movements");
  }
  const timer = setInterval(() => take(last ?? [0, 0, 0]), 1000 / RATE);
  return {
    channels: ["x", "y", "z"],
    rate: RATE,
    close() {
      clearInterval(timer);
      removeEventListener("devicemotion", listen);
    },
  };
}
