/** What a parser finds, in the order of the stream. */
export interface StreamSink {
  /** A block of the START list; index counts from 0 in stream order. `name` is the sink's to keep. */
  block(index: number, name: Uint8Array, usedBytes: number): void;
  /** `page` is a 4096-byte view, valid only during the call; `named`: the record carried its block's name. */
  page(block: number, offset: number, named: boolean, page: Uint8Array): void;
  /** A page in which every byte is `fill`. */
  zero(block: number, offset: number, named: boolean, fill: number): void;
  /** Bytes to carry verbatim, in order with the records; the view is valid only during the call. */
  raw(bytes: Uint8Array): void;
  /** From here on all is raw; `reason` says why (`ram-end` is the normal one). */
  opaque(reason: string): void;
}

/** Why a parser stopped understanding; all but the first mean less compression than there could be. */
export type OpaqueReason =
  | 'ram-end' // the last place where a page can occur is behind us
  | 'truncated' // the stream ended before that
  | 'device-state' // devices came before ram's END: a background snapshot
  | 'header'
  | 'configuration'
  | 'capability' // one that changes the ram section, such as mapped-ram
  | 'page-size' // pages or blocks of other than 4 KiB
  | 'command-unknown' // or one that starts postcopy, COLO or a recovery
  | 'section-unknown' // another live section than ram's
  | 'ram-version'
  | 'block-list'
  | 'block-unknown'
  | 'page-offset'
  | 'record-unknown'
  | 'footer';

/** Where in a stream a parser is; nothing follows `opaque`. */
export type StreamPhase = 'header' | 'configuration' | 'sections' | 'ram' | 'opaque';
