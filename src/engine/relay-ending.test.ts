import { describe, expect, it } from 'vitest';
import { WherryError } from '../shared/failure';
import { relayEnding, type RelayFacts } from './relay-ending';

const whole: RelayFacts = { broken: undefined, asked: false, pagesDone: true, talked: true, shut: 0 };
const broken = new WherryError('wire-closed', 'the link broke');

describe('how a relayed migration ended', () => {
  it.each<[string, Partial<RelayFacts>, string, string, string | undefined]>([
    ['with the destination’s word', {}, 'completed', 'unknown', undefined],
    ['with its refusal', { shut: 5 }, 'failed', 'source', 'destination-failed'],
    ['with it gone silently', { shut: undefined }, 'failed', 'source', 'destination-failed'],
    ['with nobody to say', { shut: undefined, talked: false }, 'uncertain', 'unknown', 'destination-failed'],
    ['half way', { pagesDone: false, shut: undefined }, 'failed', 'source', 'source-failed'],
    ['half way by a break', { pagesDone: false, shut: undefined, broken }, 'failed', 'source', 'wire-closed'],
    ['half way because asked', { pagesDone: false, shut: undefined, asked: true }, 'cancelled', 'source', undefined],
    ['by a break behind the memory', { shut: undefined, broken }, 'uncertain', 'unknown', 'wire-closed'],
    ['by a break behind the last word', { broken }, 'uncertain', 'unknown', 'wire-closed'],
    ['because asked, too late', { asked: true, shut: undefined }, 'uncertain', 'unknown', 'cancelled'],
  ])('%s', (_, facts, end, place, code) => {
    const ending = relayEnding({ ...whole, ...facts });
    expect(ending).toMatchObject({ end, place });
    expect(ending.error?.code).toBe(code);
  });

  it('half way by the destination’s leaving, names the driver, who may have wanted it', () => {
    const left = new WherryError('destination-failed', 'it closed the stream');
    const { error } = relayEnding({ ...whole, pagesDone: false, shut: undefined, broken: left });
    expect(error?.message).toBe('it closed the stream; a driver that cancels the migration ends it so, too');
    expect(relayEnding({ ...whole, pagesDone: false, broken }).error).toBe(broken);
  });
});
