import { Profiles } from '../../src/engine/store/profiles';
import { defaultSettings } from '../../src/shared/settings';

/** Saves one profile over and over, each time with the next level, until it is killed; a dot for each. */
async function saveForEver(folder: string): Promise<never> {
  const profiles = new Profiles(folder);
  for (let n = 0; ; n += 1) {
    await profiles.save({ name: 'busy', settings: { ...defaultSettings, level: 1 + (n % 19) } }, { replace: true });
    process.stdout.write('.');
  }
}

void saveForEver(process.argv[2] ?? '');
