#!/usr/bin/env node
// `npm run fuzz -- --cases N --seed S`: bundles the fuzzer with what it tries, and runs it.
import { runBundled } from '../scripts/bundled.mjs';
import { exitWith } from '../scripts/process.mjs';

// Whoever makes it allocate without bound ends it by that.
exitWith(runBundled('fuzz', { fuzz: 'fuzz/main.ts' }, ['--max-old-space-size=768'], process.argv.slice(2)));
