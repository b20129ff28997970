import { must, outputOf, SetupError } from './process.mjs';

/** Debian packages with the libraries Electron loads. */
export const runtimePackages = ['libgtk-3-0', 'libnss3', 'libasound2', 'libgbm1', 'libxss1', 'libxtst6'];
/** What the tests need besides: a display without a screen, real guests, hosts joined by a link, what checks the package. */
export const testPackages = ['xvfb', 'xauth', 'qemu-system-x86', 'iproute2', 'mandoc', 'systemd', 'desktop-file-utils'];

/**
 * Installs the Debian packages that are missing; only root can, others are told the command.
 * @param {{ forTests: boolean }} options
 */
export async function setUpDebian({ forTests }) {
  if (process.platform !== 'linux') return;
  const wanted = forTests ? [...runtimePackages, ...testPackages] : runtimePackages;
  const listing = outputOf('dpkg-query', ['-W', '-f', '${db:Status-Status}\t${Package}\t${Provides}\n']);
  if (listing === undefined) return tellWithoutApt(wanted, forTests);
  const missing = missingDebian(wanted, listing);
  if (missing.length === 0) return;
  const install = ['install', '-y', '--no-install-recommends', ...missing];
  if (process.getuid?.() !== 0) {
    throw new SetupError(`Debian packages are missing. Install them, then run this again:
  sudo apt-get update && sudo apt-get ${install.join(' ')}`);
  }
  console.log(`Installing Debian packages: ${missing.join(' ')}`);
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  await must('apt-get', ['update', '-q'], options);
  await must('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...install], options);
}

/**
 * Which packages are neither installed nor provided by one that is (Ubuntu's `libgtk-3-0t64` provides `libgtk-3-0`).
 * @param {readonly string[]} wanted
 * @param {string} listing lines of status, name and provided names, separated by tabs
 * @returns {readonly string[]}
 */
export function missingDebian(wanted, listing) {
  const there = new Set();
  for (const line of listing.split('\n')) {
    const [status, name, provides = ''] = line.split('\t');
    if (status !== 'installed') continue;
    there.add(name);
    for (const provided of provides.split(',')) there.add(provided.trim().split(' ')[0]);
  }
  return wanted.filter((name) => !there.has(name));
}

/**
 * @param {readonly string[]} wanted
 * @param {boolean} forTests
 */
function tellWithoutApt(wanted, forTests) {
  console.log(`This machine has no Debian package manager, so its libraries were not checked.
The console needs what Debian calls ${wanted.join(', ')}.`);
  const programs = forTests ? ['Xvfb', 'xauth', 'xvfb-run', 'qemu-system-x86_64'] : [];
  const missing = programs.filter((name) => !outputOf('sh', ['-c', `command -v ${name}`]));
  if (missing.length > 0) throw new SetupError(`The tests need programs that are not here: ${missing.join(', ')}`);
}
