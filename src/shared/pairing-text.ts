/** How the text that a receiver gives out for its senders begins. */
export const pairingScheme = 'wherry://';

/** Whether an address is that of a receiver. */
export function isPairing(address: string): boolean {
  return address.trimStart().startsWith(pairingScheme);
}

/** A receiver's address carries the secret that lets a sender in; what is shown, kept or exported must not. */
export function withoutToken(address: string): string {
  return address.replace(/([?&]token=)[^&#\s]*/gi, '$1…');
}
