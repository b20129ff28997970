import { expect, test } from '@playwright/test';
import { ConsoleApp } from './app';
import { childrenOf, isAlive } from './kit/processes';

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
