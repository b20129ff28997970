// The part of WebAssembly used here. Node has all of it, but TypeScript declares it only beside the DOM, which code
// that runs outside the renderer must not see.
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module);
    readonly exports: Record<string, unknown>;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
    /** Adds pages of 64 KiB; throws a RangeError when there is no room. */
    grow(pages: number): number;
  }
}
