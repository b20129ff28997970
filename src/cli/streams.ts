import { systemText } from '../shared/system-text';

/** What the command needs of standard output and standard error; `tty.WriteStream` and pipes both fit. */
export interface TextStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  readonly hasColors?: () => boolean;
}

/** Columns and rows of a terminal; one that does not know them, a serial line say, tells of 0 and has those of a VT100. */
export function sizeOf({ columns, rows }: TextStream): { readonly columns: number; readonly rows: number } {
  return { columns: columns || 80, rows: rows || 24 };
}

/** Where a command writes: results on `out`, everything else on `err`. */
export interface Streams {
  readonly out: TextStream;
  readonly err: TextStream;
}

/** Writes whole lines. */
export function writeLine(stream: TextStream, text: string): void {
  stream.write(`${text}\n`);
}

/**
 * A reader that goes away (`wherry … | head`) ends a command quietly, as others are ended by SIGPIPE. What must come to
 * its own end, a migration say, is named by calling what is returned: then the failed write is told on the other stream,
 * once, and it goes on.
 * @param end called with why, in words, unless that is the reader
 */
export function watchReaders({ out, err }: Streams, end: (why?: string) => void): (what: string) => void {
  let lasting: string | undefined;
  out.once('error', (error: NodeJS.ErrnoException) => {
    const unread = error.code === 'EPIPE';
    const why = `Standard output ${unread ? 'is closed' : `cannot be written: ${systemText(error)}`}`;
    if (lasting !== undefined) writeLine(err, `${why}; ${lasting}.`);
    else if (unread) end();
    else end(why);
  });
  for (const stream of [out, err]) stream.on('error', () => undefined);
  return (what) => (lasting = what);
}
