import type { Command } from 'commander';
import { parseQmpAddress } from '../engine/qmp/address';
import { parseListenAddress, type ListenAddress } from '../shared/listen-address';
import { argument } from './settings-options';

/** What `wherry receive` was asked to do. */
export interface ReceiveRequest {
  readonly listen: ListenAddress;
  /** QMP address of the waiting QEMU. */
  readonly destination: string;
  /** `destination` is that QEMU's own `-incoming` address. */
  readonly direct?: boolean;
  readonly once?: boolean;
  readonly json?: boolean;
}

/** `wherry receive`: the destination's end of a migration between two hosts. */
export function registerReceive(program: Command, action: (request: ReceiveRequest) => Promise<void>): void {
  program
    .command('receive')
    .description('wait, on the destination host, for guests that `wherry migrate` or `wherry send` brings')
    .requiredOption(
      '--listen <host:port>',
      'where to listen; without a host: loopback only',
      argument(parseListenAddress),
    )
    .requiredOption(
      '--destination <address>',
      'QMP socket of the QEMU waiting with -incoming defer -S',
      argument((text) => {
        parseQmpAddress(text);
        return text;
      }),
    )
    .option('--direct', "the destination is a QEMU's own -incoming address, and another tool drives the migration")
    .option('--once', 'end after the first migration')
    .option('--json', 'one JSON object a line on standard output')
    .action((request: ReceiveRequest) => action(request));
}
