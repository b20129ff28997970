/** What a receiver shows of itself when a sender connects. */
export interface Identity {
  /** PEM, PKCS #8; a secret. */
  readonly key: string;
  /** PEM, signed with that key. */
  readonly certificate: string;
  /** SHA-256 of the certificate, hex: how senders know it again. */
  readonly fingerprint: string;
}
