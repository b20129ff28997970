/** What the command needs of standard output and standard error; `tty.WriteStream` and pipes both fit. */
export interface TextStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  readonly hasColors?: () => boolean;
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
 * A reader that goes away (`wherry … | head`) must not end a migration half way: the failed write is told on the other
 * stream, once, and the run goes on to its own end.
 */
export function surviveClosedReaders({ out, err }: Streams): void {
  out.once('error', () => writeLine(err, 'Standard output is closed; the migration goes on.'));
  for (const stream of [out, err]) stream.on('error', () => undefined);
}
