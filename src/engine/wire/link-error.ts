import { WherryError, type Failure } from '../../shared/failure';
import { systemText } from '../../shared/system-text';

/** What a receiver says to an address that it has shut out: `accessDenied` in `secured`. */
const denied = /ALERT_ACCESS_DENIED$/;

const shutOut =
  'takes nothing from this host for a minute: too many wrong attempts came from here (wrong tokens, or what is no ' +
  'Wherry at all); wait, then use the pairing text that it printed last';
/** To a sender that came from an address that is shut out. */
export const shutOutText = `the receiver ${shutOut}`;

const notTlsText = 'the peer does not speak TLS: it was started with --insecure, or is no Wherry at all';
const notTls = /^ERR_SSL_(WRONG_VERSION_NUMBER|HTTP_REQUEST|UNEXPECTED_MESSAGE|UNSUPPORTED_PROTOCOL)$/;

/** A socket's error as one of ours: `wire-closed`, or `wire-refused` where the two ends do not speak the same. */
export function linkError(error: Error): WherryError {
  if (error instanceof WherryError) return error;
  const code = 'code' in error ? String(error.code) : '';
  if (notTls.test(code)) {
    return new WherryError('wire-refused', notTlsText, { cause: error });
  }
  if (denied.test(code)) return new WherryError('wire-refused', shutOutText, { cause: error });
  if (isUnreached(error)) {
    const why = systemText(error instanceof AggregateError ? error.errors[0] : error);
    return new WherryError('wire-closed', `it cannot be reached: ${why}`, { cause: error });
  }
  // OpenSSL's text names its own source files.
  const why = code.startsWith('ERR_SSL_') ? code : systemText(error);
  return new WherryError('wire-closed', `the link broke: ${why}`, { cause: error });
}

/**
 * Whether this is no last word to one that was let in before: that an address is shut out passes, and over TLS it comes,
 * like what is no TLS, before anybody has shown a certificate, so from whoever is in between.
 */
export function isPassing({ message }: Failure): boolean {
  return message.includes(shutOut) || message.includes(notTlsText);
}

/** There never was a connection; for a name with several addresses, to none of them. */
function isUnreached(error: Error): boolean {
  if (error instanceof AggregateError) return true;
  return 'syscall' in error && (error.syscall === 'connect' || error.syscall === 'getaddrinfo');
}
