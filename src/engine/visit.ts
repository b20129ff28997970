import type { Failure } from '../shared/failure';
import type { ControlVisitor } from './control-visitor';
import type { Berth } from './places';
import type { ReceiverSession } from './receiver-session';
import type { Claim } from './token-book';
import type { Frame } from './wire/frame';
import { NotShown, isSameSecret, shows } from './wire/secret';

/** A sender that is here now. */
export interface VisitProgress {
  /** Counts this receiver's visits, from 1. */
  readonly number: number;
  /** `migrate`: the session drives the destination through us. `relay`: some other tool does. */
  readonly kind: 'migrate' | 'relay';
  /** IP address it came from; absent where its link was gone at once. */
  readonly from?: string;
  /** Since the epoch, ms. */
  readonly startedAt: number;
  /** `connected`: no stream yet. `delivered`: the destination has been given all of it. */
  readonly phase: 'connected' | 'receiving' | 'delivered';
  /** The destination it has, by its label or address; absent before it was taken. */
  readonly destination?: string;
  /** Bytes of the guest's stream given to the destination so far. */
  readonly deliveredBytes: number;
}

/** What became of one sender; whether the guest runs is for the sender's side to say. */
export interface VisitEnd extends Omit<VisitProgress, 'phase'> {
  /** `delivered`: the destination was given the whole stream. */
  readonly status: 'delivered' | 'failed';
  readonly error?: Failure;
}

/** A sender, the destination it is for, and its stream. */
export interface Visit {
  readonly number: number;
  readonly kind: VisitEnd['kind'];
  readonly from: string | undefined;
  readonly startedAt: number;
  readonly claim: Claim;
  /** Hex; what it has shown to be let in. */
  readonly token: string;
  /** Hex; what it shows besides where it comes again before it knows of `streamToken`. */
  readonly attempt: string | undefined;
  /** Hex; what this visit's stream has to show. */
  readonly streamToken: string;
  /** What it calls the destination it wants; any that is free when absent. */
  readonly label: string | undefined;
  berth?: Promise<Berth>;
  /** The name of the berth it has. */
  destination?: string;
  control?: ControlVisitor;
  stream?: ReceiverSession;
}

/** What is told of a visit. */
export function progressOf({ number, kind, from, startedAt, stream, destination }: Visit): VisitProgress {
  return {
    number,
    kind,
    ...(from !== undefined && { from }),
    startedAt,
    ...(destination !== undefined && { destination }),
    phase: stream === undefined ? 'connected' : stream.delivered ? 'delivered' : 'receiving',
    deliveredBytes: stream?.deliveredBytes ?? 0,
  };
}

/** The visit whose stream a first frame announces, by the secret it was given for that. */
export function shownBy(visits: readonly Visit[], body: Buffer): Visit | undefined {
  return visits.find(({ streamToken }) => shows(body, streamToken));
}

/**
 * The visit of a sender that comes again: it shows what it was given, or, if it has not heard of that, the token that
 * let it in (which may be used up by now) and what it had chosen itself.
 * @param attempt reads that; asked only of who has shown the token
 */
export function cameBefore(
  visits: readonly Visit[],
  kind: Visit['kind'],
  body: Buffer,
  attempt: (token: string) => string | undefined,
): Visit | undefined {
  const alike = visits.filter((visit) => visit.kind === kind);
  const known = shownBy(alike, body);
  if (known !== undefined) return known;
  const admitted = alike.filter(({ token }) => shows(body, token));
  const [first] = admitted;
  if (first === undefined) return undefined;
  const shown = attempt(first.token);
  return admitted.find((visit) => isSameSecret(visit.attempt, shown));
}

/** The session whose secret a first frame shows; throws `wire-refused` for a `join` that shows another one's. */
export function sessionShownBy(visits: readonly Visit[], { type, body }: Frame): ReceiverSession | undefined {
  const streams = visits.flatMap(({ stream }) => stream ?? []);
  const stream = streams.find((one) => one.knows(body));
  // A goodbye may come after its session's end, which is nobody's fault.
  if (stream === undefined && streams.length > 0 && type === 'join') {
    throw new NotShown('the sender did not show the secret of a session that is here');
  }
  return stream;
}

/** Secrets of visits that have ended which are told from wrong ones; each visit has two. */
const remembered = 128;

/**
 * What senders of visits that have ended show, who do not know it yet. Their links may be on their way back: sixteen of
 * them at once are no sixteen wrong guesses.
 */
export class FormerVisits {
  readonly #secrets: string[] = [];

  remember({ streamToken, stream }: Pick<Visit, 'streamToken' | 'stream'>): void {
    this.#secrets.push(streamToken, ...(stream === undefined ? [] : [stream.secret]));
    this.#secrets.splice(0, this.#secrets.length - remembered);
  }

  /** Whether a first frame shows one of them; each is compared in constant time. */
  knows(body: Buffer): boolean {
    return this.#secrets.some((secret) => shows(body, secret));
  }
}
