import fs from 'node:fs/promises';
import { Profiles } from '../../src/engine/store/profiles';
import { defaultSettings } from '../../src/shared/settings';

/**
 * Saves one profile over and over, each time with the next level, until it is killed; a dot for each. The save after
 * `halted` of them stops for ever where its file is written and not yet in its place.
 */
async function saveForEver(folder: string, halted: number): Promise<never> {
  const profiles = new Profiles(folder);
  const { rename } = fs;
  for (let n = 0; ; n += 1) {
    fs.rename = n < halted ? rename : halt;
    await profiles.save({ name: 'busy', settings: { ...defaultSettings, level: 1 + (n % 19) } }, { replace: true });
    process.stdout.write('.');
  }
}

function halt(): Promise<never> {
  process.stdout.write('.');
  return new Promise(() => setInterval(() => undefined, 1000));
}

void saveForEver(process.argv[2] ?? '', Number(process.argv[3] ?? Infinity));
