/** A network as it is drawn: every layer, the main path, every skip connection. Bars are as full as letters look different there. */
import { Figure } from "../shell/chart/figure.js";
import { useWidth } from "../shell/chart/width.js";
import { lesson } from "../text/lesson.js";
import { CLASSES, type Kind, SIDE, WIDTH } from "./settings.js";

interface NetworkProps {
  kind: Kind;
  depth: number;
  /** How different letters look to each layer but the last; of a network that has not been made, none. */
  differences?: Float32Array;
}

/** CSS pixels. */
const ENDS = { input: 14, output: 14, gap: 16 };
const PITCH = { max: 64 };
/** Above the bars: room for the arcs, where there are any. */
const ARC = { plain: 2, residual: 16 };
const BAR = { input: 52, hidden: 36, output: 20 };

export function Network({ kind, depth, differences }: NetworkProps) {
  const t = lesson.value.network;
  const [box, width] = useWidth<HTMLDivElement>(600);
  const { input, output, gap } = ENDS;
  const room = width - input - output - 2 * gap - 2;
  const pitch = Math.min(PITCH.max, room / depth);
  const first = input + gap + (room - pitch * depth) / 2;
  const height = ARC[kind] + BAR.input + 18;
  const middle = ARC[kind] + BAR.input / 2;
  const last = first + pitch * depth;
  const colour = `var(--${kind})`;
  const title = t.title[kind];
  const layer = (index: number) => differences?.[index];
  return (
    <Figure
      title={title}
      name={`network-${kind}-${depth}`}
      class="network"
      table={{
        columns: [t.layer, t.size, t.skip, t.difference],
        rows: () =>
          Array.from({ length: depth + 2 }, (_, i) => [
            i + 1,
            `${i === 0 ? SIDE * SIDE : WIDTH} → ${i > depth ? CLASSES : WIDTH}`,
            kind === "residual" && i > 0 && i <= depth ? (i % 2 ? t.begins : t.ends) : "–",
            layer(i)?.toPrecision(2) ?? "–",
          ]),
      }}
    >
      <div ref={box}>
        <svg class="chart" width={width} height={height} role="img" aria-label={`${title}: ${t.hidden(depth, WIDTH)}`}>
          <line class="axis" x1={first - gap} x2={last + gap} y1={middle} y2={middle} />
          <Bar
            x={first - gap - input}
            width={input}
            height={BAR.input}
            middle={middle}
            colour={colour}
            strength={layer(0)}
          />
          {Array.from({ length: depth }, (_, i) => (
            <g key={i}>
              <Bar
                x={first + i * pitch + pitch * 0.16}
                width={pitch * 0.5}
                height={BAR.hidden}
                middle={middle}
                colour={colour}
                strength={layer(i + 1)}
              />
              {/* ReLU: a thin bar after each layer's weights. */}
              <rect
                class="relu"
                x={first + i * pitch + pitch * 0.84}
                y={middle - BAR.hidden / 4}
                width={Math.max(1, Math.min(4, pitch * 0.12))}
                height={BAR.hidden / 2}
              />
            </g>
          ))}
          {kind === "residual" &&
            Array.from({ length: depth / 2 }, (_, i) => (
              <Skip
                key={i}
                from={first + 2 * i * pitch + pitch * 0.06}
                to={first + (2 * i + 1.74) * pitch}
                middle={middle}
                pitch={pitch}
              />
            ))}
          <Bar x={last + gap} width={output} height={BAR.output} middle={middle} colour={colour} />
          <text x={first - gap - input} y={height - 4}>
            {t.pixels(SIDE * SIDE)}
          </text>
          <text x={(first + last) / 2} y={height - 4} text-anchor="middle">
            {t.hidden(depth, WIDTH)}
          </text>
          <text x={last + gap + output} y={height - 4} text-anchor="end">
            {t.letters(CLASSES)}
          </text>
        </svg>
      </div>
    </Figure>
  );
}

interface BarProps {
  x: number;
  width: number;
  height: number;
  middle: number;
  colour: string;
  strength?: number;
}

/** A bar is full where letters point into directions at right angles; most share some, as all outputs of a ReLU are positive. */
const FULL = 0.6;

function Bar({ x, width, height, middle, colour, strength = 0 }: BarProps) {
  const level = height * Math.min(1, Math.max(0, strength / FULL));
  return (
    <g>
      <rect
        class="bar-ground"
        x={x}
        y={middle - height / 2}
        width={width}
        height={height}
        rx={Math.min(2, width / 4)}
        stroke={colour}
      />
      <rect x={x} y={middle + height / 2 - level} width={width} height={level} fill={colour} />
    </g>
  );
}

/** From the stream before two layers to the sum before the second one's ReLU. */
function Skip({ from, to, middle, pitch }: { from: number; to: number; middle: number; pitch: number }) {
  const top = middle - BAR.hidden / 2 - 20;
  const radius = Math.max(1.6, Math.min(6, pitch * 0.12));
  const bend = Math.min(14, (to - from) / 3);
  const arc = `M${from} ${middle}V${top + bend}Q${from} ${top} ${from + bend} ${top}H${to - bend}Q${to} ${top} ${to} ${top + bend}V${middle - radius}`;
  return (
    <g class="skip-connection">
      <path d={arc} />
      <circle cx={to} cy={middle} r={radius} />
      {radius > 3.5 && (
        <path
          d={`M${to - radius + 1.5} ${middle}H${to + radius - 1.5}M${to} ${middle - radius + 1.5}V${middle + radius - 1.5}`}
        />
      )}
    </g>
  );
}
