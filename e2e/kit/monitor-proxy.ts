import { rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { LineSplitter } from '../../src/engine/qmp/lines';
import { parseQmpAddress } from '../../src/shared/qmp-address';

/** When a monitor's link is cut. */
export interface CutRule {
  /** The line at which it is cut, and who says it. */
  readonly at: RegExp;
  readonly by: 'wherry' | 'qemu';
  /** Whether that line still arrives. */
  readonly line: 'kept' | 'lost';
  /** Whether the monitor can be reached again afterwards. */
  readonly then: 'back' | 'gone';
}

export interface MonitorProxy {
  /** Address to give to Wherry. */
  readonly address: string;
  /** Lines that arrived at QEMU. */
  readonly heard: readonly string[];
  /** Connections so far. */
  readonly connections: () => number;
  readonly cut: Promise<void>;
}

/** Stands between Wherry and a QEMU's monitor, and cuts that link once, at a line of the test's choice. */
export async function monitorProxy(monitor: string, path: string, rule: CutRule): Promise<MonitorProxy> {
  const target = parseQmpAddress(monitor);
  if (target.kind !== 'unix') throw new Error('expected a unix socket');
  const heard: string[] = [];
  let [connections, isCut] = [0, false];
  let tellCut = (): void => undefined;
  const cut = new Promise<void>((resolve) => (tellCut = resolve));
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    connections += 1;
    const far = connect(target.path);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => (near.destroy(), far.destroy()));
    }
    const cutHere = (line: string, to: Socket): void => {
      isCut = true;
      if (rule.then === 'gone') server.close();
      if (rule.then === 'gone') rmSync(path, { force: true });
      if (rule.line === 'kept') to.end(`${line}\n`, tellCut);
      else {
        near.destroy();
        tellCut();
      }
      far.destroySoon();
    };
    const pass = (by: CutRule['by'], to: Socket): ((chunk: Buffer) => void) => {
      const lines = new LineSplitter();
      return (chunk) => {
        for (const line of lines.push(chunk)) {
          if (near.destroyed || near.writableEnded) return;
          if (!isCut && by === rule.by && rule.at.test(line)) return cutHere(line, to);
          if (by === 'wherry') heard.push(line);
          to.write(`${line}\n`);
        }
      };
    };
    near.on('data', pass('wherry', far));
    far.on('data', pass('qemu', near));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { address: `unix:${path}`, heard, connections: () => connections, cut };
}
