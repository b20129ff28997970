import { toFailure } from './failure';

/** Errors of the system that an operator can do something about, in words. */
const texts: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the disk is read-only',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EAGAIN: 'the machine can start no more processes now',
  ENOMEM: 'memory is used up',
  EMFILE: 'too many files are open',
  ENOTDIR: 'something in its path is not a folder',
  EADDRINUSE: 'another program has this port; choose another, or 0 for any free one',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOENT: 'there is nothing at that path',
  ECONNREFUSED: 'nobody listens there',
  EHOSTUNREACH: 'there is no way to that machine',
  ENETUNREACH: 'there is no way to that network',
  ETIMEDOUT: 'that machine does not answer',
  ENOTFOUND: 'there is no host of that name',
  ECONNRESET: 'it was cut off',
  EPIPE: 'it was cut off',
};

/** What the system said, in plain words where there are some, and in its own otherwise. */
export function systemText(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const own = toFailure(error).message;
  const text = texts[code];
  return text === undefined ? own : `${text} (${own})`;
}
