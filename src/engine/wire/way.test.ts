import type { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Way } from './way';

const plain = { host: '127.0.0.1', port: 1 };
const secured = { ...plain, fingerprint: 'ab'.repeat(32) };
let now = 0;

beforeEach(() => void vi.spyOn(performance, 'now').mockImplementation(() => now));
afterEach(() => void vi.restoreAllMocks());

/** A connection that gets so far after so long each. */
function comes(way: Way, to: typeof plain, steps: readonly (readonly [event: string, afterMs: number])[]): void {
  const socket = new Socket();
  way.watch(to, socket);
  for (const [event, afterMs] of steps) {
    now += afterMs;
    (socket as EventEmitter).emit(event);
  }
  socket.destroy();
}

it('a try takes three seconds at least, and so long where nothing is known', () => {
  const way = new Way();
  expect(way.againMs).toBe(3000);
  comes(way, plain, [['connect', 2]]);
  expect(way.againMs).toBe(3000);
});

it('a long way has the time it took, three times over, up to what a first try has', () => {
  const way = new Way();
  comes(way, secured, [
    ['connect', 1200],
    ['secureConnect', 1300],
  ]);
  expect(way.againMs).toBe(7500);
  comes(way, secured, [
    ['connect', 4000],
    ['secureConnect', 4000],
  ]);
  expect(way.againMs).toBe(15_000);
  comes(way, plain, [['connect', 1500]]);
  expect(way.againMs).toBe(4500);
});

it('what came no further than TCP says how long the rest will take', () => {
  const way = new Way();
  comes(way, secured, [['connect', 2000]]);
  expect(way.againMs).toBe(12_000);
  comes(way, secured, [['connect', 1]]);
  expect(way.againMs).toBe(12_000); // something on the way may have taken it
});
