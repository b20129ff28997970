import { describe, expect, it } from 'vitest';
import { Doorman, neighbourhood } from './doorman';

const nobody = (): void => undefined;

function newDoorman(): { doorman: Doorman; notices: string[] } {
  const notices: string[] = [];
  return { doorman: new Doorman((text) => notices.push(text)), notices };
}

describe('a doorman', () => {
  it('shuts an address out after eleven wrong attempts, says so once, and lets others in', async () => {
    const { doorman, notices } = newDoorman();
    for (let attempt = 0; attempt < 11; attempt++) {
      const stay = await doorman.enter('192.0.2.1', nobody);
      expect(stay).toBeDefined();
      stay?.leave();
      await doorman.refused('192.0.2.1', 'a wrong token', true);
    }
    expect(await doorman.enter('192.0.2.1', nobody)).toBeUndefined();
    await doorman.refused('192.0.2.1', 'a wrong token', true);
    expect(notices.filter((text) => text.startsWith('nothing more is taken from 192.0.2.1 for 60 s'))).toHaveLength(1);
    expect(await doorman.enter('198.51.100.7', nobody)).toBeDefined();
  });

  it('holds nothing against links that break, and forgets when the right one comes', async () => {
    const { doorman } = newDoorman();
    for (let attempt = 0; attempt < 50; attempt++) await doorman.refused('192.0.2.1', 'the link broke', false);
    for (let attempt = 0; attempt < 10; attempt++) await doorman.refused('192.0.2.1', 'a wrong token', true);
    doorman.knows('192.0.2.1');
    for (let attempt = 0; attempt < 10; attempt++) await doorman.refused('192.0.2.1', 'a wrong token', true);
    expect(await doorman.enter('192.0.2.1', nobody)).toBeDefined();
  });

  it('bounds who has not introduced itself, of one address and of all: who has had the longest time goes', async () => {
    const { doorman } = newDoorman();
    const dropped: string[] = [];
    const enter = (address: string, times: number) =>
      Promise.all(
        Array.from({ length: times }, (_, at) => doorman.enter(address, () => dropped.push(`${address} ${at}`))),
      );
    const first = await enter('192.0.2.1', 33);
    expect(dropped).toEqual(['192.0.2.1 0']);
    first[0]?.leave(); // it has, already
    for (const host of [2, 3, 4]) await enter(`192.0.2.${host}`, 32);
    expect(dropped).toEqual(['192.0.2.1 0']);
    // 128 of four addresses: the first of them with the most gives way, and then the next.
    await enter('192.0.2.5', 2);
    expect(dropped.slice(1)).toEqual(['192.0.2.1 1', '192.0.2.2 0']);
    first[5]?.leave();
    await enter('192.0.2.5', 1);
    expect(dropped).toHaveLength(3);
  });

  it('lets nobody who is shut out make others go', async () => {
    const { doorman } = newDoorman();
    let dropped = 0;
    for (let times = 0; times < 128; times++) await doorman.enter(`192.0.2.${times >> 5}`, () => (dropped += 1));
    for (let attempt = 0; attempt < 11; attempt++) await doorman.refused('198.51.100.7', 'a wrong token', true);
    expect(await doorman.enter('198.51.100.7', nobody)).toBeUndefined();
    expect(dropped).toBe(0);
  });

  it('tells of so many refusals a minute and then says that there are more', async () => {
    const { doorman, notices } = newDoorman();
    for (let host = 0; host < 200; host++) await doorman.refused(`192.0.2.${host}`, 'went away', false);
    expect(notices).toHaveLength(60);
    expect(notices.at(-1)).toContain('further refusals of this minute are not told of');
  });
});

describe('a neighbourhood', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:DB8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['an address that is gone', 'an address that is gone'],
  ])('of %s is %s', (address, expected) => expect(neighbourhood(address)).toBe(expected));
});
