import { checkAnswer, parseControl, parseEvent, parseReply, parseRequest } from '../../src/engine/wire/control';
import { parseFailure, parseHello, parseJoin, parseLeave, parseWelcome } from '../../src/engine/wire/hello';
import { formatPairing, parsePairing } from '../../src/shared/pairing';
import { expectSecret, withSecret } from '../../src/engine/wire/secret';
import { parseGreeting, parseMessage } from '../../src/engine/qmp/messages';
import { mutateBytes, mutatedText } from '../mutate';
import { must, sameJson, taken, type FuzzTarget } from '../target';

const token = 'ab'.repeat(32);
const ticket = { session: '0123456789abcdef', secret: 'cd'.repeat(32) };
const hello = {
  shards: 8,
  decompressThreads: 2,
  cachePagesPerShard: 2048,
  maxPartPages: 256,
  channels: 1,
  resumeWindowMs: 60_000,
  destination: 'web-1',
};

/** JSON of each kind that a peer sends, and what reads it. */
const bodies: readonly (readonly [sample: object, read: (body: Buffer) => unknown])[] = [
  [hello, (body) => parseHello(body, 2 ** 50)],
  [{ ticket, maxCacheBytes: 2 ** 30 }, parseWelcome],
  [{ session: ticket.session, channel: 3, taken: 17 }, parseJoin],
  [{ session: ticket.session }, parseLeave],
  [{ code: 'wire-closed', message: 'why' }, parseFailure],
  [{ resumeWindowMs: 60_000, destination: 'web-1' }, parseControl],
  [{ ask: 'leave' }, parseRequest],
  [{ ask: 'confirm', paused: true }, parseRequest],
  [{ ask: 'inspect' }, parseRequest],
  [{ event: 'resumed', atMs: 1700000000000.5 }, parseEvent],
  [{ event: 'lost', message: 'why' }, parseEvent],
];

/** What is taken of a peer's JSON is what was sent, all of it and nothing else. */
export const messages: FuzzTarget = {
  name: 'messages',
  weight: 6,
  run: (random) => {
    const [sample, read] = random.pick(bodies);
    const text = random.give(mutatedText(sample, random));
    const value = taken(['wire-protocol', 'wire-refused'], () => read(Buffer.from(text)));
    if (value === undefined) return 'refused';
    must(sameJson(value, JSON.parse(Buffer.from(text).toString('utf8'))), 'taken is something else than was sent');
    return 'taken';
  },
};

const answers = {
  inspect: { status: 'inmigrate', memoryBytes: 2 ** 30, where: '/run/a.qmp' },
  prepare: { streamToken: token },
  confirm: { end: 'uncertain', place: 'unknown', error: { code: 'qmp-closed', message: 'why' } },
  clock: { nowMs: 1.5 },
} as const;

/** The same for what a receiver answers. */
export const replies: FuzzTarget = {
  name: 'replies',
  weight: 2,
  run: (random) => {
    const ask = random.pick(Object.keys(answers) as (keyof typeof answers)[]);
    const text = random.give(mutatedText({ answer: answers[ask] }, random));
    const reply = taken(['wire-protocol'], () => parseReply(Buffer.from(text)));
    if (reply === undefined || !('answer' in reply)) return 'refused';
    const answer = taken(['wire-protocol'], () => checkAnswer(ask, reply.answer));
    if (answer === undefined) return 'refused';
    must(sameJson(answer, reply.answer), 'taken is something else than was answered');
    return 'taken';
  },
};

const lines = [
  { return: { status: 'running', running: true }, id: 7 },
  { error: { class: 'GenericError', desc: 'no' }, id: 7 },
  { event: 'STOP', data: { a: 1 }, timestamp: { seconds: 1700000000, microseconds: 5 } },
  { QMP: { version: { qemu: { major: 7, minor: 2, micro: 0 }, package: '' }, capabilities: ['oob'] } },
];

/** A monitor's lines: taken or refused. */
export const monitors: FuzzTarget = {
  name: 'monitors',
  weight: 2,
  run: (random) => {
    const text = random.give(mutatedText(random.pick(lines), random));
    const greeting = taken(['qmp-protocol'], () => parseGreeting(text));
    const message = taken(['qmp-protocol'], () => parseMessage(text));
    return greeting === undefined && message === undefined ? 'refused' : 'taken';
  },
};

/** First frames: what is taken begins with the very secret, and what follows it is handed on as it is. */
export const secrets: FuzzTarget = {
  name: 'secrets',
  weight: 1,
  run: (random) => {
    const sound = withSecret(token, hello);
    const body = random.give(mutateBytes(sound, random));
    const rest = taken(['wire-refused'], () => expectSecret(body, token));
    if (rest === undefined) return 'refused';
    must(Buffer.concat([Buffer.from(token, 'hex'), rest]).equals(body), 'taken without its secret');
    return 'taken';
  },
};

/** A pairing text that is taken says the same when it is written again; a refusal does not tell the secret. */
export const pairing: FuzzTarget = {
  name: 'pairing',
  weight: 2,
  run: (random) => {
    const host = random.pick(['far', '10.0.0.1', '::1', 'fe80::1%eth0', 'a.b-c']);
    const port = 1 + random.below(65_535);
    const sound = formatPairing({ host, port, token, ...(random.chance(0.7) && { fingerprint: 'ef'.repeat(32) }) });
    const text = random.give(mutateBytes(Buffer.from(sound), random).toString(random.pick(['utf8', 'latin1'])));
    let said = '';
    const found = taken(['usage'], () => {
      try {
        return parsePairing(text);
      } catch (error) {
        said = String(error);
        throw error;
      }
    });
    must(!said.includes('abababab'), 'the secret is in the error');
    if (found === undefined) return 'refused';
    must(sameJson(parsePairing(formatPairing(found)), found), 'a pairing text written again is another one');
    return 'taken';
  },
};
