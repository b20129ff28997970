import type { ElectronApplication } from '@playwright/test';
import type { RunView } from '../../src/shared/contract';

/** So many samples of a run. */
export interface Feed {
  readonly view: RunView;
  readonly from: number;
  readonly samples: number;
  /** 0 is as fast as they are taken. */
  readonly everyMs: number;
}

/** Sends made-up snapshots and memory maps of a run that goes up and down, from the main process, as runs are told of. */
export function feed(electron: ElectronApplication, order: Feed): Promise<void> {
  return electron.evaluate(async ({ BrowserWindow }, { view, from, samples, everyMs }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    if (contents === undefined) throw new Error('expected a window');
    const cells = 4096;
    const ram = { name: 'pc.ram', bytes: 2 ** 32, firstCell: 0 };
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
      contents.send('wherry:ramMap', {
        ...(sample === 0 && { layout: { cells, cellBytes: 2 ** 32 / cells, blocks: [ram] } }),
        cells: Uint8Array.from({ length: cells }, (_, cell) => Math.floor((at * 37 + cell) / 997) % 6),
      });
      // What is sent is first taken, or it would pile up: an hour lasts as long as the window needs for it.
      if (everyMs === 0 && sample % 200 === 199) await contents.executeJavaScript('0');
      const due = begun + (sample + 1) * everyMs;
      if (everyMs > 0) await new Promise((next) => setTimeout(next, Math.max(0, due - Date.now())));
    }
  }, order);
}
