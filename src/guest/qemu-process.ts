import { spawnBound } from '../host/bound-child';
import { WherryError } from '../shared/failure';
import { requireQemu } from './qemu-binary';

/** Of what QEMU says, the last so many characters are kept. */
const complaintChars = 4096;

/** A QEMU that was started and may have ended. */
export interface QemuProcess {
  readonly pid: number;
  /** How it ended, e.g. `ended with code 1: could not open …`; never rejects. */
  readonly exited: Promise<string>;
  /** What it wrote to standard error, the end of it. */
  complaints(): string;
  /** Ends it now (it has no disk to lose anything on) and waits until it is gone; safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts a QEMU with these arguments and nothing QEMU would add by itself. It ends with this process, even
 * where that is killed outright.
 * @throws WherryError `worker` when there is no QEMU or it does not start
 */
export async function startQemu(options: { readonly args: readonly string[] }): Promise<QemuProcess> {
  const { path } = requireQemu();
  const child = spawnBound(path, ['-no-user-config', '-nodefaults', '-display', 'none', ...options.args]);
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-complaintChars);
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => {
      process.removeListener('exit', kill);
      const how = signal === null ? `with code ${code}` : `by ${signal}`;
      resolve(`ended ${how}${complaints === '' ? '' : `: ${complaints.trim()}`}`);
    });
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', (error) => {
      process.removeListener('exit', kill);
      reject(new WherryError('worker', `QEMU: ${path} does not start: ${error.message}`, { cause: error }));
    });
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
  const stop = async (): Promise<void> => {
    kill();
    await exited;
  };
  return { pid, exited, complaints: () => complaints, stop };
}
