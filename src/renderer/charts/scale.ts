/** Charts grow to these and never shrink; above `power`, below the next one. */
const decimalSteps = [1, 2, 5, 10];
const binarySteps = [1, 1.5, 2];

/** The next round number at or above: 1, 2 or 5 times a power of ten. */
export function roundUp(value: number): number {
  return stepUp(value, 10, decimalSteps);
}

/** The same for memory: a power of two, or one and a half. */
export function roundUpBinary(value: number): number {
  return stepUp(value, 2, binarySteps);
}

/** The next power of ten at or above. */
export function roundUpPower(value: number): number {
  return stepUp(value, 10, [1, 10]);
}

function stepUp(value: number, base: number, steps: readonly number[]): number {
  if (!(value > 1)) return 1;
  const power = base ** Math.floor(Math.log(value) / Math.log(base) + 1e-12);
  return (steps.find((factor) => factor * power >= value) ?? base) * power;
}

/** Time spans a chart shows, seconds: it steps from one to the next, so that nothing creeps while it is read. */
const spans = [10, 20, 30, 60, 120, 180, 300, 600, 1200, 1800, 3600];

/** The span for a run this many seconds old. */
export function spanFor(seconds: number): number {
  return spans.find((span) => span >= seconds) ?? Math.ceil(seconds / 3600) * 3600;
}

/** Seconds as a clock reads: `0:05`, `12:30`, `1:02:30`; with tenths where they are told apart. */
export function clock(seconds: number, tenths = false): string {
  const whole = tenths ? Math.floor(seconds * 10 + 1e-6) / 10 : Math.floor(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = (whole % 60).toFixed(tenths ? 1 : 0).padStart(tenths ? 4 : 2, '0');
  return hours === 0 ? `${minutes}:${rest}` : `${hours}:${String(minutes).padStart(2, '0')}:${rest}`;
}

/** The part of the time that is shown, seconds. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Shortest part that can be looked at: some ten samples. */
const leastSpan = 1;

/** What halving and doubling may lose, seconds. */
const hair = 1e-6;

/** A part of what there is, at least a second of it; undefined is all. */
export function zoomTo({ from, to }: Range, end: number): Range | undefined {
  const low = Math.max(0, Math.min(from, to, end - leastSpan));
  const high = Math.max(low + leastSpan, Math.min(Math.max(from, to), Math.max(end, low + leastSpan)));
  return low <= hair && high >= end - hair ? undefined : { from: low, to: high };
}

/** The part in sight made wider or narrower around a moment. */
export function zoomBy(range: Range, factor: number, around: number, end: number): Range | undefined {
  const from = around - (around - range.from) * factor;
  return zoomTo({ from, to: from + (range.to - range.from) * factor }, end);
}
