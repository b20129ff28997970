import type { Command } from 'commander';
import { parseQmpAddress } from '../engine/qmp/address';
import { WherryError } from '../shared/failure';
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

export interface ListenAddress {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
}

const loopback = '127.0.0.1';
const form = /^(?:(?:\[([0-9A-Fa-f:.%]+)\]|([\w.-]+))?:)?(\d{1,5})$/;

/**
 * Reads `host:port`, `:port` or `port`; without a host it is the loopback interface.
 * @throws WherryError `usage`
 */
export function parseListenAddress(text: string): ListenAddress {
  const [, bracketed, plain, digits] = form.exec(text) ?? [];
  const port = Number(digits);
  if (digits !== undefined && port <= 65535) return { host: bracketed ?? plain ?? loopback, port };
  throw new WherryError('usage', `expected host:port, :port or port (0 picks one), got ${JSON.stringify(text)}`);
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
