import { WherryError } from '../../shared/failure';
import { systemText } from '../../shared/system-text';

const notTls = /^ERR_SSL_(WRONG_VERSION_NUMBER|HTTP_REQUEST|UNEXPECTED_MESSAGE|UNSUPPORTED_PROTOCOL)$/;

/** A socket's error as one of ours: `wire-closed`, or `wire-refused` where the two ends do not speak the same. */
export function linkError(error: Error): WherryError {
  if (error instanceof WherryError) return error;
  const code = 'code' in error ? String(error.code) : '';
  if (notTls.test(code)) {
    const message = 'the peer does not speak TLS: it was started with --insecure, or is no Wherry at all';
    return new WherryError('wire-refused', message, { cause: error });
  }
  // OpenSSL's text names its own source files.
  const why = code.startsWith('ERR_SSL_') ? code : systemText(error);
  return new WherryError('wire-closed', `the link broke: ${why}`, { cause: error });
}
