import { EventEmitter } from 'node:events';
import { basename, isAbsolute } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { spawnUtility } from './spawn-utility';

const fork = vi.hoisted(() => vi.fn());
vi.mock('electron', () => ({ utilityProcess: { fork } }));

afterEach(() => vi.unstubAllEnvs());

it('starts a worker from its own bundle, without what would change what it runs', () => {
  const dangerous = ['NODE_OPTIONS', 'ELECTRON_RUN_AS_NODE', 'LD_PRELOAD', 'DYLD_INSERT_LIBRARIES'];
  for (const name of dangerous) vi.stubEnv(name, '--require=/tmp/mine.js');
  vi.stubEnv('WHERRY_DATA_DIR', '/tmp/data');
  fork.mockReturnValue(new EventEmitter());
  spawnUtility('compress', 'compress 0');
  const [path, words, { env, serviceName }] = fork.mock.lastCall as [
    string,
    string[],
    { readonly env: Record<string, string>; readonly serviceName: string },
  ];
  expect([isAbsolute(path), basename(path)]).toEqual([true, 'compress.cjs']);
  expect([words, serviceName]).toEqual([['compress 0'], 'wherry compress 0']);
  expect(env['WHERRY_DATA_DIR']).toBe('/tmp/data');
  for (const name of dangerous) expect(env).not.toHaveProperty(name);
});
