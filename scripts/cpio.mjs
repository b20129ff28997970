/**
 * Writes archives in the `newc` cpio format, which the Linux kernel unpacks as its first file system.
 *
 * @typedef {{ readonly path: string, readonly mode: number, readonly content?: Buffer, readonly device?: readonly [number, number] }} Entry
 */

/** File types as in `st_mode`. */
export const fileType = { directory: 0o040000, regular: 0o100000, characterDevice: 0o020000 };

/**
 * The archive of these entries; a directory must come before what is in it.
 * @param {readonly Entry[]} entries @returns {Buffer}
 */
export function cpio(entries) {
  const trailer = { path: 'TRAILER!!!', mode: 0 };
  return Buffer.concat([...entries, trailer].flatMap((entry, index) => record(entry, index + 1)));
}

/** @param {Entry} entry @param {number} inode @returns {Buffer[]} */
function record({ path, mode, content = Buffer.alloc(0), device = [0, 0] }, inode) {
  const name = Buffer.from(`${path}\0`);
  const [major, minor] = device;
  // inode, mode, uid, gid, links, mtime, size, file system's major and minor, device's major and minor, name, checksum
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, name.length, 0];
  const head = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
  return [head, name, padding(head.length + name.length), content, padding(content.length)];
}

/** Records and contents start at multiples of 4. @param {number} length */
const padding = (length) => Buffer.alloc(-length & 3);
