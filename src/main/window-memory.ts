import * as v from 'valibot';
import { checked, documentText, readDocument } from '../engine/store/document';
import { elsewhere, readText, writeFiles } from '../engine/store/files';
import { toFailure } from '../shared/failure';
import { themes } from '../shared/window-state';

const kind = { format: 'wherry-window', version: 1 } as const;
const maxBytes = 64 * 1024;
/** A window being dragged is not written for each pixel. */
const waitMs = 400;

const pixel = v.pipe(v.number(), v.safeInteger(), v.minValue(-1_000_000), v.maxValue(1_000_000));
const extent = v.pipe(v.number(), v.safeInteger(), v.minValue(200), v.maxValue(100_000));

const rememberedSchema = v.strictObject({
  theme: v.picklist(themes),
  /** Electron's zoom level: each step is 20 %. */
  zoom: v.pipe(v.number(), v.minValue(-3), v.maxValue(5)),
  maximized: v.boolean(),
  place: v.optional(v.strictObject({ x: pixel, y: pixel, width: extent, height: extent })),
});

/** What is kept of the window from one time to the next. */
export type Remembered = Readonly<v.InferOutput<typeof rememberedSchema>>;

const first: Remembered = { theme: 'system', zoom: 0, maximized: false };

/** What the window was like last, in a file of the data folder. */
export class WindowMemory {
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly file: string,
    private remembered: Remembered,
    /** False for a file that a newer version wrote: it stays as it is. */
    private readonly writable: boolean,
    private readonly onProblem: (text: string) => void,
  ) {}

  /** Reads the file; one that is no good is ignored, and `onProblem` told why. */
  static async open(file: string, onProblem: (text: string) => void): Promise<WindowMemory> {
    try {
      const text = await readText(file, maxBytes);
      const found = text === undefined ? first : checked(rememberedSchema, readDocument(kind, text));
      return new WindowMemory(file, found, true, onProblem);
    } catch (error) {
      const { code, message } = toFailure(error);
      onProblem(`The window’s place and theme were not taken from ${file}: ${message}`);
      return new WindowMemory(file, first, code !== 'store-newer', onProblem);
    }
  }

  get current(): Remembered {
    return this.remembered;
  }

  /** Takes a change in; it is written soon, several together. */
  change(change: Partial<Remembered>): void {
    this.remembered = { ...this.remembered, ...change };
    this.#timer ??= setTimeout(() => void this.flush(), waitMs);
  }

  /** Writes what is still to be written. */
  flush(): Promise<void> {
    if (this.#timer !== undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      if (this.writable) this.#writing = this.#writing.then(() => this.#write());
    }
    return this.#writing;
  }

  async #write(): Promise<void> {
    try {
      await writeFiles([{ path: this.file, text: documentText(kind, this.remembered) }], elsewhere);
    } catch (error) {
      this.onProblem(`The window’s place and theme are not remembered: ${toFailure(error).message}`);
    }
  }
}
