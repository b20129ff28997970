import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { ConsoleApp } from './app';
import { childrenOf, commandLine, isAlive } from './kit/processes';

test('a console that is killed outright takes its QEMUs with it', async () => {
  const app = await ConsoleApp.launch();
  await app.startSample({ kind: 'qemu', memory: '64MiB' });
  const qemus = childrenOf(app.process.pid ?? NaN, 'qemu-system');
  expect(qemus).toHaveLength(2);
  const ended = new Promise((resolve) => app.process.once('exit', resolve));
  app.process.kill('SIGKILL');
  await ended;
  for (const pid of qemus) await expect.poll(() => isAlive(pid)).toBe(false);
  await app.close();
});

test('a QEMU sample of the window has something to move', async () => {
  const app = await ConsoleApp.launch();
  await app.startSample({ kind: 'qemu', memory: '64MiB' });
  const [qemu = NaN] = childrenOf(app.process.pid ?? NaN, 'source.log');
  const log = /logfile=([^, ]+source\.log)/.exec(commandLine(qemu))?.[1] ?? '';
  // The second number of a beat counts the sweeps over its memory.
  await expect.poll(() => readFileSync(log, 'latin1')).toMatch(/^[0-9a-f]{8} (?!0{8})[0-9a-f]{8}\r?$/m);
  await app.close();
  expect(isAlive(qemu)).toBe(false);
});
