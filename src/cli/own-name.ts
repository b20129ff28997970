import { basename, dirname, relative } from 'node:path';
import { quoted } from '../shared/command-line';

/** What is known of how the command was started. */
export interface Start {
  /** The script as Node was given it, absolute. */
  readonly script: string | undefined;
  readonly folder: string;
  /** The folders of PATH, as it is written. */
  readonly path: string | undefined;
  /** The package brings its own runtime, and a command of its own on the PATH. */
  readonly packaged: boolean;
}

/** The word by which the command can be started again where it was started: `wherry`, or the path of a clone's. */
export function ownName({ script, folder, path = '', packaged }: Start = thisStart()): string {
  if (script === undefined || packaged || basename(script) !== 'wherry') return 'wherry';
  if (path.split(':').includes(dirname(script))) return 'wherry';
  const near = relative(folder, script);
  return quoted(near.startsWith('..') ? script : near.includes('/') ? near : `./${near}`);
}

function thisStart(): Start {
  const packaged = process.versions['electron'] !== undefined;
  return { script: process.argv[1], folder: process.cwd(), path: process.env['PATH'], packaged };
}
