import { readFileSync } from 'node:fs';
import { expect } from '@playwright/test';
import { test } from './kit/console-test';
import { childrenOf, commandLine, isAlive } from './kit/processes';

test('a console that is killed outright takes its QEMUs with it', async ({ app }) => {
  await app.startSample({ kind: 'qemu', memory: '64MiB' });
  const qemus = childrenOf(app.process.pid ?? NaN, 'qemu-system');
  expect(qemus).toHaveLength(2);
  const ended = new Promise((resolve) => app.process.once('exit', resolve));
  app.process.kill('SIGKILL');
  await ended;
  for (const pid of qemus) await expect.poll(() => isAlive(pid)).toBe(false);
});

test('a QEMU sample of the window has something to move', async ({ app }) => {
  await app.startSample({ kind: 'qemu', memory: '64MiB' });
  const [qemu = NaN] = childrenOf(app.process.pid ?? NaN, 'source.log');
  const log = /logfile=([^, ]+source\.log)/.exec(commandLine(qemu))?.[1] ?? '';
  // The second number of a beat counts the sweeps over its memory.
  await expect.poll(() => readFileSync(log, 'latin1')).toMatch(/^[0-9a-f]{8} (?!0{8})[0-9a-f]{8}\r?$/m);
  await app.close();
  await expect.poll(() => isAlive(qemu)).toBe(false);
});
