import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endStates, isEnd, sessionStates, type SessionState } from '../shared/state';
import { step, takes, type SessionEvent } from './session-state';

const events = [
  'start',
  'sending',
  'round',
  'stopped',
  'resumed',
  'handed-over',
  'confirmed',
  'cancel',
  'cancelled',
  'failed',
  'contact-lost',
] as const satisfies readonly SessionEvent[];

function run(...given: readonly SessionEvent[]): SessionState {
  return given.reduce<SessionState>(step, 'idle');
}

/** States that one event can lead to. */
function next(state: SessionState): SessionState[] {
  return events.filter((event) => takes(state, event)).map((event) => step(state, event));
}

function reachable(from: SessionState): Set<SessionState> {
  const seen = new Set([from]);
  for (const state of seen) for (const one of next(state)) seen.add(one);
  return seen;
}

/** What a session has been through, as anyone could keep it by hand. */
interface Model {
  handedOver: boolean;
  asked: boolean;
}

/** One event given to the machine, and what must hold afterwards whatever came before. */
class Give implements fc.Command<Model, { state: SessionState }> {
  constructor(private readonly event: SessionEvent) {}

  check(): boolean {
    return true;
  }

  run(model: Model, real: { state: SessionState }): void {
    const { state } = real;
    if (!takes(state, this.event)) {
      expect(() => step(state, this.event)).toThrow(`a session that is ${state} cannot take "${this.event}"`);
      return;
    }
    expect(isEnd(state)).toBe(false);
    real.state = step(state, this.event);
    if (this.event === 'handed-over') model.handedOver = true;
    if (this.event === 'cancel') model.asked = true;
    expect(real.state).not.toBe('idle');
    // Once handed over the source never gets the guest back, and only then can a run be complete.
    if (model.handedOver) expect(['confirming', 'completed', 'uncertain']).toContain(real.state);
    else expect(['confirming', 'completed']).not.toContain(real.state);
    if (model.asked && !model.handedOver && !isEnd(real.state)) expect(real.state).toBe('cancelling');
  }

  toString(): string {
    return this.event;
  }
}

describe('a session\u2019s states', () => {
  it('pass as a successful run passes them', () => {
    expect(run('start', 'sending', 'round', 'round', 'stopped', 'handed-over', 'confirmed')).toBe('completed');
    expect(run('start', 'sending', 'stopped', 'handed-over', 'confirmed')).toBe('completed');
    expect(run('start', 'sending', 'stopped', 'resumed', 'round', 'stopped', 'round')).toBe('switchover');
  });

  it('take a cancel until the source has let go, and a source that was faster', () => {
    expect(run('start', 'cancel', 'sending', 'cancelled')).toBe('cancelled');
    expect(run('start', 'sending', 'stopped', 'cancel', 'resumed', 'cancelled')).toBe('cancelled');
    expect(run('start', 'sending', 'cancel', 'stopped', 'handed-over', 'confirmed')).toBe('completed');
    expect(takes('confirming', 'cancel')).toBe(false);
  });

  it('hold whatever happens in whatever order', () => {
    const commands = fc.commands(events.map((event) => fc.constant(new Give(event))));
    fc.assert(
      fc.property(commands, (given) => {
        fc.modelRun(() => ({ model: { handedOver: false, asked: false }, real: { state: 'idle' } }), given);
      }),
      { numRuns: 500 },
    );
  });

  it('can all be reached, and all lead to an end', () => {
    expect([...reachable('idle')].sort()).toEqual([...sessionStates].sort());
    for (const state of sessionStates) expect([...reachable(state)].some(isEnd), state).toBe(true);
  });

  it('can fail from anywhere before the guest is handed over, and afterwards only be uncertain', () => {
    for (const state of ['preparing', 'bulk', 'iterating', 'switchover', 'cancelling'] as const) {
      expect(['failed', 'cancelled', 'contact-lost'].map((event) => step(state, event as SessionEvent))).toEqual([
        'failed',
        'cancelled',
        'uncertain',
      ]);
    }
    expect([...reachable('confirming')].sort()).toEqual(['completed', 'confirming', 'uncertain']);
  });

  it('are final at the end', () => {
    for (const state of endStates) {
      expect(next(state)).toEqual([]);
      for (const event of events)
        expect(() => step(state, event)).toThrow(expect.objectContaining({ code: 'internal' }));
    }
  });
});
