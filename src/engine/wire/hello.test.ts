import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../shared/settings';
import { frameTypes } from './frame';
import { parseFailure, parseHello, parseJoin, parseLeave, parseWelcome, type Hello } from './hello';
import { encodeJson } from './json';
import { withSecret } from './secret';

const token = 'a1'.repeat(32);
const hello: Hello = {
  shards: 8,
  decompressThreads: 2,
  cachePagesPerShard: 2048,
  maxPartPages: 256,
  channels: 4,
  resumeWindowMs: 60_000,
};
const cacheBytes = defaultSettings.xbzrleCacheBytes;

function refusalOf(body: Buffer, limit = cacheBytes): unknown {
  try {
    return parseHello(body, limit);
  } catch (error) {
    return error;
  }
}

describe('a hello', () => {
  it('is taken with as much cache as is allowed, to the page', () => {
    expect(parseHello(encodeJson(hello), cacheBytes)).toEqual(hello);
    expect(parseHello(encodeJson(hello), cacheBytes - 1)).toEqual({ ...hello, cachePagesPerShard: 2047 });
    expect(parseHello(encodeJson(hello), 7 * 4096)).toEqual({ ...hello, cachePagesPerShard: 0 });
  });

  it('fits its frame at its longest', () => {
    const most = { shards: 255, decompressThreads: 255, cachePagesPerShard: 917_504 };
    const longest = withSecret(token, { ...most, maxPartPages: 256, channels: 16, resumeWindowMs: 3_600_000 });
    expect(longest.length).toBeLessThan(frameTypes.hello.maxBody);
  });

  it.each<[string, object | string | null | number]>([
    ['nothing', ''],
    ['no JSON', '{'],
    ['another value', 7],
    ['null', null],
    ['a list', [hello]],
    ['a field missing', { ...hello, shards: undefined }],
    ['a field more', { ...hello, path: '/etc/passwd' }],
    ['a token in the wrong place', { ...hello, token }],
    ['no shards', { ...hello, shards: 0 }],
    ['too many shards', { ...hello, shards: 256 }],
    ['half a shard', { ...hello, shards: 1.5 }],
    ['shards as text', { ...hello, shards: '8' }],
    ['no decompress threads', { ...hello, decompressThreads: 0 }],
    ['a negative cache', { ...hello, cachePagesPerShard: -1 }],
    ['a cache no memory holds', { ...hello, cachePagesPerShard: 2 ** 40 }],
    ['no channel', { ...hello, channels: 0 }],
    ['too many channels', { ...hello, channels: 17 }],
    ['a window without end', { ...hello, resumeWindowMs: 2 ** 40 }],
    ['parts of no pages', { ...hello, maxPartPages: 0 }],
    ['parts larger than a frame', { ...hello, maxPartPages: 4096 }],
  ])('that is %s is no hello', (_, value) => {
    const body = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
    expect(refusalOf(body, 2 ** 60)).toMatchObject({ code: 'wire-protocol' });
  });
});

describe('a further channel', () => {
  const ticket = { session: 'ab'.repeat(8), secret: 'cd'.repeat(32) };
  const { session } = ticket;

  it('shows what the first one was given', () => {
    const welcome = { ticket, maxCacheBytes: 2 ** 40 };
    expect(parseWelcome(encodeJson(welcome))).toEqual(welcome);
    for (const channel of [0, 1, 15]) {
      const join = { session, channel, taken: 7 };
      expect(parseJoin(encodeJson(join))).toEqual(join);
    }
    expect(parseLeave(encodeJson({ session }))).toEqual({ session });
  });

  it.each<[string, object]>([
    ['before the first', { session, channel: -1 }],
    ['without a count', { session, channel: 1, taken: undefined }],
    ['with half a count', { session, channel: 1, taken: 0.5 }],
    ['one too many', { session, channel: 16 }],
    ['half a one', { session, channel: 1.5 }],
    ['without a number', { session }],
    ['without a session', { channel: 1 }],
    ['with a session that is no hex', { session: '../etc', channel: 1 }],
    ['with its secret in the wrong place', { ...ticket, channel: 1 }],
    ['with more to say', { session, channel: 1, path: '/' }],
  ])('that is %s is refused', (_, join) => {
    expect(() => parseJoin(encodeJson({ taken: 0, ...join }))).toThrow(
      expect.objectContaining({ code: 'wire-protocol' }),
    );
  });

  it('is given a secret that cannot be guessed, or none', () => {
    for (const secret of ['', 'ab', 'x'.repeat(64), 'ab'.repeat(31), 'ab'.repeat(33)]) {
      const body = encodeJson({ ticket: { ...ticket, secret }, maxCacheBytes: 0 });
      expect(() => parseWelcome(body)).toThrow(expect.objectContaining({ code: 'wire-protocol' }));
    }
  });
});

describe('a failure', () => {
  it('crosses the wire', () => {
    const failure = { code: 'wire-digest', message: 'epoch 3: …' } as const;
    expect(parseFailure(encodeJson(failure))).toEqual(failure);
  });

  it.each(['{}', '[]', '{"code":"no-such","message":"x"}', `{"code":"codec","message":"${'x'.repeat(4097)}"}`])(
    'is refused as %s',
    (text) => {
      expect(() => parseFailure(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'wire-protocol' }));
    },
  );
});
