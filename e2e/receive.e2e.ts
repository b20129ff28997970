import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { expect } from '@playwright/test';
import { few, type ConsoleApp } from './app';
import { test } from './kit/console-test';

const children: ChildProcess[] = [];

test.afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A `wherry` beside the window, in a data folder of its own. */
function wherry(...words: readonly string[]): { readonly child: ChildProcess; readonly out: () => string } {
  const env = { ...process.env, WHERRY_DATA_DIR: test.info().outputPath('data') };
  const child = spawn(process.execPath, ['bin/wherry', ...words, '--json'], { stdio: ['ignore', 'pipe', 'pipe'], env });
  children.push(child);
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (out += text));
  return { child, out: () => out };
}

/** Addresses of the sample's two ends. */
async function sampleEnds(app: ConsoleApp): Promise<{ readonly source: string; readonly destination: string }> {
  const outcome = await app.page.evaluate(() => window.wherry.calls.readConsole(undefined));
  if (!outcome.ok) throw new Error(outcome.failure.message);
  const [guest] = outcome.value.guests;
  if (guest?.destination === undefined) throw new Error('the sample has no destination');
  return { source: guest.address, destination: guest.destination };
}

/** Has a server listen on a free loopback port. */
async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const receiver = (app: ConsoleApp) => app.page.getByRole('status', { name: 'Receiver status' });

async function receive(app: ConsoleApp, destination: string, listen = ':0'): Promise<void> {
  await app.open('Receive');
  await app.field('Destination QMP').fill(destination);
  await app.field('Listen address').fill(listen);
  await app.button('Start receiving').click();
}

test('the window sends a guest to a `wherry receive`', async ({ app }) => {
  await app.startSample();
  const { destination } = await sampleEnds(app);
  const far = wherry('receive', '--listen', ':0', '--destination', destination, '--once');
  await expect.poll(far.out).toMatch(/"url":"wherry:/);
  const url = /"url":"([^"]+)"/.exec(far.out())?.[1] ?? '';
  const secret = /token=([0-9a-f]+)/.exec(url)?.[1] ?? '';
  await app.fill({ Destination: url, ...few });
  await app.start();
  await app.ends('completed');
  await expect(app.page.getByText('Completed: the guest runs on the destination.')).toBeVisible();
  await expect.poll(far.out).toContain('"status":"delivered"');
  // The guest is elsewhere now: what is left here is where it came from.
  await app.open('Guests');
  await expect(app.page.getByRole('row', { name: /Sample 1/ })).toContainText('moved away');
  expect(secret).toHaveLength(64);
  await app.open('Live');
  expect(await app.page.locator('body').innerText()).not.toContain(secret);
});

test('a wrong or dead receiver is said in words, and the guest stays', async ({ app }) => {
  await app.startSample();
  await app.fill({
    Destination: `wherry://127.0.0.1:1?fingerprint=${'cd'.repeat(32)}&token=${'ab'.repeat(32)}`,
    ...few,
  });
  await app.start();
  await app.ends('failed');
  await expect(app.page.getByText('Failed: the guest runs on the source.')).toBeVisible();
  await expect(
    app.page.getByText(/^The receiver at 127\.0\.0\.1:1: it cannot be reached: nobody listens there/),
  ).toBeVisible();
});

test('the window takes the guest of a `wherry migrate`, and shows it arrive', async ({ app }) => {
  await app.startSample({ workload: 'random' });
  const { source, destination } = await sampleEnds(app);
  await receive(app, destination);
  await expect(receiver(app)).toHaveText(/^Waiting for a sender at 127\.0\.0\.1:\d+\.$/);
  await app.button('Copy pairing text').click();
  await expect(app.page.getByRole('status', { name: 'Copied' })).toHaveText('Copied.');
  const pairing = await app.electron.evaluate(({ clipboard }) => clipboard.readText());
  expect(pairing).toMatch(/^wherry:\/\//);

  // Slow enough to be watched; what the guest has written meanwhile goes in its pause.
  const limits = ['--max-bandwidth', '4MB/s', '--downtime-limit', '60s'];
  const near = wherry('migrate', '--source', source, '--destination', pairing, ...limits);
  await expect(receiver(app)).toHaveText('A guest is arriving.');
  const row = app.page.getByRole('table').getByRole('row', { name: /127\.0\.0\.1/ });
  await expect(row).toContainText(/receiving; the guest runs on its source.*B\/s/);
  expect(await app.axe()).toEqual([]);
  await expect(row).toContainText(/arrived/, { timeout: 120_000 });
  await expect(receiver(app)).toHaveText(/^A guest has arrived\./);
  await expect.poll(near.out).toContain('"guestRunningOn":"destination"');

  await app.button('Stop receiving').click();
  await expect(receiver(app)).toHaveText('Stopped: nobody can send a guest here.');
  await expect(app.page.getByRole('region', { name: 'Pairing' })).not.toContainText('wherry://');
});

test('asks before it stops on a guest that is arriving, and says how that ended', async ({ app }) => {
  await app.startSample({ workload: 'random' });
  const { source, destination } = await sampleEnds(app);
  await receive(app, destination);
  await expect(receiver(app)).toHaveText(/^Waiting for a sender at 127\.0\.0\.1:\d+\.$/);
  const pairing = await app.page.getByRole('region', { name: 'Pairing' }).locator('code').innerText();
  const near = wherry('migrate', '--source', source, '--destination', pairing, '--max-bandwidth', '500kB/s');
  await expect(receiver(app)).toHaveText('A guest is arriving.');
  const row = app.page.getByRole('row', { name: /127\.0\.0\.1/ });
  await expect(row).toContainText('receiving'); // its link has been tested by then
  await app.answerClosing('Keep migrating');
  await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
  await app.button('Stop receiving').click();
  const question = app.page.getByRole('dialog', { name: 'Stop while a guest is arriving?' });
  await question.getByRole('button', { name: 'Keep receiving' }).click();
  await expect(receiver(app)).toHaveText('A guest is arriving.');
  await app.button('Stop receiving').click();
  await question.getByRole('button', { name: 'Stop receiving now' }).click();
  await expect(row).toContainText(/failed/i);
  await expect.poll(near.out).toContain('"guestRunningOn":"source"');
});

test('says in words what is wrong with the port and with the monitor', async ({ app }) => {
  const problem = app.page.getByRole('alert').filter({ hasText: /./ });
  await receive(app, '/nowhere/destination.qmp');
  await expect(problem).toContainText('No QMP monitor at unix:/nowhere/destination.qmp');

  const foreign = createServer((socket) => void socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.2\r\n'));
  await receive(app, `tcp:127.0.0.1:${await listen(foreign)}`);
  await expect(problem).toContainText(/not.*QMP|QMP.*not|expected/i);

  await app.startSample();
  const { source, destination } = await sampleEnds(app);
  await receive(app, source);
  await expect(problem).toContainText('is running, expected inmigrate');

  const taken = createServer();
  await receive(app, destination, `:${await listen(taken)}`);
  await expect(problem).toContainText('another program has this port');
  await app.field('Listen address').fill('not an address');
  await expect(app.field('Listen address')).toHaveAttribute('aria-invalid', 'true');
  await expect(app.button('Start receiving')).toBeDisabled();
  taken.close();
  foreign.close();
});
