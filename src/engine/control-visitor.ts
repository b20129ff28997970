import { WherryError, toFailure, type Failure } from '../shared/failure';
import type { Destination } from './destination';
import type { Visitor } from './door';
import { until } from './until';
import type { Channel } from './wire/channel';
import { parseRequest, type Ask, type ControlAnswer, type ControlEvent, type ControlRequest } from './wire/control';
import type { Frame } from './wire/frame';
import { parseFailure } from './wire/hello';
import { encodeJson } from './wire/json';

/** Requests under way at once; a session makes two, one of them for the time. */
const maxRequests = 8;
/** A session looks at the clock every second; one that has been silent for so long is gone, ms. */
const silenceMs = 30_000;
/** How long a destination may take to load the rest of what it was given, ms. */
const loadMs = 10_000;

/** What a control link acts upon. */
export interface ControlOptions {
  /** Hex; what this session's stream has to show. */
  readonly streamToken: string;
  /** The destination of this visit, prepared; the same one each time. */
  readonly destination: () => Promise<Destination>;
  /** Once: the session is over, or has to be. */
  readonly onEnd: (failure: Failure | undefined) => void;
}

/** Answers a session's requests about the destination. */
export class ControlVisitor implements Visitor {
  #requests = 0;
  #ended = false;
  #watched = false;
  #completed = false;
  #confirmed: Promise<ControlAnswer<'confirm'>> | undefined;
  readonly #silence: NodeJS.Timeout;

  constructor(
    private readonly channel: Channel,
    private readonly options: ControlOptions,
  ) {
    channel.socket.setKeepAlive(true, silenceMs);
    const silent = new WherryError('wire-closed', `the session has said nothing for ${silenceMs} ms`);
    this.#silence = setTimeout(() => {
      channel.giveUp(silent);
      this.lost(silent);
    }, silenceMs);
  }

  hear({ type, epoch, body }: Frame): void {
    this.#silence.refresh();
    if (type === 'failure') return this.#end(parseFailure(body));
    if (type !== 'request') throw new WherryError('wire-protocol', `a ${type} frame on a control link`);
    const request = parseRequest(body);
    if (this.#requests >= maxRequests)
      throw new WherryError('wire-protocol', `more than ${maxRequests} requests at once`);
    this.#requests += 1;
    void this.#answer(request)
      .then(
        (answer) => this.channel.send('reply', encodeJson({ answer }), epoch),
        (error: unknown) => this.channel.send('reply', encodeJson({ error: toFailure(error) }), epoch),
      )
      .then(() => (this.#requests -= 1));
  }

  lost(error: WherryError): void {
    this.#end(this.#completed ? undefined : error);
  }

  close(): void {
    clearTimeout(this.#silence);
    this.#ended = true;
    this.channel.destroy();
  }

  async #answer(request: ControlRequest): Promise<ControlAnswer<Ask>> {
    if (request.ask === 'clock') return { nowMs: Date.now() };
    const destination = await this.options.destination();
    this.#watch(destination);
    if (request.ask === 'inspect') return destination.inspect();
    if (request.ask === 'prepare') return { streamToken: this.options.streamToken };
    this.#confirmed ??= confirmLoaded(destination, request.paused);
    const answer = await this.#confirmed;
    this.#completed = answer.end === 'completed';
    return answer;
  }

  #watch(destination: Destination): void {
    if (this.#watched) return;
    this.#watched = true;
    const tell = (event: ControlEvent): void => {
      if (!this.#ended) this.channel.send('event', encodeJson(event));
    };
    destination.onResume((atMs) => tell({ event: 'resumed', atMs }));
    destination.onLost(({ message }) => tell({ event: 'lost', message: message.slice(0, 4000) }));
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
