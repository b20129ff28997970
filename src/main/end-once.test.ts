import { expect, it } from 'vitest';
import { endOnce } from './end-once';

it('does every step in its order, one after the other, and quits once, however often it is asked', async () => {
  const done: string[] = [];
  let release = (): void => undefined;
  const slow = new Promise<void>((resolve) => (release = resolve));
  const end = endOnce(
    [() => slow.then(() => void done.push('wound')), () => void done.push('hidden')],
    () => done.push('quit'),
    (text) => done.push(text),
  );
  const asked = [end(), end(), end()];
  await Promise.resolve();
  expect(done).toEqual([]);
  release();
  await Promise.all(asked);
  await end();
  expect(done).toEqual(['wound', 'hidden', 'quit']);
});

it('quits although steps fail, and says which', async () => {
  const done: string[] = [];
  const end = endOnce(
    [
      () => Promise.reject(new Error('no end of it')),
      () => {
        throw new Error('no window');
      },
      () => void done.push('stopped'),
    ],
    () => done.push('quit'),
    (text) => done.push(text),
  );
  await end();
  expect(done).toEqual(['ending: no end of it', 'ending: no window', 'stopped', 'quit']);
});
