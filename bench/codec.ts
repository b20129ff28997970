import { type Bench, count } from './kit/bench';
import { guestPages } from './kit/memory';
import { together } from './kit/result';
import { measureMethods } from './codec/methods';
import { measurePagePath } from './codec/page-path';
import { measureXbzrle } from './codec/xbzrle';

/** How fast the codec is on one core, with real memory of a Linux guest, beside plain copies and the bare libraries. */
export const codec: Bench = {
  name: 'codec',
  summary: 'XBZRLE beside memcpy, the page path, and every method, level and part size beside the bare library',
  options: (command) => command.option('--passes <n>', 'passes of each, the fastest counts', '8'),
  async run(options, { say }) {
    const passes = count(options, 'passes');
    const memory = await guestPages(4096, 64, say);
    say('XBZRLE and copies');
    const xbzrle = await measureXbzrle(memory, passes);
    say('page path');
    const path = measurePagePath(memory, passes);
    say('methods, levels, part sizes');
    const methods = await measureMethods(memory, passes, say);
    const input = '16 MiB of an idle Linux guest, zero pages left out';
    return together({ passes, memory: input }, [xbzrle, path, methods]);
  },
};
