/** Bars in groups, or lines over a common x axis; what is undefined is left out, with its note if it has one. */
export type Chart = BarChart | LineChart;

export interface BarChart {
  readonly kind: 'bars';
  readonly title: string;
  readonly unit: string;
  readonly groups: readonly {
    readonly label: string;
    readonly bars: readonly { readonly name: string; readonly value: number | undefined; readonly note?: string }[];
  }[];
}

export interface LineChart {
  readonly kind: 'lines';
  readonly title: string;
  readonly unit: string;
  readonly xLabel: string;
  readonly lines: readonly { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] }[];
}

const palette = ['#0f6cbd', '#c4501b', '#2e7d32', '#7b3fa0', '#b58900', '#00838f', '#ad1457', '#546e7a'];
const width = 860;
const left = 230;
const plotWidth = 520;
const barHeight = 16;
const lineHeight = 260;

/** The charts one below the other as an SVG document. */
export function svgOf(charts: readonly Chart[]): string {
  const drawn: string[] = [];
  let y = 0;
  for (const chart of charts) {
    const { body, height } = chart.kind === 'bars' ? bars(chart) : lines(chart);
    drawn.push(`<g transform="translate(0 ${y})">${body}</g>`);
    y += height;
  }
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}"`;
  const style = 'font-family="system-ui, sans-serif" font-size="12" fill="#1b1b1b"';
  return `${head} ${style}>\n<rect width="100%" height="100%" fill="#fff"/>\n${drawn.join('\n')}\n</svg>\n`;
}

interface Drawn {
  readonly body: string;
  readonly height: number;
}

function bars({ title, unit, groups }: BarChart): Drawn {
  const names = [...new Set(groups.flatMap((group) => group.bars.map(({ name }) => name)))];
  const most = Math.max(...groups.flatMap((group) => group.bars.map(({ value }) => value ?? 0)), Number.MIN_VALUE);
  const parts = [heading(title, unit)];
  let y = 44;
  for (const { label, bars: inGroup } of groups) {
    parts.push(text(12, y + 12, label, 'font-weight="600"'));
    y += 18;
    for (const { name, value, note } of inGroup) {
      const long = (plotWidth * (value ?? 0)) / most;
      const said = [value === undefined ? undefined : short(value), note]
        .filter((part) => part !== undefined)
        .join(', ');
      parts.push(text(left - 8, y + 12, name, 'text-anchor="end"'));
      const colour = palette[names.indexOf(name) % palette.length];
      if (value !== undefined)
        parts.push(`<rect x="${left}" y="${y + 2}" width="${round(long)}" height="12" fill="${colour}"/>`);
      parts.push(text(left + 6 + round(long), y + 12, said, 'fill="#444"'));
      y += barHeight;
    }
    y += 8;
  }
  return { body: parts.join('\n'), height: y + 12 };
}

function lines({ title, unit, xLabel, lines: all }: LineChart): Drawn {
  const points = all.flatMap((line) => line.points);
  const mostX = Math.max(...points.map(([x]) => x), Number.MIN_VALUE);
  const mostY = Math.max(...points.map(([, y]) => y), Number.MIN_VALUE);
  const [x0, y0, high] = [64, 44, lineHeight];
  const wide = width - x0 - 24;
  const at = ([x, y]: readonly [number, number]): string =>
    `${round(x0 + (wide * x) / mostX)},${round(y0 + high - (high * y) / mostY)}`;
  const parts = [heading(title, unit)];
  for (const value of ticks(mostY)) {
    const y = round(y0 + high * (1 - value / mostY));
    parts.push(`<line x1="${x0}" x2="${x0 + wide}" y1="${y}" y2="${y}" stroke="#ddd"/>`);
    parts.push(text(x0 - 6, y + 4, String(value), 'text-anchor="end" fill="#444"'));
  }
  for (const value of ticks(mostX)) {
    parts.push(text(x0 + (wide * value) / mostX, y0 + high + 16, String(value), 'text-anchor="middle" fill="#444"'));
  }
  parts.push(text(x0 + wide, y0 + high + 32, xLabel, 'text-anchor="end" fill="#444"'));
  for (const [index, { name, points: own }] of all.entries()) {
    const colour = palette[index % palette.length];
    parts.push(`<polyline points="${own.map(at).join(' ')}" fill="none" stroke="${colour}" stroke-width="1.5"/>`);
    parts.push(text(x0 + 8 + 160 * (index % 5), y0 + high + 50 + 16 * Math.floor(index / 5), name, `fill="${colour}"`));
  }
  return { body: parts.join('\n'), height: y0 + high + 64 + 16 * Math.floor(all.length / 5) };
}

/** Round numbers from 0 to at most this one, three to six of them; none where there is nothing to measure. */
export function ticks(most: number): readonly number[] {
  if (most < 1e-9) return [];
  const size = 10 ** Math.floor(Math.log10(most / 2));
  const step = size * ([5, 2, 1].find((times) => most / (size * times) >= 2) ?? 1);
  // Three steps of 0.1 are a little more than 0.3, and a little less than three go into it.
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(6)));
}

const heading = (title: string, unit: string): string =>
  text(12, 24, `${title}, ${unit}`, 'font-size="15" font-weight="600"');

const text = (x: number, y: number, said: string, attributes = ''): string =>
  `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped(said)}</text>`;

const round = (value: number): number => Math.round(value * 10) / 10;

/** Three digits. */
const short = (value: number): string =>
  value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2);

const escaped = (said: string): string =>
  said.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
