import type { FuzzTarget } from '../target';
import { frames as methodFrames, parts, xbzrle } from './codec';
import { contract, workers } from './contract';
import { epochs, tables } from './epochs';
import { profiles, runs } from './files';
import { identities, lastingTokens } from './identity';
import { messages, monitors, pairing, replies, secrets } from './messages';
import { stream } from './stream';
import { epochHeads, frames, layouts, partHeads, probes } from './wire';

/** Everything that reads what others wrote. */
export const targets: readonly FuzzTarget[] = [
  stream,
  frames,
  epochHeads,
  partHeads,
  layouts,
  probes,
  messages,
  replies,
  monitors,
  pairing,
  secrets,
  xbzrle,
  parts,
  methodFrames,
  tables,
  epochs,
  profiles,
  runs,
  identities,
  lastingTokens,
  contract,
  workers,
];
