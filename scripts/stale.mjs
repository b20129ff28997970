/**
 * Whether products must be made again: one is missing, or a source is newer than the oldest of them.
 * @param {readonly (number | undefined)[]} sources when each was last written; nothing for those that are not there
 * @param {readonly (number | undefined)[]} products
 */
export function isStale(sources, products) {
  const oldest = Math.min(...products.map((time) => time ?? -Infinity));
  return sources.some((time) => time !== undefined && time > oldest);
}
