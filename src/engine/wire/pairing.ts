/** The pairing text is the window's too, so it is read in `shared`. */
export { expectSecured, formatPairing, pairingScheme, parsePairing } from '../../shared/pairing';
export type { Endpoint, Pairing } from '../../shared/pairing';
