import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { dataFolder } from '../engine/store/data-folder';
import { openStores } from '../engine/store/stores';
import { removeLeftovers } from '../host/temporary';
import { registerConsole } from './console';
import { registerDoctor } from './doctor';
import { exitCodes } from './exit-codes';
import { registerHistory } from './history';
import { registerLinkTest } from './link-test';
import { registerManual } from './manual';
import { registerProfiles } from './profiles';
import { buildProgram, runProgram } from './program';
import { registerReceive } from './receive';
import { registerSample } from './sample';
import { registerSend } from './send';
import type { FindProfile } from './settings-options';
import { spawnChild } from './spawn-child';
import { watchReaders, writeLine } from './streams';

const streams = { out: process.stdout, err: process.stderr };
const lasting = watchReaders(streams, (why) => {
  if (why !== undefined) writeLine(streams.err, `error: ${why}`);
  process.exit(why === undefined ? exitCodes.unread : exitCodes.failed);
});
void removeLeftovers();

const folder = dataFolder(process.env, homedir());
const { profiles, history } = openStores(folder);
const profile: FindProfile = async (name) => (await profiles.get(name)).settings;

// The spawner finds the workers beside the file it is in, so it has to be in this one and not in what is loaded later.
const surroundings = { streams, spawn: spawnChild, history };

// The engine is loaded when it is needed: help and doctor must work where its native addon does not.
const program = buildProgram(
  {
    profile,
    migrate: (request) =>
      toItsEnd('the migration goes on', async () => (await import('./migrate')).migrate(request, surroundings)),
    demo: (request) =>
      toItsEnd('the migration goes on', async () => (await import('./demo')).demo(request, surroundings)),
  },
  version(),
);
registerDoctor(program);
registerConsole(program);
registerSample(program, { ...surroundings, onLasting: () => lasting('the sample goes on') });
registerSend(program, profile, (request) =>
  toItsEnd('the migration goes on', async () => (await import('./run-send')).runSend(request, surroundings)),
);
registerReceive(program, (request) =>
  toItsEnd('guests are still received', async () =>
    (await import('./run-receive')).runReceive(request, { ...surroundings, folder }),
  ),
);
registerLinkTest(program, profile, async (request) =>
  end(await (await import('./run-link-test')).runLinkTest(request, streams)),
);
registerProfiles(program, { streams, profiles });
registerHistory(program, { streams, history });
registerManual(program, version());

void runProgram(program, process.argv.slice(2), (line) => writeLine(process.stderr, line)).then((code) => {
  if (code !== undefined) process.exitCode = code;
});

/** Runs what nobody who stops reading may end. */
async function toItsEnd(whatGoesOn: string, run: () => Promise<number>): Promise<void> {
  lasting(whatGoesOn);
  end(await run());
}

/** Sets the status and lets the process end by itself; what may still be open then does not hold it for long. */
function end(code: number): void {
  process.exitCode = code;
  setTimeout(() => process.exit(), 2000).unref();
}

/** The bundle in `out/main` and this file are equally far from the package's own. */
function version(): string {
  const text = readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
