import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type ElectronApplication, type Page, _electron } from '@playwright/test';
import { consoleArguments, resolveElectron } from '../scripts/electron-runtime.mjs';
import type { RunView } from '../src/shared/contract';
import { defaultSettings } from '../src/shared/settings';
import { type Bench, count } from './kit/bench';
import { withDirectory } from './kit/guests';
import { median, percentile } from './kit/statistics';
import { digits } from './kit/table';

const samplesASecond = 10;
const hour = 3600 * samplesASecond;
const watchMs = 10_000;

/** Run by the page, whose world this program is not compiled for. */
const inPage = {
  paintedAt: `new Promise((found) => new PerformanceObserver((list) => {
    const [paint] = list.getEntriesByName('first-contentful-paint');
    if (paint !== undefined) found(performance.timeOrigin + paint.startTime);
  }).observe({ type: 'paint', buffered: true }))`,
  showLive: `location.hash = 'live'`,
  frames: `new Promise((counted) => {
    const begun = performance.now();
    let frames = 0;
    const next = (now) => {
      frames += 1;
      if (now - begun < ${watchMs}) requestAnimationFrame(next);
      else counted((frames * 1000) / (now - begun));
    };
    requestAnimationFrame(next);
  })`,
  pressAndWait: `new Promise((told) => {
    const find = () => [...document.querySelectorAll('button')].find((each) => /^(Pause|Resume)$/.test(each.textContent));
    const button = find();
    const text = button.textContent;
    const begun = performance.now();
    const observer = new MutationObserver(() => {
      if (find()?.textContent === text) return;
      observer.disconnect();
      told(performance.now() - begun);
    });
    observer.observe(document.body, { subtree: true, childList: true, characterData: true });
    button.click();
  })`,
  enabledAgain: `[...document.querySelectorAll('button')].some(
    (each) => /^(Pause|Resume)$/.test(each.textContent) && !each.disabled)`,
} as const;

/** The window as an operator has it: a real Electron, fed through the same channel as by a run. */
export const windowBench: Bench = {
  name: 'window',
  summary: 'first window, pictures after an hour of history, feedback while a migration saturates the engine',
  options: (command) =>
    command.option('--launches <number>', 'windows opened', '3').option('--commands <number>', 'commands given', '20'),
  async run(options, { wherry, say }) {
    if (process.env['DISPLAY'] === undefined && process.env['WAYLAND_DISPLAY'] === undefined) {
      say('not measured: no display; xvfb-run -a npm run bench -- window');
      return { parameters: options, figures: {}, rows: [], tables: [], charts: [] };
    }
    const root = resolve(dirname(wherry), '..', '..');
    execFileSync('npm', ['run', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    const opened: number[] = [];
    for (let launch = 0; launch < count(options, 'launches'); launch += 1) {
      opened.push(await withConsole(root, ({ paintedMs }) => Promise.resolve(paintedMs)));
    }
    say(`first window painted after ${opened.map(digits).join(', ')} ms`);
    const pictures = await withConsole(root, (shown) => anHourOfPictures(shown, say));
    const feedback = await withConsole(root, (shown) => feedbackMs(shown.page, count(options, 'commands')));
    say(`feedback after ${feedback.map(digits).join(', ')} ms`);
    const figures = {
      firstWindowMs: median(opened) ?? Number.NaN,
      framesPerSecond: pictures.framesPerSecond,
      rendererCore: pictures.rendererCore,
      gpuCore: pictures.gpuCore,
      heapGrowthMiB: Math.max(...pictures.heapMiB.slice(1)) - (pictures.heapMiB[0] ?? Number.NaN),
      feedbackMedianMs: median(feedback) ?? Number.NaN,
      feedbackP95Ms: percentile(feedback, 0.95) ?? Number.NaN,
    };
    return {
      parameters: options,
      figures,
      rows: [{ opened, ...pictures, feedback }],
      tables: [
        {
          title: 'The window (what is drawn in software costs the renderer and the GPU process)',
          head: ['figure', 'found'],
          rows: Object.entries(figures).map(([name, value]) => [name, digits(value)]),
        },
      ],
      charts: [
        {
          kind: 'lines',
          title: "Renderer's heap after so many minutes of history",
          unit: 'MiB',
          xLabel: 'min',
          lines: [{ name: 'heap', points: pictures.heapMiB.map((mib, index) => [(index + 1) * 10, mib] as const) }],
        },
      ],
    };
  },
};

interface ShownConsole {
  readonly electron: ElectronApplication;
  readonly page: Page;
  /** From the program's start until something is to be seen, as the page's own clock has it. */
  readonly paintedMs: number;
}

function withConsole<Value>(root: string, work: (shown: ShownConsole) => Promise<Value>): Promise<Value> {
  return withDirectory(async (directory) => {
    const runtime = resolveElectron(root, process.env);
    if (runtime === undefined) throw new Error('no Electron here: npm run setup');
    const startedAt = Date.now();
    const electron = await _electron.launch({
      executablePath: runtime.path,
      args: [...consoleArguments(root, process.getuid?.())],
      cwd: root,
      env: { ...(process.env as Record<string, string>), WHERRY_DATA_DIR: directory },
    });
    try {
      const page = await electron.firstWindow();
      await page.waitForSelector('main[aria-busy="false"]');
      return await work({ electron, page, paintedMs: (await paintedAt(page)) - startedAt });
    } finally {
      // A migration under way would be asked about.
      await electron.evaluate(({ dialog }) => {
        Object.assign(dialog, { showMessageBox: () => Promise.resolve({ response: 0, checkboxChecked: false }) });
      });
      electron.process().kill('SIGTERM');
      await electron.waitForEvent('close');
    }
  });
}

function paintedAt(page: Page): Promise<number> {
  return page.evaluate<number>(inPage.paintedAt);
}

interface PictureCosts {
  readonly framesPerSecond: number;
  /** Of one core, 0 to 1 for each. */
  readonly rendererCore: number;
  readonly gpuCore: number;
  /** After every ten minutes of history. */
  readonly heapMiB: readonly number[];
}

async function anHourOfPictures({ electron, page }: ShownConsole, say: (line: string) => void): Promise<PictureCosts> {
  await page.evaluate(inPage.showLive);
  const view: RunView = {
    guestId: 'synthetic',
    guestName: 'Synthetic',
    source: '/run/synthetic.qmp',
    destination: '/run/destination.qmp',
    settings: { ...defaultSettings, maxBandwidth: 12_500_000 },
  };
  await electron.evaluate(({ BrowserWindow }, started) => {
    BrowserWindow.getAllWindows()[0]?.webContents.send('wherry:run', started);
  }, view);
  const session = await page.context().newCDPSession(page);
  const heapMiB: number[] = [];
  for (let part = 0; part < 6; part += 1) {
    await feed(electron, { view, from: (part * hour) / 6, samples: hour / 6, everyMs: 0 });
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    heapMiB.push(usedSize / 2 ** 20);
  }
  say(`heap after every ten minutes: ${heapMiB.map(digits).join(', ')} MiB`);
  const live = { view, samples: (watchMs / 1000) * samplesASecond, everyMs: 1000 / samplesASecond };
  const before = await processorTimes(electron);
  await feed(electron, { ...live, from: hour });
  const after = await processorTimes(electron);
  const fed = feed(electron, { ...live, from: hour + live.samples });
  const framesPerSecond = await page.evaluate<number>(inPage.frames);
  await fed;
  const core = (name: keyof typeof after): number => (after[name] - before[name]) / ((after.at - before.at) / 1000);
  const costs = { framesPerSecond, rendererCore: core('renderer'), gpuCore: core('gpu'), heapMiB };
  say(`${digits(framesPerSecond)} frames/s, renderer ${digits(costs.rendererCore)}, GPU process ${digits(costs.gpuCore)} of a core`); // prettier-ignore
  return costs;
}

interface Feed {
  readonly view: RunView;
  readonly from: number;
  readonly samples: number;
  /** 0 is as fast as they are taken. */
  readonly everyMs: number;
}

/** Sends made-up snapshots of a run that goes up and down, from the main process, as runs are told of. */
function feed(electron: ElectronApplication, order: Feed): Promise<void> {
  return electron.evaluate(async ({ BrowserWindow }, { view, from, samples, everyMs }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    if (contents === undefined) throw new Error('expected a window');
    const begun = Date.now();
    for (let sample = 0; sample < samples; sample += 1) {
      const at = from + sample;
      const wave = 1 + Math.sin(at / 40) * 0.5 + Math.sin(at / 7) * 0.2;
      const share = (part: number): number => Math.round(at * 1_100_000 * part);
      contents.send('wherry:snapshot', {
        state: 'iterating',
        elapsedMs: at * 100,
        rounds: 1 + Math.floor(at / 150),
        totalBytes: 2 ** 32,
        remainingBytes: Math.round(2 ** 29 * wave),
        rawBytes: at * 4_000_000,
        wireBytes: at * 1_100_000,
        guestRate: 40e6 * wave,
        wireRate: 11e6 + 1e6 * Math.sin(at / 11),
        dirtyRate: 20e6 * wave,
        pages: {
          duplicate: at * 10,
          normal: at * 200,
          xbzrle: at * 600,
          unchanged: at * 50,
          repeated: 0,
          overflow: at,
        },
        cache: {
          size: 2 ** 26,
          lookups: at * 900,
          hits: at * 700,
          misses: at * 200,
          evictions: 0,
          overflow: at,
          shards: [],
        },
        compression: { method: 'zstd', level: 1, rawBytes: at * 3_000_000, compressedBytes: at * 1_000_000 },
        wireClasses: {
          zero: 0,
          unchanged: 0,
          xbzrle: share(0.6),
          normal: share(0.3),
          plain: share(0.05),
          other: share(0.05),
        },
        inFlightBytes: 1e6,
        limiterBusyShare: 0.9,
        workers: Array.from({ length: 8 }, (_, index) => ({
          name: `compress-${index}`,
          busyShare: Math.abs(Math.sin(at / 30 + index)),
          restarts: 0,
        })),
        expectedDowntimeMs: { low: 60 * wave, high: 240 * wave },
        guestRunningOn: 'source',
        settings: view.settings,
      });
      // What is sent is first taken, or it would pile up: an hour lasts as long as the window needs for it.
      if (everyMs === 0 && sample % 200 === 199) await contents.executeJavaScript('0');
      const due = begun + (sample + 1) * everyMs;
      if (everyMs > 0) await new Promise((next) => setTimeout(next, Math.max(0, due - Date.now())));
    }
  }, order);
}

/** Processor time so far of the window's processes, in seconds, and when that was, ms. */
async function processorTimes(electron: ElectronApplication) {
  const pids = await electron.evaluate(({ app, BrowserWindow }) => ({
    renderer: BrowserWindow.getAllWindows()[0]?.webContents.getOSProcessId() ?? 0,
    gpu: app.getAppMetrics().find(({ type }) => type === 'GPU')?.pid ?? 0,
  }));
  return { renderer: processorTime(pids.renderer), gpu: processorTime(pids.gpu), at: performance.now() };
}

/** User and system time of a process in seconds; /proc counts in hundredths. */
function processorTime(pid: number): number {
  const stat = readFileSync(join('/proc', String(pid), 'stat'), 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** From pressing Pause or Resume until the window shows that it is so, while a guest of noise goes as fast as it can. */
async function feedbackMs(page: Page, commands: number): Promise<readonly number[]> {
  await page.getByLabel('Workload', { exact: true }).selectOption('random');
  await page.getByLabel('Guest memory', { exact: true }).fill('1GiB');
  await page.getByRole('button', { name: 'Start sample guest' }).click();
  await page
    .getByRole('row', { name: /Sample 1/ })
    .getByText('running')
    .waitFor();
  await page.getByRole('link', { name: 'New migration' }).click();
  const fields = { 'Compression level': '9', 'Compress threads': '8', 'Bandwidth limit': '40MB/s' };
  for (const [label, text] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(text);
  await page.getByRole('button', { name: 'Start migration' }).click();
  await page
    .getByRole('status', { name: 'Migration status' })
    .filter({ hasText: /^(bulk|iterating)/ })
    .waitFor();
  const found: number[] = [];
  for (let command = 0; command < commands; command += 1) {
    await page.getByRole('button', { name: /^(Pause|Resume)$/ }).waitFor();
    found.push(await page.evaluate<number>(inPage.pressAndWait));
    await page.waitForFunction(inPage.enabledAgain);
  }
  return found;
}
