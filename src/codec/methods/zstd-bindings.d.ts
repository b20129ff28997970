// The package's own entry drops the level on its way to this function (1.2.2: every level came out as 3), so the
// addon is called directly.
declare module '@mongodb-js/zstd/bindings' {
  export function compress(data: Buffer, level: number): Promise<Buffer>;
  export function decompress(frame: Buffer): Promise<Buffer>;
}
