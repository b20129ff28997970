/** A command refused, with QEMU's error class; the text is what the client shows. */
export class QmpError extends Error {
  override readonly name = 'QmpError';

  constructor(
    readonly qmpClass: 'GenericError' | 'CommandNotFound',
    message: string,
  ) {
    super(message);
  }
}

/** The class nearly every refusal has. */
export function refusal(message: string): QmpError {
  return new QmpError('GenericError', message);
}
