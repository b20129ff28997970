import { WherryError } from '../../shared/failure';
import { parseReply, type Ask, type ControlRequest } from './control';
import { toldByReceiver } from './told';

/** What is done about a request that is not answered in its time. */
export interface RequestsOptions {
  /** Nothing can be answered now: the time begins anew. */
  readonly excused: () => boolean;
  readonly onLate: (ask: Ask) => void;
}

interface Waiting {
  readonly request: ControlRequest;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: WherryError) => void;
}

/** Requests that wait for their answers, by numbers that they keep on whatever connection they are made. */
export class Requests {
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(private readonly options: RequestsOptions) {}

  /** A number that no other request has. */
  number(): number {
    return ++this.#last;
  }

  /** Waits for an answer so long, ms; rejects with what the receiver says against it, or with why all of them ended. */
  add(number: number, request: ControlRequest, timeoutMs: number): Promise<unknown> {
    return new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        if (this.options.excused()) timer.refresh();
        else this.options.onLate(request.ask);
      }, timeoutMs);
      this.#waiting.set(number, { request, timer, resolve, reject });
    });
  }

  /** Makes each of them again, on another connection, from where its time begins anew. */
  repeat(make: (number: number, request: ControlRequest) => void): void {
    for (const [number, { request, timer }] of this.#waiting) {
      timer.refresh();
      make(number, request);
    }
  }

  /** Takes a reply's body; throws `wire-protocol` for one that nobody waits for, or that is none. */
  answer(number: number, body: Buffer): void {
    const waiting = this.#waiting.get(number);
    if (waiting === undefined) {
      throw new WherryError('wire-protocol', `a reply to request ${number}, which was not made`);
    }
    const reply = parseReply(body);
    this.#settle(number, waiting);
    if ('error' in reply) waiting.reject(toldByReceiver(reply.error));
    else waiting.resolve(reply.answer);
  }

  /** Nothing is answered any more. */
  end(error: WherryError): void {
    for (const [number, waiting] of [...this.#waiting]) {
      this.#settle(number, waiting);
      waiting.reject(error);
    }
  }

  #settle(number: number, { timer }: Waiting): void {
    clearTimeout(timer);
    this.#waiting.delete(number);
  }
}
