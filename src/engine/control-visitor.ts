import { WherryError, toFailure, type Failure } from '../shared/failure';
import { formatDuration } from '../shared/units';
import type { Destination } from './destination';
import type { Visitor } from './door';
import { until } from './until';
import { WallClock } from './wall-clock';
import type { Channel } from './wire/channel';
import {
  parseRequest,
  type Ask,
  type ControlAnswer,
  type ControlEvent,
  type ControlReply,
  type ControlRequest,
} from './wire/control';
import type { Frame } from './wire/frame';
import { parseFailure } from './wire/hello';
import { encodeJson } from './wire/json';

/** Requests under way at once; a session makes two, one of them for the time. */
const maxRequests = 8;
/** A session looks at the clock every second; one that has been silent for so long is gone, ms. */
const silenceMs = 30_000;
/** A session may see later than we that a link is gone, and its own time counts from there, ms. */
const graceMs = 15_000;
/** Bytes that wait to be read by a session that goes on asking, at most. */
const maxUnreadBytes = 2 ** 20;
/** Answers kept for a session that did not hear them. */
const keptAnswers = 16;
/** How long a destination may take to load the rest of what it was given, ms. */
const loadMs = 10_000;

/** What a control link acts upon. */
export interface ControlOptions {
  /** Hex; what this session's stream has to show. */
  readonly streamToken: string;
  /** How long the session may take to come back, ms; 0: a lost link is its end. */
  readonly resumeWindowMs: number;
  /** The destination of this visit, prepared; the same one each time. */
  readonly destination: () => Promise<Destination>;
  readonly onNotice: (text: string) => void;
  /** Once: the session is over, or has to be. */
  readonly onEnd: (failure: Failure | undefined) => void;
}

/**
 * Answers a session's requests about the destination. It outlives its connection: a session that comes back asks again
 * what it has heard no answer to, under the same number, and is given the answer that was made then. So nothing is done
 * twice, least of all a `cont`.
 */
export class ControlVisitor implements Visitor {
  #requests = 0;
  #ended = false;
  #watched = false;
  #completed = false;
  #confirmed: Promise<ControlAnswer<'confirm'>> | undefined;
  /** By the requests' numbers, oldest first. */
  readonly #answers = new Map<number, Promise<ControlReply>>();
  /** What was said without being asked; said again to a session that comes back. */
  readonly #events: ControlEvent[] = [];
  readonly #silence: NodeJS.Timeout;
  #lostTimer: NodeJS.Timeout | undefined;
  #prepared = false;
  readonly #clock = new WallClock();
  #channel: Channel;

  constructor(
    channel: Channel,
    private readonly options: ControlOptions,
  ) {
    this.#channel = channel;
    channel.socket.setKeepAlive(true, silenceMs);
    const silent = new WherryError('wire-closed', `the session has said nothing for ${formatDuration(silenceMs)}`);
    this.#silence = setTimeout(() => {
      this.#channel.giveUp(silent);
      this.lost(silent);
    }, silenceMs);
  }

  /** The session is back, on this connection; the one before it is dropped if it is still there. */
  resume(channel: Channel): void {
    this.#channel.destroy();
    this.#channel = channel;
    channel.socket.setKeepAlive(true, silenceMs);
    clearTimeout(this.#lostTimer);
    this.#lostTimer = undefined;
    this.#silence.refresh();
    for (const event of this.#events) channel.send('event', encodeJson(event));
  }

  hear({ type, epoch, body }: Frame): void {
    this.#silence.refresh();
    if (type === 'failure') return this.#end(parseFailure(body));
    if (type !== 'request') throw new WherryError('wire-protocol', `a ${type} frame on a control link`);
    const request = parseRequest(body);
    if (request.ask === 'leave') {
      return this.#end(this.#completed ? undefined : new WherryError('wire-closed', 'the session has left'));
    }
    if (this.#requests >= maxRequests)
      throw new WherryError('wire-protocol', `more than ${maxRequests} requests at once`);
    if (this.#channel.socket.writableLength > maxUnreadBytes)
      throw new WherryError('wire-protocol', 'a session that asks and does not read what is answered');
    this.#requests += 1;
    // On another connection it is asked again.
    const channel = this.#channel;
    void this.#once(epoch, request).then((reply) => {
      this.#requests -= 1;
      channel.send('reply', encodeJson(reply), epoch);
    });
  }

  /** The connection is gone. A session that has not said that it leaves may come back for a while. */
  lost(error: WherryError): void {
    const { resumeWindowMs, onNotice } = this.options;
    const end = this.#completed ? undefined : error;
    if (resumeWindowMs === 0 || !this.#prepared || error.code !== 'wire-closed') return this.#end(end);
    if (this.#lostTimer !== undefined) return;
    if (!this.#completed) onNotice(`${error.message}: waiting for the session to come back`);
    this.#lostTimer = setTimeout(() => this.#end(end), resumeWindowMs + graceMs);
  }

  /** The receiver ends: the session is told why. */
  giveUp(failure: Failure): void {
    this.#channel.giveUp(failure);
    this.close();
  }

  close(): void {
    clearTimeout(this.#silence);
    clearTimeout(this.#lostTimer);
    this.#ended = true;
    // One that is being told why is cut off soon after.
    if (!this.#channel.ended) this.#channel.destroy();
  }

  /** The answer to a request, made once however often it is asked for. */
  #once(number: number, request: Exclude<ControlRequest, { ask: 'leave' }>): Promise<ControlReply> {
    const before = this.#answers.get(number);
    if (before !== undefined) return before;
    const reply = this.#answer(request).then(
      (answer) => ({ answer }),
      (error: unknown) => ({ error: toFailure(error) }),
    );
    this.#answers.set(number, reply);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= keptAnswers) break;
      this.#answers.delete(oldest);
    }
    return reply;
  }

  async #answer(request: Exclude<ControlRequest, { ask: 'leave' }>): Promise<ControlAnswer<Ask>> {
    if (request.ask === 'clock') return { nowMs: this.#clock.now() };
    const destination = await this.options.destination();
    this.#watch(destination);
    if (request.ask === 'inspect') return destination.inspect();
    if (request.ask === 'prepare') {
      this.#prepared = true;
      return { streamToken: this.options.streamToken };
    }
    this.#confirmed ??= confirmLoaded(destination, request.paused);
    const answer = await this.#confirmed;
    this.#completed = answer.end === 'completed';
    return answer;
  }

  #watch(destination: Destination): void {
    if (this.#watched) return;
    this.#watched = true;
    const tell = (event: ControlEvent): void => {
      this.#events.push(event);
      if (!this.#ended) this.#channel.send('event', encodeJson(event));
    };
    destination.onResume((atMs) => tell({ event: 'resumed', atMs }));
    destination.onLost((error) => {
      tell({ event: 'lost', message: error.message.slice(0, 4000) });
      // Somebody has ended it while its session was gone: there is nothing that the session could come back for.
      if (this.#lostTimer !== undefined && this.#confirmed === undefined) this.#end(error);
    });
  }

  #end(failure: Failure | undefined): void {
    if (this.#ended) return;
    this.close();
    this.options.onEnd(failure);
  }
}

/**
 * A `cont` that comes before everything is loaded would make QEMU start the guest by itself later on, when nobody
 * knows any more whether the source has let go: so it is refused here, whatever a peer asks for.
 */
async function confirmLoaded(destination: Destination, paused: boolean): Promise<ControlAnswer<'confirm'>> {
  const loaded = await until(
    async () => {
      const status = await destination.status();
      return status === 'inmigrate' ? undefined : status;
    },
    loadMs,
    2,
  );
  if (loaded === undefined) {
    throw new WherryError('destination-failed', 'the destination has not loaded the guest: it was not started');
  }
  const { end, place, error } = await destination.confirm(paused);
  if (end === 'completed' && (place === 'destination' || place === 'none')) return { end, place };
  const failure = error?.toJSON() ?? { code: 'internal', message: `the destination ended ${end} at ${place}` };
  return { end: 'uncertain', place: 'unknown', error: { ...failure, message: failure.message.slice(0, 4000) } };
}
