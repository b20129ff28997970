import type { ReceiveOptions, ReceiveServer } from '../engine/receive-server';
import type { VisitEnd, VisitProgress } from '../engine/visit';
import { WherryError } from '../shared/failure';
import { parseListenAddress } from '../shared/listen-address';
import { underWay, type ReceiveOrder, type ReceiverView, type VisitView } from '../shared/receiving';
import type { SpawnWorker } from '../shared/worker';
import type { Publish } from './publish';

/** How often the window is told how far the senders are, ms. */
const tellMs = 500;
/** Ended visits and notices that are kept to be looked at. */
const keptVisits = 50;
const keptNotices = 50;

/** What is used of the engine's receiver. */
export type Listening = Pick<ReceiveServer, 'pairingText' | 'visits' | 'close'>;
export type Listen = (options: ReceiveOptions) => Promise<Listening>;

/** This machine as a destination: one receiver at a time, told of to the window. */
export class Receiving {
  #view: ReceiverView | undefined;
  #server: Listening | undefined;
  /** From the order until it is refused or the receiver has stopped. */
  #taken = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly listen: Listen,
    private readonly spawn: SpawnWorker,
    private readonly publish: Publish,
    private readonly now: () => number = Date.now,
  ) {}

  /** The receiver that listens, or the last one. */
  current(): ReceiverView | undefined {
    return this.#view;
  }

  /** Whether a guest is on its way in. */
  busy(): boolean {
    return this.#server !== undefined && this.#server.visits().length > 0;
  }

  /**
   * Prepares the destination and listens.
   * @throws WherryError `usage` when one listens already, or for a bad address; else what is wrong with the destination
   * or the port
   */
  async start(order: ReceiveOrder): Promise<void> {
    if (this.#taken) throw new WherryError('usage', 'a receiver is running already: stop it first');
    const address = parseListenAddress(order.listen);
    this.#taken = true;
    try {
      const server = await this.listen({
        ...address,
        destinations: [{ address: order.destination }],
        tokens: { kind: 'once' },
        onPairing: (pairing) => this.#pair(pairing),
        spawn: this.spawn,
        onNotice: (text) => this.#note(text),
        onVisitEnd: (end) => this.#ended(end),
      });
      this.#server = server;
      this.#show({ ...order, pairing: server.pairingText, visits: [], notices: [] });
      this.#timer = setInterval(() => this.#look(), tellMs);
    } catch (error) {
      this.#taken = false;
      throw error;
    }
  }

  /** Listens no more; a guest on its way stays where it is. Does nothing when there is no receiver. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    clearInterval(this.#timer);
    this.#timer = undefined;
    try {
      await server.close();
    } finally {
      this.#taken = false;
      if (this.#view !== undefined) {
        const { pairing: _secret, ...rest } = this.#view;
        this.#show(rest);
      }
    }
  }

  /** Takes in how far the senders are. */
  #look(): void {
    const view = this.#view;
    const here = this.#server?.visits() ?? [];
    if (view === undefined || (here.length === 0 && !view.visits.some(underWay))) return;
    const ended = view.visits.filter(
      (visit) => !underWay(visit) && !here.some(({ number }) => number === visit.number),
    );
    const shown = here.map((visit) => this.#follow(visit, view)).sort((a, b) => b.number - a.number);
    this.#show({ ...view, visits: [...shown, ...ended].slice(0, keptVisits) });
  }

  #follow(visit: VisitProgress, view: ReceiverView): VisitView {
    const before = view.visits.find(({ number }) => number === visit.number);
    const rate = ((visit.deliveredBytes - (before?.deliveredBytes ?? 0)) / tellMs) * 1000;
    return { ...visit, ...(visit.phase === 'receiving' && { rate }) };
  }

  #ended({ status, error, ...facts }: VisitEnd): void {
    const view = this.#view;
    if (view === undefined) return;
    const phase = status === 'delivered' ? 'arrived' : 'failed';
    const visit: VisitView = { ...facts, phase, endedAt: this.now(), ...(error !== undefined && { error }) };
    const others = view.visits.filter(({ number }) => number !== visit.number);
    this.#show({ ...view, visits: [visit, ...others].slice(0, keptVisits) });
  }

  /** The text before has been used. */
  #pair(pairing: string): void {
    if (this.#server !== undefined && this.#view !== undefined) this.#show({ ...this.#view, pairing });
  }

  #note(text: string): void {
    const view = this.#view;
    if (view === undefined) return;
    this.#show({ ...view, notices: [{ at: this.now(), text }, ...view.notices].slice(0, keptNotices) });
  }

  #show(view: ReceiverView): void {
    this.#view = view;
    this.publish('receiver', view);
  }
}
