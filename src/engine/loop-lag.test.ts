import { expect, it, onTestFinished } from 'vitest';
import { LoopLag } from './loop-lag';

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

it('sees a loop that was held up, and nothing before it has looked', async () => {
  const lag = new LoopLag();
  onTestFinished(() => lag.stop());
  expect(lag.p99Ms).toBeUndefined();
  while (lag.p99Ms === undefined) await turn();
  const until = performance.now() + 200;
  while (performance.now() < until);
  while (lag.p99Ms < 150) await turn();
  lag.stop();
  expect(lag.p99Ms).toBeGreaterThanOrEqual(150);
});
