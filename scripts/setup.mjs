/**
 * Brings a fresh clone to where it can build, run and (with `--for-tests`) test itself; needs nothing but Node and npm.
 * Safe to run again: what is there is left alone, and a complete machine is recognised within a second or two.
 *
 *   --for-tests          also the programs the tests need
 *   --packages-only      npm packages and nothing else
 *   --retry-download     ask for the normal Electron again although the offline runtime is there
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exitWith } from './process.mjs';
import { setUpDebian } from './setup-debian.mjs';
import { setUpElectron } from './setup-electron.mjs';
import { setUpPackages } from './setup-packages.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

async function setUp() {
  const { values } = parseArgs({
    options: {
      'for-tests': { type: 'boolean', default: false },
      'packages-only': { type: 'boolean', default: false },
      'retry-download': { type: 'boolean', default: false },
    },
  });
  await setUpPackages(root);
  if (values['packages-only']) return;
  await setUpDebian({ forTests: values['for-tests'] });
  await setUpElectron(root, process.env, { retryDownload: values['retry-download'] });
}

exitWith(setUp());
