import { testLink } from '../engine/link-test';
import { toFailure } from '../shared/failure';
import { clockText, roundTripText, throughputText, type LinkFigures } from '../shared/link';
import { exitCodes } from './exit-codes';
import { warnInsecure } from './insecure';
import type { Streams } from './streams';
import { writeLine } from './streams';
import type { ReceiverOrder } from './to-receiver';

/**
 * Tests a link and says what came of it.
 * @returns the exit status
 */
export async function runLinkTest({ to, settings, insecure, json }: ReceiverOrder, streams: Streams): Promise<number> {
  if (insecure) warnInsecure(streams);
  try {
    const { figures } = await testLink(to, settings);
    if (json) writeLine(streams.out, JSON.stringify({ event: 'link', ...figures }));
    else for (const [name, text] of rows(figures)) writeLine(streams.out, `${name.padEnd(13)}${text}`);
    return exitCodes.completed;
  } catch (thrown) {
    const error = toFailure(thrown);
    if (json) writeLine(streams.out, JSON.stringify({ event: 'link', error }));
    writeLine(streams.err, `error: ${error.message}`);
    return exitCodes.failed;
  }
}

function rows(figures: LinkFigures): readonly (readonly [name: string, text: string])[] {
  return [
    ['round trip', roundTripText(figures)],
    ['throughput', throughputText(figures)],
    ['clock there', clockText(figures)],
  ];
}
