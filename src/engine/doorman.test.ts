import { describe, expect, it } from 'vitest';
import { Doorman, neighbourhood } from './doorman';

function newDoorman(): { doorman: Doorman; notices: string[] } {
  const notices: string[] = [];
  return { doorman: new Doorman((text) => notices.push(text)), notices };
}

describe('a doorman', () => {
  it('shuts an address out after eleven wrong attempts, says so once, and lets others in', async () => {
    const { doorman, notices } = newDoorman();
    for (let attempt = 0; attempt < 11; attempt++) {
      expect(await doorman.enter('192.0.2.1')).toBe(true);
      doorman.leave('192.0.2.1');
      await doorman.refused('192.0.2.1', 'a wrong token', true);
    }
    expect(await doorman.enter('192.0.2.1')).toBe(false);
    await doorman.refused('192.0.2.1', 'a wrong token', true);
    expect(notices.filter((text) => text.startsWith('nothing more is taken from 192.0.2.1 for 60 s'))).toHaveLength(1);
    expect(await doorman.enter('198.51.100.7')).toBe(true);
  });

  it('holds nothing against links that break, and forgets when the right one comes', async () => {
    const { doorman } = newDoorman();
    for (let attempt = 0; attempt < 50; attempt++) await doorman.refused('192.0.2.1', 'the link broke', false);
    for (let attempt = 0; attempt < 10; attempt++) await doorman.refused('192.0.2.1', 'a wrong token', true);
    doorman.knows('192.0.2.1');
    for (let attempt = 0; attempt < 10; attempt++) await doorman.refused('192.0.2.1', 'a wrong token', true);
    expect(await doorman.enter('192.0.2.1')).toBe(true);
  });

  it('bounds who has not introduced itself, of one address and of all', async () => {
    const { doorman } = newDoorman();
    const entered = async (address: string, times: number): Promise<number> => {
      const answers = await Promise.all(Array.from({ length: times }, () => doorman.enter(address)));
      return answers.filter(Boolean).length;
    };
    expect(await entered('192.0.2.1', 40)).toBe(32);
    for (const host of [2, 3, 4]) expect(await entered(`192.0.2.${host}`, 32)).toBe(32);
    expect(await entered('192.0.2.5', 1)).toBe(0);
    doorman.leave('192.0.2.1');
    expect(await entered('192.0.2.5', 2)).toBe(1);
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
