import { describe, expect, it } from 'vitest';
import { checkAnswer, parseControl, parseEvent, parseReply, parseRequest } from './control';
import { encodeJson } from './json';

const refused: unknown = expect.objectContaining({ code: 'wire-protocol' });

describe('requests about the destination', () => {
  it.each([{ ask: 'inspect' }, { ask: 'prepare' }, { ask: 'confirm', paused: true }, { ask: 'clock' }])(
    '%j is taken',
    (request) => expect(parseRequest(encodeJson(request))).toEqual(request),
  );

  it.each([
    '',
    '[]',
    '{}',
    'null',
    '{"ask":"quit"}',
    '{"ask":"confirm"}',
    '{"ask":"confirm","paused":"yes"}',
    '{"ask":"inspect","path":"/etc/passwd"}',
    '{"ask":"__proto__"}',
    '{"ask":"constructor"}',
  ])('%s is refused', (text) => expect(() => parseRequest(Buffer.from(text))).toThrow(refused));

  it("open with nothing but a token, a window and a destination's name", () => {
    expect(parseControl(encodeJson({ resumeWindowMs: 60_000 }))).toEqual({ resumeWindowMs: 60_000 });
    const named = { resumeWindowMs: 0, destination: 'web-1.old' };
    expect(parseControl(encodeJson(named))).toEqual(named);
    const wrong = ['', '../web', '-web', 'unix:/run/web', 'w'.repeat(65)].map((destination) => ({
      ...named,
      destination,
    }));
    for (const body of [{ token: 'x' }, { shards: 1 }, { path: '/etc' }, [], ...wrong]) {
      expect(() => parseControl(encodeJson(body))).toThrow(refused);
    }
  });
});

describe('answers about the destination', () => {
  it('are taken in the shape their request asks for, and in no other', () => {
    const facts = { status: 'inmigrate', memoryBytes: 2 ** 26, where: 'unix:/qmp' };
    expect(checkAnswer('inspect', facts)).toEqual(facts);
    expect(checkAnswer('confirm', { end: 'completed', place: 'destination' })).toMatchObject({ end: 'completed' });
    for (const [ask, answer] of [
      ['inspect', { ...facts, memoryBytes: -1 }],
      ['inspect', { ...facts, status: 'x'.repeat(65) }],
      ['prepare', { streamToken: '' }],
      ['prepare', { streamToken: '../../etc' }],
      ['prepare', { streamToken: 'ab'.repeat(31) }],
      ['confirm', { end: 'failed', place: 'source' }],
      ['confirm', { end: 'completed', place: 'source' }],
      ['clock', { nowMs: 'now' }],
      ['clock', undefined],
    ] as const) {
      expect(() => checkAnswer(ask, answer)).toThrow(refused);
    }
  });

  it('may be failures', () => {
    const error = { code: 'not-incoming', message: 'it runs' } as const;
    expect(parseReply(encodeJson({ error }))).toEqual({ error });
    expect(() => parseReply(encodeJson({ error: { code: 'no-such', message: '' } }))).toThrow(refused);
    expect(() => parseReply(encodeJson({}))).toThrow(refused);
  });
});

describe('events at the destination', () => {
  it('are a resume or a loss', () => {
    expect(parseEvent(encodeJson({ event: 'resumed', atMs: 12.5 }))).toEqual({ event: 'resumed', atMs: 12.5 });
    for (const body of [{ event: 'resumed' }, { event: 'stopped', atMs: 1 }, { event: 'lost', message: 7 }]) {
      expect(() => parseEvent(encodeJson(body))).toThrow(refused);
    }
  });
});
