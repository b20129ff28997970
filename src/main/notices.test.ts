import { expect, it, vi } from 'vitest';
import { Notices } from './notices';

it('keeps the newest, says nothing twice, and bounds what it keeps', () => {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const published: unknown[] = [];
  let time = 0;
  const notices = new Notices(
    (_, value) => published.push(value),
    () => (time += 1),
  );
  notices.add('one');
  notices.add('two');
  notices.add('one');
  expect(notices.list().map(({ text, at }) => [text, at])).toEqual([
    ['one', 3],
    ['two', 2],
  ]);
  for (let i = 0; i < 50; i++) notices.add(`more ${i}`);
  notices.add('x'.repeat(1e6));
  expect(notices.list()).toHaveLength(8);
  expect(notices.list()[0]?.text).toHaveLength(2000);
  const [first] = notices.list();
  notices.dismiss(first?.id ?? 0);
  notices.dismiss(-1);
  expect(notices.list().map(({ text }) => text)).not.toContain(first?.text);
  expect(published.at(-1)).toEqual(notices.list());
  write.mockRestore();
});
