import boundaries from 'eslint-plugin-boundaries';

/**
 * Who may import whom, by room; a room's own folder is always allowed. `engine` is the files directly under
 * `src/engine`, which compose its rooms; each folder below it is an `engine-room` and sees no other one; the `store` is for
 * the programs around the engine, which itself keeps nothing.
 * @type {Readonly<Record<string, { folder: string, mayImport: readonly string[], electron?: true }>>}
 */
export const rooms = {
  shared: { folder: 'src/shared', mayImport: [] },
  host: { folder: 'src/host', mayImport: ['shared'] },
  codec: { folder: 'src/codec', mayImport: ['shared', 'host'] },
  qmp: { folder: 'src/engine/qmp', mayImport: ['shared', 'codec'] },
  stream: { folder: 'src/engine/stream', mayImport: ['shared', 'codec'] },
  store: { folder: 'src/engine/store', mayImport: ['shared'] },
  'engine-room': { folder: 'src/engine/*', mayImport: ['shared', 'codec'] },
  engine: { folder: 'src/engine', mayImport: ['shared', 'host', 'codec', 'qmp', 'stream', 'engine-room'] },
  guest: { folder: 'src/guest', mayImport: ['shared', 'host', 'qmp', 'stream'] },
  workers: { folder: 'src/workers', mayImport: ['shared', 'codec', 'guest'] },
  cli: {
    folder: 'src/cli',
    mayImport: ['shared', 'host', 'engine', 'engine-room', 'qmp', 'stream', 'store', 'guest', 'scripts'],
  },
  main: {
    folder: 'src/main',
    mayImport: ['shared', 'host', 'engine', 'engine-room', 'qmp', 'stream', 'store', 'guest'],
    electron: true,
  },
  preload: { folder: 'src/preload', mayImport: ['shared'], electron: true },
  renderer: { folder: 'src/renderer', mayImport: ['shared'] },
  scripts: { folder: 'scripts', mayImport: [] },
};

const withElectron = Object.keys(rooms).filter((name) => rooms[name]?.electron);

/**
 * The import law as an ESLint configuration; the first room in the table whose folder holds a file owns it.
 * @param {string} root folder of the project
 * @returns {import('eslint').Linter.Config}
 */
export function importLaw(root) {
  return {
    files: ['src/**/*.{ts,svelte}', 'scripts/**/*.{ts,mjs}'],
    plugins: { boundaries },
    settings: {
      'boundaries/root-path': root,
      'boundaries/elements': Object.entries(rooms).map(([type, { folder }]) => ({
        type,
        pattern: folder,
        partialMatch: false,
      })),
      'import/resolver': { node: { extensions: ['.ts', '.mjs', '.js', '.svelte', '.json'] } },
    },
    rules: {
      'boundaries/no-unknown-files': 'error',
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          checkAllOrigins: true,
          checkUnknownLocals: true,
          message: 'The import law (scripts/import-law.mjs) does not let this folder import that.',
          policies: [
            ...Object.entries(rooms).map(([type, { mayImport }]) => ({
              from: { element: { type } },
              allow: { to: { element: { type: [...mayImport] } } },
            })),
            { allow: { to: { module: { origin: ['external', 'core'] } } } },
            { disallow: { to: { module: { source: 'electron' } } } },
            { from: { element: { type: withElectron } }, allow: { to: { module: { source: 'electron' } } } },
          ],
        },
      ],
    },
  };
}
