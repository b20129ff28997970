/** Marks text for a terminal, or leaves it alone. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

const plain = (text: string): string => text;

/** For files, pipes and `NO_COLOR`. */
export const noPaint: Paint = { bold: plain, dim: plain, good: plain, bad: plain };

/** Select Graphic Rendition codes of ECMA-48, each with the one that ends it. */
const colours: Paint = {
  bold: (text) => `\u001b[1m${text}\u001b[22m`,
  dim: (text) => `\u001b[2m${text}\u001b[22m`,
  good: (text) => `\u001b[32m${text}\u001b[39m`,
  bad: (text) => `\u001b[31m${text}\u001b[39m`,
};

/** What suits a stream; Node answers `hasColors` with `NO_COLOR`, `FORCE_COLOR` and the terminal's kind in mind. */
export function paintFor(stream: { readonly hasColors?: () => boolean }): Paint {
  return stream.hasColors?.() === true ? colours : noPaint;
}
