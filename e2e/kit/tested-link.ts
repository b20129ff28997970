/** So many tests of a link in a row are not spoilt by a machine that stands still now and then. */
const most = 5;

/**
 * Tests a link again until what it shows holds, and gives that: a machine that stands still for a second in the middle of a
 * test, which takes about as long, has nothing to show in that one.
 * @throws what was wrong with the last of five
 */
export async function testedLink<T>(test: () => Promise<T>, holds: (shown: T) => void): Promise<T> {
  for (let turn = 1; ; turn++) {
    const shown = await test();
    try {
      holds(shown);
      return shown;
    } catch (error) {
      if (turn === most) throw error;
    }
  }
}
