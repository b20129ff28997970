import { WherryError, type Failure, type FailureCode } from '../../shared/failure';

/** Failures of the destination's own QEMU and its monitor. */
const ofQemu: ReadonlySet<FailureCode> = new Set([
  'qmp-unreachable',
  'qmp-protocol',
  'qmp-command',
  'qmp-timeout',
  'qmp-closed',
  'not-incoming',
  'guest-state',
  'destination-failed',
]);

/** Why a link may end that has brought nothing at all. */
export const neverHeard =
  '; it has said nothing at all yet (no receiver may listen there, or something in between may cut it off)';

/** What happened to a link to a receiver, and to which. @param where `the receiver at …` */
export function ofReceiver(where: string, message: string): string {
  const [plain] = where.split(' at ');
  return message.startsWith(`${plain} `) ? `${where}${message.slice(plain?.length)}` : `${where}: ${message}`;
}

/** A receiver's failure as its sender tells of it: what concerns a QEMU says that it is not the one over here. */
export function toldByReceiver({ code, message }: Failure): WherryError {
  return new WherryError(code, ofQemu.has(code) ? `at the receiver, on the destination's host: ${message}` : message);
}
