import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { ConsoleApp } from './app';

const docs = resolve(__dirname, '..', 'docs');

/** Content sizes: the smallest that is promised, and a large screen. */
const sizes = [
  [1024, 640],
  [2560, 1440],
] as const;

/** Takes the view as it is now, in every size, light and dark. */
async function photograph(app: ConsoleApp, name: string): Promise<void> {
  for (const [width, height] of sizes) {
    await app.resize(width, height);
    for (const colorScheme of ['light', 'dark'] as const) {
      await app.page.emulateMedia({ colorScheme });
      await app.page.screenshot({ path: join(docs, 'views', `${name}-${width}x${height}-${colorScheme}.png`) });
    }
  }
}

/** Pictures of the running window until it shows one of these states, a few a second, as one moving picture. */
async function film(app: ConsoleApp, until: RegExp, file: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-film-'));
  const frames: string[] = [];
  try {
    for (let ended = false; !ended;) {
      ended = until.test((await app.status.textContent()) ?? '');
      const frame = join(folder, `${String(frames.length).padStart(4, '0')}.png`);
      await app.page.screenshot({ path: frame });
      frames.push(frame);
    }
    // The last picture stays for a moment.
    execFileSync('img2webp', [
      '-loop',
      '0',
      '-lossy',
      '-q',
      '60',
      '-d',
      '250',
      ...frames,
      '-d',
      '3000',
      frames.at(-1) ?? '',
      '-o',
      file,
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `npm run tour`: the pictures under docs/, and a film of a run; needs `img2webp` (Debian: webp) for the film. */
test('photographs every view during real runs', async () => {
  test.setTimeout(600_000);
  await mkdir(join(docs, 'views'), { recursive: true });
  const app = await ConsoleApp.launch();
  try {
    await photograph(app, 'guests-empty');
    await app.startSample({ workload: 'erp', memory: '256MiB' });
    await photograph(app, 'guests');

    await app.fill({ Profile: 'Slow link', 'Bandwidth limit': '50Mbit' });
    await photograph(app, 'new-migration');
    await app.resize(1280, 800);
    await app.page.emulateMedia({ colorScheme: 'light' });
    await app.start();
    await film(app, /^(completed|failed|cancelled|uncertain)/, join(docs, 'run.webp'));
    await app.reaches(/^completed/);
    await photograph(app, 'report');

    await app.startSample({ workload: 'erp', memory: '256MiB' });
    // Far more is rewritten than such a cache holds: it goes on until it is helped.
    await app.fill({ Profile: 'Slow link', 'Bandwidth limit': '50Mbit', 'XBZRLE cache size': '1MiB' });
    await app.start();
    await expect(app.page.getByRole('region', { name: 'Verdict' })).toContainText('Not converging', {
      timeout: 120_000,
    });
    await photograph(app, 'live');
    await app.open('Live');
    await app.field('Bandwidth limit').fill('0');
    await app.field('Downtime limit').fill('2s');
    await app.field('XBZRLE cache size').fill('64MiB');
    await app.button('Apply changes').click();
    await app.reaches(/^completed/);

    await app.open('History');
    const boxes = app.page.getByRole('checkbox', { name: /^Select the run/ });
    await expect(boxes).toHaveCount(2);
    for (const box of await boxes.all()) await box.check();
    await photograph(app, 'history');
    await app.button('Compare').click();
    await photograph(app, 'compare');
    await app.open('Profiles');
    await photograph(app, 'profiles');
    await app.open('Receive');
    await photograph(app, 'receive');
  } finally {
    await app.close();
  }
});
