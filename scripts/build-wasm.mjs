// Compiles the XBZRLE codec (AssemblyScript) into a TypeScript module that holds the WebAssembly as base64, so that
// every bundle, test and plain Node loads it the same way: no path to find at run time. Skips when nothing changed.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = 'src/codec/xbzrle/xbzrle.as.ts';
const imported = ['src/codec/xbzrle/packed-size.as.ts', 'src/codec/xbzrle/page-hash.as.ts'];
const target = join(root, 'src/codec/xbzrle/generated.ts');
const flags = [
  '-O3',
  '--noAssert',
  '--enable',
  'simd',
  '--enable',
  'bulk-memory',
  '--runtime',
  'stub',
  '--use',
  'abort=',
];

function inputsDigest() {
  const compiler = readFileSync(join(root, 'node_modules/assemblyscript/package.json'), 'utf8');
  const sources = [source, ...imported].map((path) => readFileSync(join(root, path), 'utf8'));
  const inputs = [compiler, flags.join(' '), ...sources];
  return createHash('sha256').update(inputs.join('\n')).digest('hex');
}

/** @param {string} digest */
function upToDate(digest) {
  try {
    return readFileSync(target, 'utf8').includes(digest);
  } catch {
    return false;
  }
}

async function compile() {
  const { default: asc } = await import('assemblyscript/asc');
  let binary;
  const { error } = await asc.main([source, '--baseDir', root, '--outFile', 'xbzrle.wasm', ...flags], {
    stderr: process.stderr,
    writeFile: (name, contents) => {
      if (name.endsWith('.wasm')) binary = contents;
    },
  });
  if (error || !binary) throw new Error(`${source} does not compile`, { cause: error });
  return Buffer.from(binary);
}

const digest = inputsDigest();
if (!upToDate(digest)) {
  const wasm = await compile();
  writeFileSync(
    target,
    [
      `// Made by scripts/build-wasm.mjs from ${source}; inputs sha256 ${digest}`,
      '',
      `/** The XBZRLE codec as WebAssembly, ${wasm.length} bytes in base64. */`,
      `export const xbzrleWasm =\n  '${wasm.toString('base64')}';`,
      '',
    ].join('\n'),
  );
  console.log(`wasm: ${wasm.length} bytes`);
}
